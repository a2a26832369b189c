import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from plasticity.data.image_tensors import test_tensors as tensors_of_test
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.jobs.progress import Progress
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages import fine_tune as stage
from plasticity.stages.draw_split import read_split
from plasticity.stages.fine_tune import FineTuneFiles
from plasticity.storage.checkpoints import read_checkpoint, write_checkpoint
from plasticity.storage.tables import read_provenance, read_table
from plasticity.storage.weights import load_weights
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import accuracy, train_epoch
from plasticity.training.step import TrainingStep
from tiny_study import (
    MLP,
    RECORDS,
    RESNET,
    SEED,
    TRAINING,
    Killed,
    TinyStudy,
    checkpoints_of,
    fine_tune_settings,
)
from typed import chosen, optimisation


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Titles of the fine-tunings that are really computed."""
    titles: list[str] = []
    train_and_test = stage._train_and_test

    def counted(*arguments: Any) -> dict[str, Any]:
        titles.append(arguments[-1])
        return train_and_test(*arguments)

    monkeypatch.setattr(stage, "_train_and_test", counted)
    return titles


@pytest.fixture(scope="session")
def finished(tiny: TinyStudy, trajectory: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuneFiles:
    """One job with three checkpoints."""
    return tiny.fine_tune(tmp_path_factory.mktemp("job"), checkpoints_of(trajectory, 1, 2, 3))


def _outcomes(files: FineTuneFiles) -> pd.DataFrame:
    return read_table(files.output, "fine_tune")


def _history(files: FineTuneFiles) -> pd.DataFrame:
    return read_table(files.history, "history")


def _bytes(files: FineTuneFiles) -> tuple[bytes, bytes]:
    return files.output.read_bytes(), files.history.read_bytes()


def test_a_row_per_checkpoint_and_a_history_row_per_epoch(finished: FineTuneFiles) -> None:
    outcomes, history = _outcomes(finished), _history(finished)
    assert outcomes["warm_up_epoch"].tolist() == [1, 2, 3]
    assert set(outcomes["arm"]) == {"warm_start"} == set(history["run"])
    assert set(outcomes["seed"]) == {SEED} == set(history["seed"])
    assert set(history["stage"]) == {"fine_tune"}
    for row in outcomes.to_dict("records"):
        epochs = history.loc[history["warm_up_epoch"] == row["warm_up_epoch"]]
        assert epochs["epoch"].tolist() == list(range(1, int(row["fine_tune_epochs"]) + 1))
        assert epochs["accuracy"].iloc[-1] == row["full_train_accuracy"]
    assert all(outcomes["full_test_accuracy"].between(0.3, 1))
    assert read_provenance(finished.output)["settings"] == fine_tune_settings().plain()


def test_the_outcome_is_that_of_plain_training_on_the_full_set(
    tiny: TinyStudy, trajectory: Path, finished: FineTuneFiles
) -> None:
    store, cpu = open_store(tiny.data), torch.device("cpu")
    images = train_tensors(store, cpu)
    indices = torch.from_numpy(np.array(read_split(tiny.split, store).full_indices))
    network = build_model(chosen(MLP), store.image_shape, store.num_classes, torch_generator(0, "tests"))
    load_weights(network, read_checkpoint(checkpoints_of(trajectory, 2)[2]).weights)
    step, running = TrainingStep(network, bind_optimiser(network, optimisation(TRAINING)), images), []
    for epoch in (1, 2, 3):
        order = indices[torch.randperm(len(indices), generator=torch_generator(SEED, "fine_tune/order", epoch))]
        sums = train_epoch(step, order, batch_size=32)
        running.append(sums.accuracy)
    row = _outcomes(finished).set_index("warm_up_epoch").loc[2]
    assert row["full_train_accuracy"] == running[-1]
    assert row["full_test_accuracy"] == accuracy(network, tensors_of_test(store, cpu, 60))


def test_a_job_of_three_gives_the_rows_of_three_jobs(
    tiny: TinyStudy, trajectory: Path, finished: FineTuneFiles, tmp_path: Path
) -> None:
    alone = [tiny.fine_tune(tmp_path / str(epoch), checkpoints_of(trajectory, epoch)) for epoch in (1, 2, 3)]
    pd.testing.assert_frame_equal(pd.concat(map(_outcomes, alone), ignore_index=True), _outcomes(finished))
    pd.testing.assert_frame_equal(pd.concat(map(_history, alone), ignore_index=True), _history(finished))


def test_it_stops_in_the_epoch_that_reaches_the_accuracy(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    def stopping_at(accuracy: float) -> tuple[dict[str, Any], list[float]]:
        settings = fine_tune_settings(learning_rate=0.02, stop_accuracy=accuracy, max_epochs=6)
        files = tiny.fine_tune(tmp_path / str(accuracy), checkpoints_of(trajectory, 0), settings)
        (row,) = _outcomes(files).to_dict("records")
        return row, _history(files)["accuracy"].tolist()

    _, running = stopping_at(1.0)
    assert running[:3] == sorted(set(running[:3])), "each of the first epochs must be better than the ones before"
    row, until = stopping_at(running[2])
    assert until == running[:3]
    assert (row["converged"], row["fine_tune_epochs"], row["full_train_accuracy"]) == (True, 3, running[2])
    assert len(stopping_at(running[2] + 1e-6)[1]) > 3


def test_it_stops_at_the_cap_and_says_that_it_did_not_converge(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path
) -> None:
    settings = fine_tune_settings(stop_accuracy=1.0, max_epochs=2)
    (row,) = _outcomes(tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 0), settings)).to_dict("records")
    assert (row["converged"], row["fine_tune_epochs"], row["diverged"]) == (False, 2, False)
    assert row["full_train_accuracy"] < 1


def test_finished_records_are_not_computed_again(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, computed: list[str]
) -> None:
    checkpoints = checkpoints_of(trajectory, 1, 2)
    first = _bytes(tiny.fine_tune(tmp_path, checkpoints))
    assert computed == ["warm_start, seed 7, from 1", "warm_start, seed 7, from 2"]
    assert _bytes(tiny.fine_tune(tmp_path, checkpoints)) == first
    assert len(computed) == 2


def test_a_job_cut_into_other_chunks_computes_nothing_and_gives_the_same_rows(
    tiny: TinyStudy, trajectory: Path, finished: FineTuneFiles, tmp_path: Path, computed: list[str]
) -> None:
    tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 1, 2, 3), name="epochs1-3")
    assert len(computed) == 3
    parts = [
        tiny.fine_tune(tmp_path, checkpoints_of(trajectory, *part), name=f"epochs{part[0]}-{part[-1]}")
        for part in ((1, 2), (3,))
    ]
    assert len(computed) == 3
    pd.testing.assert_frame_equal(pd.concat(map(_outcomes, parts), ignore_index=True), _outcomes(finished))
    pd.testing.assert_frame_equal(pd.concat(map(_history, parts), ignore_index=True), _history(finished))


def test_a_job_of_two_seeds_gives_the_rows_of_two_jobs_and_shares_their_records(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, computed: list[str]
) -> None:
    starts, seeds = checkpoints_of(trajectory, 1, 2), (SEED, 8)
    together = tiny.fine_tune(tmp_path, starts, seeds=seeds)
    assert computed == [f"warm_start, seed {seed}, from {epoch}" for seed in seeds for epoch in (1, 2)]
    again = [tiny.fine_tune(tmp_path, starts, seeds=[seed], name=str(seed)) for seed in seeds]
    assert len(computed) == 4
    alone = [tiny.fine_tune(tmp_path / str(seed), starts, seeds=[seed]) for seed in reversed(seeds)][::-1]
    for read in (_outcomes, _history):
        rows = [pd.concat(map(read, files), ignore_index=True) for files in ([together], again, alone)]
        pd.testing.assert_frame_equal(rows[0], rows[1])
        pd.testing.assert_frame_equal(rows[0], rows[2])
    first, second = (_history(files)["loss"].to_numpy() for files in alone)
    assert not np.array_equal(first, second), "each seed has its own order of images"


@pytest.mark.parametrize("change", ["training", "test_size", "code", "checkpoint"])
def test_a_record_of_other_inputs_is_computed_again(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, computed: list[str], change: str
) -> None:
    checkpoints = checkpoints_of(trajectory, 1)
    tiny.fine_tune(tmp_path, checkpoints)
    settings, code = fine_tune_settings(), "code"
    if change == "training":
        settings = fine_tune_settings(learning_rate=0.01)
    elif change == "test_size":
        settings = fine_tune_settings(test_size=61)
    elif change == "code":
        code = "other"
    else:
        checkpoints = {1: checkpoints_of(trajectory, 2)[2]}
    again = tiny.fine_tune(tmp_path, checkpoints, settings, code=code)
    assert len(computed) == 2
    clean = tiny.fine_tune(tmp_path / "clean", checkpoints, settings, code=code)
    assert _bytes(again) == _bytes(clean)


def test_the_name_of_the_arm_is_not_an_input(tiny: TinyStudy, trajectory: Path, tmp_path: Path, computed: list) -> None:
    checkpoints = checkpoints_of(trajectory, 1)
    first = _outcomes(tiny.fine_tune(tmp_path, checkpoints))
    renamed = _outcomes(tiny.fine_tune(tmp_path, checkpoints, fine_tune_settings(arm="renamed")))
    assert len(computed) == 1
    pd.testing.assert_frame_equal(renamed, first.assign(arm="renamed"), check_dtype=False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:100],
        lambda text: text.replace('"fine_tune_epochs": 3', '"fine_tune_epochs": 2'),
        lambda text: "[]",
        lambda text: "{}",
    ],
    ids=["truncated", "a changed number", "a list", "empty"],
)
def test_a_damaged_record_is_told_and_computed_again(
    tiny: TinyStudy,
    trajectory: Path,
    tmp_path: Path,
    computed: list[str],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[str], str],
) -> None:
    files = tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 1, 2))
    expected, record = _bytes(files), tmp_path / RECORDS / "epoch0002.json"
    whole = record.read_text()
    record.write_text(damage(whole))
    assert record.read_text() != whole
    computed.clear()
    with caplog.at_level(logging.WARNING, logger="plasticity"):
        again = tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 1, 2))
    assert computed == ["warm_start, seed 7, from 2"]
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warning.startswith(f"{record}: expected ")
    assert warning.endswith("computing it again")
    assert _bytes(again) == expected
    assert record.read_text() == whole


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_job_killed_in_its_second_fine_tuning_keeps_the_first_and_goes_on(
    tiny: TinyStudy,
    trajectory: Path,
    finished: FineTuneFiles,
    tmp_path: Path,
    computed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    epoch: int,
) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    show, shown = Progress.show, []

    def fatal(self: Progress, number: int, *rest: float) -> None:
        shown.append((self.title, number))
        if self.title.endswith("from 2") and number == epoch and len(computed) == 2:
            raise Killed
        show(self, number, *rest)

    monkeypatch.setattr(Progress, "show", fatal)
    checkpoints = checkpoints_of(trajectory, 1, 2, 3)
    with pytest.raises(Killed):
        tiny.fine_tune(tmp_path, checkpoints)
    assert not (tmp_path / "job.parquet").exists()
    assert (tmp_path / RECORDS / "epoch0001.json").exists()
    shown.clear()
    files = tiny.fine_tune(tmp_path, checkpoints)
    assert computed[2:] == ["warm_start, seed 7, from 2", "warm_start, seed 7, from 3"]
    second = [number for title, number in shown if title.endswith("from 2")]
    assert second == list(range(epoch + 1, 4))
    assert _bytes(files) == _bytes(finished)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.history.parquet", "job.parquet", "records"]
    assert sorted(path.name for path in (tmp_path / RECORDS).iterdir()) == [
        *("epoch0001.json", "epoch0002.json", "epoch0003.json"),
    ]


def test_weights_that_are_not_finite_are_not_trained(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, computed: list[str]
) -> None:
    weights = read_checkpoint(checkpoints_of(trajectory, 2)[2]).weights
    weights["head.bias"][0] = np.nan
    write_checkpoint(tmp_path / "broken", weights, {})
    files = tiny.fine_tune(tmp_path / "job", {1: tmp_path / "broken", **checkpoints_of(trajectory, 2)})
    broken, sound = _outcomes(files).to_dict("records")
    assert computed == ["warm_start, seed 7, from 2"]
    assert (broken["diverged"], broken["converged"], broken["fine_tune_epochs"]) == (True, False, 0)
    assert pd.isna(broken["full_test_accuracy"])
    assert pd.isna(broken["full_train_accuracy"])
    assert (sound["diverged"], sound["fine_tune_epochs"]) == (False, 3)
    assert set(_history(files)["warm_up_epoch"]) == {2}


def test_a_fine_tuning_that_diverges_says_so(
    tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path, computed: list[str]
) -> None:
    settings = fine_tune_settings(model=RESNET, learning_rate=1e6)
    files = tiny.fine_tune(tmp_path, checkpoints_of(resnet_trajectory, 2), settings)
    (row,) = _outcomes(files).to_dict("records")
    assert (row["diverged"], row["converged"]) == (True, False)
    assert pd.isna(row["full_test_accuracy"])
    tiny.fine_tune(tmp_path, checkpoints_of(resnet_trajectory, 2), settings)
    assert len(computed) == 1


def test_a_last_step_that_overflows_after_a_finite_loss_is_a_divergence(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path
) -> None:
    settings = fine_tune_settings(batch_size=200, learning_rate=1e38, weight_decay=1e3, max_epochs=1)
    (row,) = _outcomes(tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 1), settings)).to_dict("records")
    assert (row["diverged"], row["converged"], row["fine_tune_epochs"]) == (True, False, 1)
    assert pd.isna(row["full_test_accuracy"])


def test_a_damaged_checkpoint_is_one_line(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    content = bytearray(checkpoints_of(trajectory, 1)[1].read_bytes())
    content[-3] ^= 4
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(PlasticityError, match="damaged: damaged checkpoint, expected digest"):
        tiny.fine_tune(tmp_path / "job", {1: tmp_path / "damaged"})


def test_a_checkpoint_of_another_network_is_one_line(tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="checkpoint does not fit the model"):
        tiny.fine_tune(tmp_path, checkpoints_of(resnet_trajectory, 0))


def test_a_table_names_every_device_that_its_records_come_from(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for device, epochs in (("a GPU", (1,)), ("cpu, 1 thread(s)", (1, 2))):
        monkeypatch.setattr("plasticity.stages.fine_tune.describe_device", lambda *_given, name=device: name)
        files = tiny.fine_tune(tmp_path, checkpoints_of(trajectory, *epochs))
        found.append(read_provenance(files.output)["device"])
    assert found == ["a GPU", "a GPU and cpu, 1 thread(s)"]
