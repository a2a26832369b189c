from pathlib import Path

import pytest

from plasticity.errors import PlasticityError
from plasticity.jobs import live_curves
from plasticity.jobs.live_curves import FOLDER, LiveCurves, curves_beside, refuse_missing_tensorboard
from recorded_curves import record_curves


def test_nothing_is_written_unless_a_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writers = record_curves(monkeypatch, tmp_path)
    monkeypatch.delenv(FOLDER)
    with LiveCurves() as curves:
        curves.add("plain", 1, loss=0.5)
    refuse_missing_tensorboard()
    assert not writers


def test_each_training_of_a_job_has_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writers = record_curves(monkeypatch, tmp_path)
    with curves_beside(Path("logs/warm_start/digits/warm_up/plain/seeds1-2.log")), LiveCurves() as curves:
        for seed in (1, 2):
            curves.add(f"warm-up plain, seed {seed}", 3, loss=0.5, accuracy=0.25, penalty=None)
        curves.add("warm-up plain, seed 1", 4, loss=0.4)
        assert not any(writer.closed for writer in writers)
    first, second = writers
    job = tmp_path / "warm_start/digits/warm_up/plain/seeds1-2"
    assert (first.folder, second.folder) == (job / "warm-up_plain_seed_1", job / "warm-up_plain_seed_2")
    assert first.points == [("loss", 3, 0.5), ("accuracy", 3, 0.25), ("loss", 4, 0.4)]
    assert (first.begun, first.closed, second.closed) == (3, True, True)


def test_curves_without_the_package_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "curves")
    monkeypatch.setattr(live_curves, "find_spec", lambda name: None)
    with pytest.raises(PlasticityError, match=r"TENSORBOARD: expected the package tensorboard, got none; install"):
        refuse_missing_tensorboard()


def test_tensorboard_shows_a_resumed_training_as_one_curve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    for steps in ((1, 2, 3), (3, 4)):  # killed after its third epoch, where the last that it had saved was the second
        with LiveCurves() as curves:
            for step in steps:
                curves.add("training", step, loss=1 / step)
    found = accumulator.EventAccumulator(str(tmp_path / "training")).Reload().Scalars("loss")
    assert [event.step for event in found] == [1, 2, 3, 4]
    assert [event.value for event in found] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
