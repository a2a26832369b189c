import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plasticity.config.slices import SplitSettings, WarmUpSettings
from plasticity.data.store import open_store
from plasticity.jobs import unfinished
from plasticity.jobs.progress import Progress
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages import warm_up as stage
from plasticity.stages.draw_split import draw_split
from plasticity.stages.warm_up import TrajectoryWriter, WarmUpFiles, hand_over, warm_up
from plasticity.storage.checkpoints import read_checkpoint, seed_folder, trajectory_name
from plasticity.storage.tables import read_provenance, read_table
from plasticity.storage.weights import weights_of
from plasticity.training import run
from tiny_study import FOLDER, MLP, RESNET, SEED, Killed, TinyStudy, checkpoints_of, contents_of, warm_up_settings
from typed import chosen


@pytest.fixture
def save_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)


@pytest.fixture
def trained_epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts epochs that are really trained: the number of their images."""
    found: list[int] = []
    train_epoch = run.train_epoch

    def counted(step: Any, order: Any, **options: Any) -> Any:
        found.append(len(order))
        return train_epoch(step, order, **options)

    monkeypatch.setattr(run, "train_epoch", counted)
    return found


def _kill(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, epoch: int) -> None:
    """Let the process die when `method` is called for the epoch."""
    original = getattr(owner, method)

    def fatal(self: Any, number: int, *rest: Any) -> Any:
        if number == epoch:
            raise Killed
        return original(self, number, *rest)

    monkeypatch.setattr(owner, method, fatal)


def _die(*_: Any) -> None:
    raise Killed


def _killed(
    tiny: TinyStudy, folder: Path, settings: WarmUpSettings, kill: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            tiny.warm_up(folder, settings)


def test_a_trajectory_holds_the_checkpoints_and_its_history_every_epoch(tiny: TinyStudy, tmp_path: Path) -> None:
    settings = warm_up_settings(epochs=(0, 2, 4))
    files = tiny.warm_up(tmp_path, settings)
    assert sorted(contents_of(files.trajectory / FOLDER)) == [trajectory_name(epoch) for epoch in (0, 2, 4)]
    history = read_table(files.history, "history")
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert set(history["run"]) == {"plain"}
    assert set(history["stage"]) == {"warm_up"}
    assert all(history["accuracy"].between(0, 1))
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert all(history["penalty"].isna())
    assert read_provenance(files.history)["settings"] == settings.plain()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.parquet", "trajectory"]


def test_headers_say_what_made_the_weights(trajectory: Path) -> None:
    for epoch, path in checkpoints_of(trajectory, 0, 1, 3).items():
        header = read_checkpoint(path).settings
        assert header["model"] == MLP
        assert (header["stage"], header["seed"], header["warm_up_epoch"]) == ("warm_up", SEED, epoch)
        assert header["training"]["learning_rate"] == 0.05
        assert header["diverged"] is False


def test_epoch_0_is_the_seeds_initial_network(tiny: TinyStudy, trajectory: Path, resnet_trajectory: Path) -> None:
    store = open_store(tiny.data)
    for model, folder in ((MLP, trajectory), (RESNET, resnet_trajectory)):
        network = build_model(chosen(model), store.image_shape, store.num_classes, torch_generator(SEED, "init"))
        found = read_checkpoint(folder / trajectory_name(0)).weights
        assert set(found) == set(weights_of(network))
        for name, value in weights_of(network).items():
            np.testing.assert_array_equal(found[name], value)


def test_every_checkpoint_is_another_network(trajectory: Path) -> None:
    assert len({read_checkpoint(path).digest for path in trajectory.iterdir()}) == 4


def test_keeping_checkpoints_does_not_change_the_training(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    files = tiny.warm_up(tmp_path, warm_up_settings(epochs=(3,)))
    last = trajectory_name(3)
    assert read_checkpoint(files.trajectory / FOLDER / last).digest == read_checkpoint(trajectory / last).digest


def test_a_penalty_is_in_the_history(tiny: TinyStudy, tmp_path: Path) -> None:
    penalty = {"name": "nc1", "weight": -0.05, "cap": 200}
    files = tiny.warm_up(tmp_path, warm_up_settings(epochs=(1,), penalty=penalty))
    assert all(read_table(files.history, "history")["penalty"] > 0)


DECAYED = warm_up_settings(model=RESNET, weight_decay=0.01)


@pytest.fixture(scope="module")
def whole(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> WarmUpFiles:
    """A warm-up with batch-norm that nothing disturbed."""
    return tiny.warm_up(tmp_path_factory.mktemp("whole"), DECAYED)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize(
    ("owner", "method"),
    [(TrajectoryWriter, "__call__"), (Progress, "show")],
    ids=["before its state is saved", "after"],
)
def test_a_killed_training_goes_on_to_the_same_checkpoints(
    tiny: TinyStudy,
    whole: WarmUpFiles,
    tmp_path: Path,
    save_every_epoch: None,
    trained_epochs: list[int],
    owner: type,
    method: str,
    epoch: int,
) -> None:
    _killed(tiny, tmp_path, DECAYED, lambda patch: _kill(patch, owner, method, epoch))
    assert not (tmp_path / "trajectory").exists()
    cut = tiny.warm_up(tmp_path, DECAYED)
    saved = epoch if owner is Progress else epoch - 1
    assert len(trained_epochs) == epoch + 3 - saved
    assert contents_of(cut.trajectory / FOLDER) == contents_of(whole.trajectory / FOLDER)
    assert cut.history.read_bytes() == whole.history.read_bytes()
    assert not cut.unfinished.exists()


def test_a_training_killed_twice_goes_on_to_the_same_checkpoints(
    tiny: TinyStudy, tmp_path: Path, save_every_epoch: None, trajectory: Path
) -> None:
    for epoch in (1, 2):
        _killed(tiny, tmp_path, warm_up_settings(), lambda patch, at=epoch: _kill(patch, Progress, "show", at))
    assert contents_of(tiny.warm_up(tmp_path).trajectory / FOLDER) == contents_of(trajectory)


@pytest.mark.parametrize(("seed", "epoch"), [(SEED, 3), (8, 0), (8, 2)])
def test_a_job_killed_at_one_of_its_seeds_goes_on_from_there(
    tiny: TinyStudy,
    tmp_path: Path,
    save_every_epoch: None,
    trained_epochs: list[int],
    seed: int,
    epoch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = tiny.warm_up(tmp_path / "whole", seeds=(SEED, 8))
    call = TrajectoryWriter.__call__

    def fatal(self: TrajectoryWriter, number: int) -> None:
        if (self.run.seed, number) == (seed, epoch):
            raise Killed
        call(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(TrajectoryWriter, "__call__", fatal)
        with pytest.raises(Killed):
            tiny.warm_up(tmp_path / "cut", seeds=(SEED, 8))
    trained_epochs.clear()
    cut = tiny.warm_up(tmp_path / "cut", seeds=(SEED, 8))
    assert len(trained_epochs) == (1 + 3 if seed == SEED else 3 - max(0, epoch - 1))
    for each in (SEED, 8):
        assert contents_of(cut.trajectory / seed_folder(each)) == contents_of(whole.trajectory / seed_folder(each))
    assert cut.history.read_bytes() == whole.history.read_bytes()
    assert not cut.unfinished.exists()


def test_seeds_of_a_job_do_not_depend_on_each_other(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    files = tiny.warm_up(tmp_path, warm_up_settings(), seeds=(8, SEED))
    assert contents_of(files.trajectory / FOLDER) == contents_of(trajectory)
    history = read_table(files.history, "history")
    assert history["seed"].tolist() == [8] * 3 + [SEED] * 3
    assert len({read_checkpoint(folder / trajectory_name(3)).digest for folder in files.trajectory.glob("seed*")}) == 2


def test_every_seed_has_its_own_half_of_the_images(tiny: TinyStudy, tmp_path: Path) -> None:
    other = tmp_path / "split.parquet"
    draw_split(SplitSettings(train_size=200, warm_up_fraction=0.5), dataset=tiny.data, seed=8, output=other)
    files = WarmUpFiles(tiny.data, tmp_path / "trajectory", tmp_path / "history.parquet", {8: other, SEED: tiny.split})
    warm_up(files, settings=warm_up_settings(), threads=1, code="code")
    alone = TinyStudy(tiny.data, other).warm_up(tmp_path / "alone", seeds=(8,)).trajectory / "seed8"
    swapped = tiny.warm_up(tmp_path / "swapped", seeds=(8,)).trajectory / "seed8"
    found = contents_of(files.trajectory / "seed8")
    assert found == contents_of(alone)
    assert found != contents_of(swapped)


def test_a_seed_that_the_job_has_no_more_leaves_no_checkpoints(
    tiny: TinyStudy, tmp_path: Path, save_every_epoch: None
) -> None:
    """A job's name says its first and its last seed alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "_write_history", _die)
        with pytest.raises(Killed):
            tiny.warm_up(tmp_path, seeds=(SEED, 8, 9))
    files = tiny.warm_up(tmp_path, seeds=(SEED, 9))
    assert sorted(path.name for path in files.trajectory.glob("*[0-9]")) == [f"seed{SEED}", "seed9"]


