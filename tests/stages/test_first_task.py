import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from online_problems import largest_difference, loop
from plasticity.config.slices import FirstTaskSettings, OnlineSettings
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.jobs.unfinished import Unfinished
from plasticity.report.figures.summaries import rows_where
from plasticity.stages import first_task as stage
from plasticity.stages.branches import checkpoint_name
from plasticity.stages.learners.device_data import open_device_data
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.tables import read_provenance, read_table
from plasticity.training.online.pixels import pixels_of_rows
from recorded_curves import record_curves
from tiny_permuted import SEEDS, SHARED, TRAINING, first_settings, train_first
from tiny_study import Killed, TinyStudy, contents_of
from typed import optimisation

LIMIT = unfinished.SECONDS_BETWEEN_SAVES


@pytest.fixture(scope="module")
def whole(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> TrainingFiles:
    """Both seeds, three epochs, never interrupted."""
    return train_first(tiny.data, tmp_path_factory.mktemp("whole"))


@pytest.fixture(autouse=True)
def every_epoch_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)


@pytest.fixture
def trained_epochs(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The seeds of each epoch that is trained from now on."""
    learn, seen = stage.learn_task, []

    def counted(learner: Any, replicas: Any, **options: Any) -> Any:
        seen.append([learner.seeds[replica] for replica in replicas])
        return learn(learner, replicas, **options)

    monkeypatch.setattr(stage, "learn_task", counted)
    return seen


def _names(files: TrainingFiles) -> list[str]:
    return sorted(path.name for path in files.trajectory.iterdir())


def _nc1(files: TrainingFiles) -> dict[int, list[float]]:
    """NC1 after each epoch of each seed."""
    rows = read_table(files.history, "first_task")
    return {seed: rows["nc1"].to_numpy()[rows["seed"] == seed].tolist() for seed in SEEDS}


def _kept(*places: tuple[int, int]) -> list[str]:
    return sorted(checkpoint_name(seed, epoch) for seed, epoch in places)


def test_every_seed_has_curves_over_its_epochs(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = record_curves(monkeypatch, tmp_path / "curves")
    train_first(tiny.data, tmp_path)
    assert [each.folder.name for each in recorded] == [f"seed_{seed}" for seed in SEEDS]
    for seed, found in zip(SEEDS, recorded, strict=True):
        assert list(found.curve("nc1").values()) == _nc1(whole)[seed]
        assert sorted(found.curve("accuracy")) == [1, 2, 3]
        assert found.closed


def _dies(data: Path, folder: Path, settings: FirstTaskSettings, patch: Callable[[pytest.MonkeyPatch], None]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        patch(monkeypatch)
        with pytest.raises(Killed):
            train_first(data, folder, settings)


def _dying(owner: Any, name: str, call: int, *, done: bool) -> Callable[[pytest.MonkeyPatch], None]:
    """Die at the `call`-th call of a function, before or after it has done its work."""
    original, count = getattr(owner, name), iter(range(1, 100))

    def fatal(*args: Any, **options: Any) -> Any:
        last = next(count) == call
        if last and not done:
            raise Killed
        result = original(*args, **options)
        if last:
            raise Killed
        return result

    return lambda monkeypatch: monkeypatch.setattr(owner, name, fatal)


def test_a_row_per_seed_and_epoch_and_a_checkpoint_per_length(whole: TrainingFiles) -> None:
    rows = read_table(whole.history, "first_task")
    assert list(zip(rows["seed"], rows["epoch"], strict=True)) == [(seed, n) for seed in SEEDS for n in (1, 2, 3)]
    assert set(rows["diverged"]) == {False}
    assert not rows.drop(columns=["test_accuracy", "classes"]).isna().to_numpy().any()
    np.testing.assert_array_equal(rows["online_accuracy"], rows["last_epoch_accuracy"])  # a row is one epoch
    np.testing.assert_allclose(rows["nc4"] + rows["nc4_disagreement"], 1)
    assert (
        rows["online_accuracy"].to_numpy().reshape(2, 3)[:, 1:] > rows["online_accuracy"].to_numpy()[[0, 3], None]
    ).all()
    assert _names(whole) == _kept((1, 1), (1, 3), (2, 1), (2, 3))
    assert not whole.unfinished.exists()


def test_an_epoch_that_is_not_measured_has_its_accuracies_alone(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path
) -> None:
    settings = first_settings(epochs=(3,), shared={"measure": {"probe_images": 50, "first_task_every": 2}})
    found = read_table(train_first(tiny.data, tmp_path, settings).history, "first_task")
    every = read_table(whole.history, "first_task")
    measured = found["epoch"] > 1
    assert found["nc1"].isna().tolist() == (~measured).tolist()
    assert_frame_equal(rows_where(found, measured), rows_where(every, measured), check_dtype=False)
    accuracies = ["online_accuracy", "last_epoch_accuracy", "update_norm", "diverged"]
    assert_frame_equal(found.filter(accuracies), every.filter(accuracies))


def test_a_network_is_what_the_papers_loop_makes_of_the_fresh_one(tiny: TinyStudy, whole: TrainingFiles) -> None:
    data = open_device_data(tiny.data, OnlineSettings.of(SHARED), 1)
    task, store = data.task(2, 1), open_store(tiny.data)
    rows = np.zeros((len(store.train_labels), 64), np.float32)
    rows[:, task.positions] = store.train_images.reshape(-1, 64) / np.float32(255)
    pixels = pixels_of_rows(rows, store.train_labels, 10)
    network, accuracies = data.fresh_network(2, "init"), []
    for _ in range(3):
        network, hits = loop(network, pixels, task.order(1), optimisation(TRAINING))
        accuracies.append(hits.mean())
    kept = read_checkpoint(whole.trajectory / checkpoint_name(2, 3))
    assert largest_difference({name: kept.weights[name] for name in network}, network) < 1e-5
    history = read_table(whole.history, "first_task")
    rows_of_2 = history.loc[history["seed"] == 2]
    np.testing.assert_array_equal(rows_of_2["online_accuracy"], accuracies)
    fresh = data.fresh_network(2, "init")
    moved = np.concatenate([np.ravel(kept.weights[name] - fresh[name].astype(float)) for name in fresh])
    assert rows_of_2["update_norm"].iloc[-1] == pytest.approx(np.linalg.norm(moved), rel=1e-12)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_network_learns_the_labels_of_its_task(tiny: TinyStudy, tmp_path: Path, batch_size: int) -> None:
    """By the compiled loop and by stacked tensors, each seed its own."""
    shared = {"tasks": {"name": "random_labels"}, "train_size": 200}
    settings = first_settings(epochs=(2,), shared=shared, batch_size=batch_size)
    files, data = train_first(tiny.data, tmp_path, settings), open_device_data(tiny.data, settings, 1)
    rows = open_store(tiny.data).train_images.reshape(-1, 64) / np.float32(255)
    history = read_table(files.history, "first_task")
    for seed in SEEDS:
        task, network = data.task(seed, 1), data.fresh_network(seed, "init")
        pixels, accuracies = pixels_of_rows(rows, data.labels_of(task), 10), []
        for epoch in (1, 2):
            network, hits = loop(network, pixels, task.order(epoch), settings.first_task)
            accuracies.append(hits.mean())
        kept = read_checkpoint(files.trajectory / checkpoint_name(seed, 2))
        assert largest_difference({name: kept.weights[name] for name in network}, network) < 1e-5
        found = history.loc[history["seed"] == seed]
        np.testing.assert_array_equal(found["online_accuracy"], accuracies)
        measured = data.measure(network, task)["train_accuracy"]
        assert found["train_accuracy"].iloc[-1] == pytest.approx(measured, abs=0.006)
        assert measured > 0.12  # learnt by heart to some extent: 0.1 is chance


def test_checkpoints_and_table_say_what_made_them(whole: TrainingFiles) -> None:
    header = read_checkpoint(whole.trajectory / checkpoint_name(2, 3)).settings
    assert header == {**first_settings().plain(), "stage": "first_task", "seed": 2, "first_task_epochs": 3}
    assert read_provenance(whole.history)["settings"] == first_settings().plain()


def test_a_shorter_training_is_a_prefix_of_a_longer_one(tiny: TinyStudy, tmp_path: Path) -> None:
    long = train_first(tiny.data, tmp_path / "long", first_settings(epochs=(2, 5)))
    short = train_first(tiny.data, tmp_path / "short", first_settings(epochs=(2,)))
    for seed in SEEDS:
        one, other = (read_checkpoint(files.trajectory / checkpoint_name(seed, 2)) for files in (long, short))
        assert one.digest == other.digest
    rows = read_table(long.history, "first_task")
    first = rows.loc[rows["epoch"] <= 2].reset_index(drop=True)
    assert first.equals(read_table(short.history, "first_task"))


def test_reshuffled_epochs_have_orders_of_their_own(tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path) -> None:
    files = train_first(
        tiny.data, tmp_path, first_settings(shared={"tasks": {"name": "permuted_pixels", "reshuffle_epochs": True}})
    )
    first, last = (
        [read_checkpoint(each.trajectory / checkpoint_name(1, epoch)).digest for each in (whole, files)]
        for epoch in (1, 3)
    )
    assert first[0] == first[1]
    assert last[0] != last[1]


def test_the_first_task_ends_with_the_first_epoch_below_each_threshold(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path
) -> None:
    nc1 = _nc1(whole)
    between = (nc1[1][0] + nc1[1][1]) / 2  # seed 1 crosses it in its second epoch
    files = train_first(tiny.data, tmp_path, first_settings(epochs=(), thresholds=(100.0, between), max_epochs=9))
    found = _nc1(files)
    assert len(found[1]) == 2
    for values in found.values():
        assert [value < between for value in values] == [False] * (len(values) - 1) + [True]
    expected = {(seed, epoch) for seed in SEEDS for epoch in (1, len(found[seed]))}
    assert _names(files) == _kept(*expected)


def test_lengths_and_thresholds_go_together(tiny: TinyStudy, tmp_path: Path) -> None:
    settings = first_settings(epochs=(3,), thresholds=(100.0,), max_epochs=2)
    files = train_first(tiny.data, tmp_path, settings)
    assert _names(files) == _kept((1, 1), (1, 3), (2, 1), (2, 3))


def test_a_threshold_that_is_not_reached_has_no_checkpoint(tiny: TinyStudy, tmp_path: Path) -> None:
    files = train_first(tiny.data, tmp_path, first_settings(epochs=(1,), thresholds=(1e-9,), max_epochs=2))
    assert _names(files) == _kept((1, 1), (2, 1))
    found = _nc1(files)
    assert [len(found[seed]) for seed in SEEDS] == [2, 2]  # it went on to the cap, looking for it
    assert min(found[1] + found[2]) > 1e-9


def test_a_diverging_network_stops_with_one_row_and_no_checkpoint(tiny: TinyStudy, tmp_path: Path) -> None:
    files = train_first(tiny.data, tmp_path, first_settings(learning_rate=1e20))
    rows = read_table(files.history, "first_task")
    assert list(zip(rows["seed"], rows["epoch"], rows["diverged"], strict=True)) == [(1, 1, True), (2, 1, True)]
    assert rows.drop(columns=["seed", "epoch", "diverged"]).isna().to_numpy().all()
    assert _names(files) == []


@pytest.mark.parametrize("training", [{}, {"batch_size": 8, "penalty": {"name": "nc1", "weight": 0.05}}], ids=str)
def test_seeds_together_or_alone_train_the_same_networks(tiny: TinyStudy, tmp_path: Path, training: dict) -> None:
    settings = first_settings(**training)
    both = train_first(tiny.data, tmp_path / "both", settings)
    rows = read_table(both.history, "first_task")
    for seed in SEEDS:
        alone = train_first(tiny.data, tmp_path / f"alone{seed}", settings, seeds=[seed])
        found = contents_of(alone.trajectory)
        assert found == {name: content for name, content in contents_of(both.trajectory).items() if name in found}
        expected = rows.loc[rows["seed"] == seed].reset_index(drop=True)
        assert read_table(alone.history, "first_task").equals(expected)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(
    ("owner", "name", "done"),
    [(stage, "learn_task", False), (Unfinished, "save", False), (Unfinished, "save", True)],
    ids=["while it trains", "before its state is saved", "after"],
)
def test_a_killed_training_goes_on_to_the_same_files(
    tiny: TinyStudy,
    whole: TrainingFiles,
    tmp_path: Path,
    trained_epochs: list[list[int]],
    owner: Any,
    name: str,
    done: bool,
    call: int,
) -> None:
    _dies(tiny.data, tmp_path, first_settings(), _dying(owner, name, call, done=done))
    trained_epochs.clear()
    files = train_first(tiny.data, tmp_path)
    assert len(trained_epochs) == 3 - (call if done else call - 1)
    assert contents_of(files.trajectory) == contents_of(whole.trajectory)
    assert files.history.read_bytes() == whole.history.read_bytes()
    assert not files.unfinished.exists()


@pytest.mark.parametrize("owner", ["table", "rename", "clear"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_training_killed_while_it_finishes_ends_with_the_same_files(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path, owner: str, done: bool
) -> None:
    places: dict[str, tuple[Any, str]] = {
        "table": (stage, "write_table"),
        "rename": (Path, "rename"),
        "clear": (Unfinished, "clear"),
    }
    call = {"table": 1, "rename": 1, "clear": 2}[owner]  # nothing to continue from is cleared first
    stage_or_class, name = places[owner]
    _dies(tiny.data, tmp_path, first_settings(), _dying(stage_or_class, name, call, done=done))
    files = train_first(tiny.data, tmp_path)
    assert contents_of(files.trajectory) == contents_of(whole.trajectory)
    assert files.history.read_bytes() == whole.history.read_bytes()
    assert not files.unfinished.exists()


def test_a_training_killed_after_every_epoch_goes_on_although_seeds_end_apart(tiny: TinyStudy, tmp_path: Path) -> None:
    plain = train_first(tiny.data, tmp_path / "plain", first_settings(epochs=(6,)))
    nc1 = _nc1(plain)
    threshold = next(  # one seed is below it an epoch or more before the other
        value
        for value in np.linspace(max(nc1[1] + nc1[2]), 0, 200).tolist()
        if len({next((i for i, n in enumerate(nc1[seed]) if n < value), None) for seed in SEEDS}) == 2
        and all(min(nc1[seed]) < value for seed in SEEDS)
    )
    settings = first_settings(epochs=(), thresholds=(threshold,), max_epochs=9)
    uncut = train_first(tiny.data, tmp_path / "uncut", settings)
    lengths = [len(values) for values in _nc1(uncut).values()]
    assert lengths[0] != lengths[1]
    epochs = max(lengths)
    for _ in range(epochs):
        _dies(tiny.data, tmp_path / "cut", settings, _dying(Unfinished, "save", 1, done=True))
    cut = train_first(tiny.data, tmp_path / "cut", settings)
    assert contents_of(cut.trajectory) == contents_of(uncut.trajectory)
    assert cut.history.read_bytes() == uncut.history.read_bytes()


@pytest.mark.parametrize("call", [3, 5])
def test_saves_are_twenty_seconds_apart(
    tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Of epochs of eight seconds, the third and the sixth are saved."""
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", LIMIT)
    settings, seconds, saved = first_settings(epochs=(1, 7)), [0.0], []
    whole, learn, save = train_first(tiny.data, tmp_path / "whole", settings), stage.learn_task, Unfinished.save

    def slow(*args: Any, **options: Any) -> Any:
        if seconds[0] == 8 * call:
            raise Killed
        seconds[0] += 8
        return learn(*args, **options)

    def noted(work: Unfinished, tensors: Any, state: Any) -> None:
        saved.append(len(state[0]))
        save(work, tensors, state)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        start = time.monotonic()
        patch.setattr(unfinished, "time", SimpleNamespace(monotonic=lambda: start + seconds[0]))
        patch.setattr(stage, "learn_task", slow)
        patch.setattr(Unfinished, "save", noted)
        train_first(tiny.data, tmp_path / "cut", settings)
    assert saved == [3]
    cut = train_first(tiny.data, tmp_path / "cut", settings)
    assert contents_of(cut.trajectory) == contents_of(whole.trajectory)
    assert cut.history.read_bytes() == whole.history.read_bytes()


@pytest.mark.parametrize("change", ["settings", "seeds", "code"])
def test_unfinished_work_of_another_training_is_not_mixed_in(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path, trained_epochs: list[list[int]], change: str
) -> None:
    other = first_settings(learning_rate=0.3) if change == "settings" else first_settings()
    with pytest.MonkeyPatch.context() as patch:
        _dying(Unfinished, "save", 2, done=True)(patch)
        with pytest.raises(Killed):
            seeds, code = ((1, 3) if change == "seeds" else SEEDS), ("old" if change == "code" else "code")
            train_first(tiny.data, tmp_path, other, seeds=seeds, code=code)
    trained_epochs.clear()
    files = train_first(tiny.data, tmp_path)
    assert len(trained_epochs) == 3
    assert contents_of(files.trajectory) == contents_of(whole.trajectory)
    assert files.history.read_bytes() == whole.history.read_bytes()


def test_a_damaged_state_is_told_and_trained_anew(
    tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _dies(tiny.data, tmp_path, first_settings(), _dying(Unfinished, "save", 2, done=True))
    (state,) = tmp_path.glob("*/state.safetensors")
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="plasticity"):
        files = train_first(tiny.data, tmp_path)
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warning.startswith(f"unfinished work is unusable, starting over: {state}: damaged checkpoint")
    assert contents_of(files.trajectory) == contents_of(whole.trajectory)


def test_an_older_trajectory_is_replaced(tiny: TinyStudy, whole: TrainingFiles, tmp_path: Path) -> None:
    (tmp_path / "trajectory").mkdir()
    (tmp_path / "trajectory" / checkpoint_name(9, 9)).write_text("old")
    assert contents_of(train_first(tiny.data, tmp_path).trajectory) == contents_of(whole.trajectory)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from plasticity.jobs import unfinished
from tiny_permuted import first_settings, train_first
unfinished.SECONDS_BETWEEN_SAVES = 0.0
train_first(Path(sys.argv[2]), Path(sys.argv[3]), first_settings(epochs=(1, 80)))
"""


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_to_the_same_files(
    tiny: TinyStudy, tmp_path: Path, trained_epochs: list[list[int]]
) -> None:
    settings, folder = first_settings(epochs=(1, 80)), tmp_path / "cut"
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parents[1]), str(tiny.data), str(folder)]
    process, deadline = subprocess.Popen(command), time.monotonic() + 120
    while not list(folder.glob("*/state.safetensors")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -9
    cut = train_first(tiny.data, folder, settings)
    assert 0 < len(trained_epochs) < 80
    uncut = train_first(tiny.data, tmp_path / "uncut", settings)
    assert contents_of(cut.trajectory) == contents_of(uncut.trajectory)
    assert cut.history.read_bytes() == uncut.history.read_bytes()


def test_tasks_without_an_image_of_some_class_are_refused(tiny: TinyStudy, tmp_path: Path) -> None:
    """NC1 of the classes that are there would be near zero and meet any threshold."""
    with pytest.raises(PlasticityError, match=r"^permuted.train_size 3, seed 1: expected images of"):
        train_first(tiny.data, tmp_path, first_settings(shared={"train_size": 3}))