def test_a_training_killed_before_anything_was_saved_starts_anew(
    tiny: TinyStudy, tmp_path: Path, trajectory: Path
) -> None:
    _killed(tiny, tmp_path, warm_up_settings(), lambda patch: _kill(patch, Progress, "show", 2))
    assert contents_of(tiny.warm_up(tmp_path).trajectory / FOLDER) == contents_of(trajectory)


@pytest.mark.parametrize("moved", [False, True], ids=["before the checkpoints move", "after"])
def test_a_training_killed_while_it_finishes_is_done_again(
    tiny: TinyStudy, tmp_path: Path, save_every_epoch: None, trajectory: Path, moved: bool
) -> None:
    def kill(patch: pytest.MonkeyPatch) -> None:
        def fatal(*given: Any) -> None:
            if moved:
                hand_over(*given)
            raise Killed

        patch.setattr(stage, "hand_over", fatal)

    _killed(tiny, tmp_path, warm_up_settings(), kill)
    assert contents_of(tiny.warm_up(tmp_path).trajectory / FOLDER) == contents_of(trajectory)


@pytest.mark.parametrize("change", ["settings", "epochs", "code"])
def test_unfinished_work_of_another_training_is_not_mixed_in(
    tiny: TinyStudy, tmp_path: Path, save_every_epoch: None, trained_epochs: list[int], change: str
) -> None:
    old = {"settings": warm_up_settings(learning_rate=0.3), "epochs": warm_up_settings(epochs=(0, 1, 2, 3))}
    new = warm_up_settings(epochs=(0, 3))
    _killed(tiny, tmp_path / "cut", old.get(change, new), lambda patch: _kill(patch, Progress, "show", 2))
    trained_epochs.clear()
    cut = tiny.warm_up(tmp_path / "cut", new, code="changed" if change == "code" else "code")
    assert len(trained_epochs) == 3
    clean = tiny.warm_up(tmp_path / "clean", new)
    assert contents_of(cut.trajectory / FOLDER) == contents_of(clean.trajectory / FOLDER)
    assert cut.history.read_bytes() == clean.history.read_bytes()


def test_damaged_unfinished_work_is_told_and_trained_anew(
    tiny: TinyStudy, tmp_path: Path, save_every_epoch: None, trajectory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _killed(tiny, tmp_path, warm_up_settings(), lambda patch: _kill(patch, Progress, "show", 2))
    (state,) = tmp_path.glob("*/*/state.safetensors")
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="plasticity"):
        files = tiny.warm_up(tmp_path)
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warning.startswith(f"unfinished work is unusable, starting over: {state}: damaged checkpoint")
    assert contents_of(files.trajectory / FOLDER) == contents_of(trajectory)


def test_a_diverging_training_writes_every_checkpoint_and_says_so(tiny: TinyStudy, tmp_path: Path) -> None:
    files = tiny.warm_up(tmp_path, warm_up_settings(model=RESNET, learning_rate=1e6))
    history = read_table(files.history, "history")
    assert history["epoch"].tolist() == [1]
    assert all(history["loss"].isna())
    paths = checkpoints_of(files.trajectory / FOLDER, 0, 1, 2, 3)
    found = {epoch: read_checkpoint(path) for epoch, path in paths.items()}
    assert {epoch: c.settings["diverged"] for epoch, c in found.items()} == {0: False, 1: True, 2: True, 3: True}
    assert {epoch: c.settings["warm_up_epoch"] for epoch, c in found.items()} == {0: 0, 1: 1, 2: 2, 3: 3}
    assert len({found[epoch].digest for epoch in (1, 2, 3)}) == 1
    assert not all(np.isfinite(value).all() for value in found[1].weights.values())
