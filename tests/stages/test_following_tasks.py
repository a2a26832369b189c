import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from plasticity.config.slices import OnlineSettings
from plasticity.config.training_section import Optimisation
from plasticity.jobs import unfinished
from plasticity.jobs.unfinished import Unfinished
from plasticity.stages import following_tasks as stage
from plasticity.stages.branches import checkpoint_name
from plasticity.stages.learners.device_data import DeviceData, open_device_data
from plasticity.stages.learners.learner import learn_task
from plasticity.stages.learners.network_learner import NetworkLearner
from plasticity.stages.learners.stack_learner import StackLearner
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.tables import read_provenance, read_table
from plasticity.training.interventions.intervention import NetworkState, intervened
from plasticity.training.online.online_sgd import train_online
from plasticity.training.online.stack import Network, Stack, stack_of
from recorded_curves import record_curves
from tiny_permuted import (
    RESET,
    SEEDS,
    SHARED,
    SHRINK,
    TRAINING,
    Trained,
    arm,
    first_settings,
    following_settings,
    train_first,
)
from tiny_study import RESNET, Killed, TinyStudy
from typed import intervention as made
from typed import optimisation

# What several arms of one experiment can differ in: past, length, training, what is done in between.
MIXED = following_settings(
    arm("plain"),
    arm("same", tasks=2),
    arm("later", epochs=3, tasks=4),
    arm("decayed", first_task="decayed", following={"weight_decay": 0.01}),
    arm("shrunk", intervention=SHRINK, intervene_after="every_task"),
    arm("twice", following={"epochs": 2}),
)
NUMBERS = ["online_accuracy", "last_epoch_accuracy", "nc1", "nc2", "nc3", "nc4", "train_accuracy", "weight_norm"]


@pytest.fixture(scope="module")
def trained(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Two trainings of the first task, three epochs each."""
    folder = tmp_path_factory.mktemp("first")
    decayed = first_settings(weight_decay=0.01, name="decayed")
    files = {
        "plain": train_first(tiny.data, folder / "plain"),
        "decayed": train_first(tiny.data, folder / "d", decayed),
    }
    return Trained(tiny.data, files)


@pytest.fixture(scope="module")
def mixed(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the mixed experiment, never interrupted."""
    output = tmp_path_factory.mktemp("mixed") / "tasks.parquet"
    trained.follow(output, MIXED)
    return output


@pytest.fixture(scope="module")
def data(tiny: TinyStudy) -> DeviceData:
    return open_device_data(tiny.data, OnlineSettings.of(SHARED), 1)


def _of(table: pd.DataFrame, arm_name: str, seed: int | None = None) -> pd.DataFrame:
    rows = table.loc[table["arm"] == arm_name]
    rows = rows if seed is None else rows.loc[rows["seed"] == seed]
    return rows.drop(columns="arm").reset_index(drop=True)


def _by_hand(data: DeviceData, network: Network, seed: int, task: int, *, epochs: int = 1, **changed: Any) -> Network:
    """Train a network on permuted images as they are; return it with the online accuracy as a tensor of its own."""
    found_task, stack = data.task(seed, task), stack_of([network])
    positions = found_task.positions[None]
    stack.permute_inputs(positions)
    training = optimisation({**TRAINING, **changed})
    found = [_train(data, stack, found_task.order(epoch), training) for epoch in range(1, epochs + 1)]
    stack.restore_inputs(positions)
    return {**stack.network(0), "accuracy": np.array(found)}


def _train(data: DeviceData, stack: Stack, order: NDArray[np.int64], optimisation: Optimisation) -> float:
    device = data.device.type  # where the stage trains as well
    pixels = data.pixels_of(np.arange(len(data.store.train_labels)))
    return float(train_online(stack, pixels, order[None], optimisation, device=device).accuracy[0])


def _journey(
    data: DeviceData,
    start: Network,
    seed: int,
    tasks: int,
    before: Callable[[Network, int], Network],
    **training: Any,
) -> list[float]:
    """Online accuracies of a network that goes through the tasks after the first, one by one."""
    network, found = start, []
    for task in range(2, tasks + 2):
        trained = _by_hand(data, before(network, task), seed, task, **training)
        found.append(float(trained.pop("accuracy").mean()))
        network = trained
    return found


def _shrunk(network: Network, fresh: Network) -> Network:
    return dict(intervened(made(SHRINK), NetworkState(network, fresh, head=())).weights)


def _start(trained: Trained, seed: int, epoch: int, training: str = "plain") -> Network:
    return read_checkpoint(trained.first_tasks[training].trajectory / checkpoint_name(seed, epoch)).weights


def test_a_row_per_arm_seed_and_task(mixed: Path) -> None:
    table = read_table(mixed, "following_tasks")
    tasks = {"plain": 3, "same": 2, "later": 4, "decayed": 3, "shrunk": 3, "twice": 3}
    expected = [(name, seed, task) for name in sorted(tasks) for seed in SEEDS for task in range(2, tasks[name] + 2)]
    assert list(zip(table["arm"], table["seed"], table["task"], strict=True)) == expected
    assert set(table["experiment"]) == {"experiment"}
    assert set(table["diverged"]) == {False}
    assert not table.drop(columns=["test_accuracy", "classes"]).isna().to_numpy().any()
    assert table.groupby("arm")["first_task_epochs"].unique().map(list).to_dict() == {
        name: [3 if name == "later" else 1] for name in tasks
    }
    assert read_provenance(mixed)["settings"] == MIXED.plain()


@pytest.mark.parametrize("seed", SEEDS)
def test_networks_go_through_the_tasks_one_after_another(
    trained: Trained, data: DeviceData, mixed: Path, seed: int
) -> None:
    table = read_table(mixed, "following_tasks")

    def shrunk(network: Network, task: int) -> Network:
        return _shrunk(network, data.fresh_network(seed, "fresh", task))

    def same(network: Network, task: int) -> Network:
        return network

    expected = {
        "plain": _journey(data, _start(trained, seed, 1), seed, 3, same),
        "later": _journey(data, _start(trained, seed, 3), seed, 4, same),
        "decayed": _journey(data, _start(trained, seed, 1, "decayed"), seed, 3, same, weight_decay=0.01),
        "shrunk": _journey(data, _start(trained, seed, 1), seed, 3, shrunk),
        "twice": _journey(data, _start(trained, seed, 1), seed, 3, same, epochs=2),
    }
    for name, accuracies in expected.items():
        assert _of(table, name, seed)["online_accuracy"].tolist() == accuracies, name
    assert len({tuple(accuracies[:3]) for accuracies in expected.values()}) == len(expected)


def test_the_last_epoch_of_a_task_stands_beside_the_mean_of_all(
    trained: Trained, data: DeviceData, mixed: Path
) -> None:
    row = _of(read_table(mixed, "following_tasks"), "twice", 1).iloc[0]
    first, second = _by_hand(data, _start(trained, 1, 1), 1, 2, epochs=2)["accuracy"]
    assert (row["online_accuracy"], row["last_epoch_accuracy"]) == ((first + second) / 2, second)
    assert second > first


@pytest.mark.parametrize(("name", "epochs"), [("plain", 1), ("shrunk", 1), ("twice", 2)])
def test_an_update_norm_is_the_distance_from_the_tasks_start_after_the_intervention(
    trained: Trained, data: DeviceData, mixed: Path, name: str, epochs: int
) -> None:
    start = _start(trained, 1, 1)
    start = _shrunk(start, data.fresh_network(1, "fresh", 2)) if name == "shrunk" else start
    end = _by_hand(data, start, 1, 2, epochs=epochs)
    moved = np.concatenate([np.ravel(end[key] - start[key].astype(float)) for key in data.parameters])
    row = _of(read_table(mixed, "following_tasks"), name, 1).iloc[0]
    assert row["update_norm"] == pytest.approx(np.linalg.norm(moved), rel=1e-12)


def test_arms_that_are_the_same_run_have_the_same_rows(mixed: Path) -> None:
    table = read_table(mixed, "following_tasks")
    for seed in SEEDS:
        plain, same = _of(table, "plain", seed), _of(table, "same", seed)
        assert len(same) == 2
        assert plain.iloc[:2].equals(same)


def test_a_run_is_trained_once_for_all_its_arms(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, visits = StackLearner.train_epoch, []

    def counted(learner: StackLearner, replicas: Any, **options: Any) -> Any:
        visits.append((options["task"], [learner.seeds[replica] for replica in replicas]))
        return train(learner, replicas, **options)

    monkeypatch.setattr(StackLearner, "train_epoch", counted)
    trained.follow(tmp_path / "tasks", following_settings(arm("one"), arm("other"), arm("shorter", tasks=1)))
    assert visits == [(task, list(SEEDS)) for task in (2, 3, 4)]


def test_every_run_has_curves_over_its_tasks(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record_curves(monkeypatch, tmp_path / "curves")
    table = trained.follow(tmp_path / "tasks", following_settings(arm("one"), arm("other")))
    assert [each.folder.name for each in recorded] == [f"one_other_seed_{seed}" for seed in SEEDS]
    for seed, found in zip(SEEDS, recorded, strict=True):
        rows = _of(table, "one", seed).set_index("task")
        assert found.curve("accuracy") == rows["online_accuracy"].to_dict()
        assert found.curve("nc1") == rows["nc1"].to_dict()
        assert found.closed


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reset_before_every_task_is_a_fresh_network_on_each(
    trained: Trained, data: DeviceData, tmp_path: Path, seed: int
) -> None:
    reset = arm("random_init", intervention=RESET, intervene_after="every_task")
    table = trained.follow(tmp_path / "tasks", following_settings(reset))
    rows = _of(table, "random_init", seed)
    for row in rows.to_dict("records"):
        task = int(row["task"])
        by_hand = _by_hand(data, data.fresh_network(seed, "fresh", task), seed, task)
        assert row["online_accuracy"] == by_hand.pop("accuracy")[0]
        own = stack_of([by_hand])
        own.permute_inputs(data.task(seed, task).positions[None])  # to look at the images as they are
        measured = data.measure(own.network(0), data.task(seed, task))
        assert (measured.pop("test_accuracy"), measured.pop("classes")) == (None, None)
        assert {name: row[name] for name in measured} == measured
    assert len(set(rows["weight_norm"])) == 3  # another network on each task


def test_an_intervention_after_the_first_task_acts_once(trained: Trained, data: DeviceData, tmp_path: Path) -> None:
    once = arm("once", intervention=SHRINK)
    every = arm("every", intervention=SHRINK, intervene_after="every_task")
    table = trained.follow(tmp_path / "tasks", following_settings(once, every, arm("never")))

    def shrunk(network: Network, task: int) -> Network:
        return _shrunk(network, data.fresh_network(1, "fresh", 2)) if task == 2 else network

    assert _of(table, "once", 1)["online_accuracy"].tolist() == _journey(data, _start(trained, 1, 1), 1, 3, shrunk)
    first = {name: _of(table, name, 1).loc[0, NUMBERS].tolist() for name in ("once", "every", "never")}
    assert first["once"] == first["every"] != first["never"]
    later = {name: _of(table, name, 1).loc[1:, "online_accuracy"].tolist() for name in ("once", "every")}
    assert later["once"] != later["every"]


@pytest.mark.parametrize("batch_size", [1, 8])
def test_seeds_together_or_alone_have_the_same_rows(trained: Trained, tmp_path: Path, batch_size: int) -> None:
    batches = [arm.following.overridden({"batch_size": batch_size}).plain() for arm in MIXED.arms]
    arms = zip(MIXED.arms, batches, strict=True)
    settings = following_settings(*(arm.overridden({"following": following}) for arm, following in arms))
    both = trained.follow(tmp_path / "both", settings)
    alone = [trained.follow(tmp_path / f"seed{seed}", settings, seeds=[seed]) for seed in SEEDS]
    keys = ["arm", "seed", "task"]
    assert pd.concat(alone).sort_values(keys, ignore_index=True).equals(both.sort_values(keys, ignore_index=True))


def test_arms_together_or_alone_have_the_same_rows(trained: Trained, tmp_path: Path, mixed: Path) -> None:
    table = read_table(mixed, "following_tasks")
    for single in MIXED.arms:
        found = trained.follow(tmp_path / single.name, following_settings(single))
        assert _of(found, single.name).equals(_of(table, single.name))


def _dying(owner: Any, name: str, call: int, *, done: bool) -> Callable[[pytest.MonkeyPatch], None]:
    original, count = getattr(owner, name), iter(range(1, 100))

    def fatal(*args: Any, **options: Any) -> Any:
        last = next(count) == call
        if last and not done:
            raise Killed
        result = original(*args, **options)
        if last:
            raise Killed
        return result

    return lambda patch: patch.setattr(owner, name, fatal)


def _dies(
    trained: Trained, output: Path, patch: Callable[[pytest.MonkeyPatch], None], settings: Any = MIXED, **options: Any
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        patch(monkeypatch)
        with pytest.raises(Killed):
            trained.follow(output, settings, **options)
    assert not output.exists()


@pytest.fixture
def tasks_done(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Tasks that are trained from now on."""
    train, seen = StackLearner.train_epoch, set()

    def counted(*args: Any, **options: Any) -> Any:
        seen.add(options["task"])
        return train(*args, **options)

    monkeypatch.setattr(StackLearner, "train_epoch", counted)
    return seen


@pytest.mark.parametrize("task", [2, 5])
@pytest.mark.parametrize("done", [False, True], ids=["before its state is saved", "after"])
def test_a_killed_training_goes_on_to_the_same_bytes(
    trained: Trained, mixed: Path, tmp_path: Path, tasks_done: set[int], task: int, done: bool
) -> None:
    output = tmp_path / "tasks.parquet"
    _dies(trained, output, _dying(Unfinished, "save", task - 1, done=done))
    tasks_done.clear()
    trained.follow(output, MIXED)
    assert tasks_done == set(range(task + 1 if done else task, 6))
    assert output.read_bytes() == mixed.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.parquet"]


@pytest.mark.parametrize("call", [1, 3, 7])
def test_a_training_killed_within_a_task_repeats_that_task(
    trained: Trained, mixed: Path, tmp_path: Path, call: int
) -> None:
    output = tmp_path / "tasks.parquet"
    _dies(trained, output, _dying(StackLearner, "train_epoch", call, done=True))
    trained.follow(output, MIXED)
    assert output.read_bytes() == mixed.read_bytes()


def test_a_training_killed_after_every_task_ends_with_the_same_bytes(
    trained: Trained, mixed: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tasks.parquet"
    for _ in range(4):
        _dies(trained, output, _dying(Unfinished, "save", 1, done=True))
    _dies(trained, output, _dying(stage, "write_table", 1, done=False))
    trained.follow(output, MIXED)
    assert output.read_bytes() == mixed.read_bytes()


@pytest.mark.parametrize(("kind", "call"), [("stack", 2), ("networks", 4)])
def test_a_training_killed_within_a_long_task_goes_on_from_its_last_saved_epoch(
    tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, call: int
) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    model = {**SHARED["model"], "activation": "relu" if kind == "stack" else "tanh"}
    first = Trained(
        tiny.data,
        {"plain": train_first(tiny.data, tmp_path / "f", first_settings(epochs=(1,), shared={"model": model}))},
    )
    arms = [arm("plain", following={"epochs": 3}), arm("shrunk", intervention=SHRINK, intervene_after="every_task")]
    settings = following_settings(*arms, shared={"model": model})
    whole, output = first.follow(tmp_path / "whole.parquet", settings), tmp_path / "tasks.parquet"
    _dies(first, output, _dying(Unfinished, "save", call, done=True), settings)
    learner, trained = (StackLearner if kind == "stack" else NetworkLearner), []
    train = learner.train_epoch

    def counted(self: Any, replicas: Any, **options: Any) -> Any:
        trained.append(1)
        return train(self, replicas, **options)

    monkeypatch.setattr(learner, "train_epoch", counted)
    assert first.follow(output, settings).equals(whole)
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert len(trained) == 3 * (3 + 1) - call  # of three tasks, less what was saved


@pytest.mark.parametrize("change", ["settings", "first task", "code"])
def test_unfinished_work_of_another_training_is_not_mixed_in(
    tiny: TinyStudy, trained: Trained, tmp_path: Path, tasks_done: set[int], change: str
) -> None:
    output, settings, other, options = tmp_path / "tasks.parquet", following_settings(arm("a")), trained, {}
    changed = following_settings(arm("a", following={"learning_rate": 0.2})) if change == "settings" else settings
    if change == "first task":
        other = Trained(
            tiny.data, {"plain": train_first(tiny.data, tmp_path / "first", first_settings(learning_rate=0.1))}
        )
    if change == "code":
        options = {"code": "old"}
    _dies(other, output, _dying(Unfinished, "save", 2, done=True), changed, **options)
    tasks_done.clear()
    found = trained.follow(output, settings)
    assert tasks_done == {2, 3, 4}
    assert found.equals(trained.follow(tmp_path / "clean", settings))


def test_a_damaged_state_is_told_and_trained_anew(
    trained: Trained, mixed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "tasks.parquet"
    _dies(trained, output, _dying(Unfinished, "save", 2, done=True))
    (state,) = tmp_path.glob("*/state.safetensors")
    state.write_bytes(state.read_bytes()[:-5])
    with caplog.at_level(logging.WARNING, logger="plasticity"):
        trained.follow(output, MIXED)
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warning.startswith(f"unfinished work is unusable, starting over: {state}: ")
    assert output.read_bytes() == mixed.read_bytes()


def test_a_diverging_run_stops_with_one_row_and_leaves_the_others(
    trained: Trained, tmp_path: Path, mixed: Path
) -> None:
    fast = arm("fast", following={"learning_rate": 1e20})
    table = trained.follow(tmp_path / "tasks", following_settings(arm("plain"), fast))
    rows = _of(table, "fast")
    assert list(zip(rows["seed"], rows["task"], rows["diverged"], strict=True)) == [(1, 2, True), (2, 2, True)]
    assert rows[[*NUMBERS, "approximate_rank"]].isna().to_numpy().all()
    expected = _of(read_table(mixed, "following_tasks"), "plain")
    pd.testing.assert_frame_equal(_of(table, "plain"), expected, check_dtype=False, check_exact=True)


def test_a_run_that_diverges_in_its_second_epoch_is_diverged(trained: Trained, data: DeviceData) -> None:
    learner = StackLearner(data, [1, 1], 1, stack_of([_start(trained, 1, 1)] * 2))
    learner.stack.weights[0][1] *= 1e25  # the next outputs are not finite
    rows = learn_task(learner, [0, 1], task=2, epochs=[1, 2], training=optimisation(TRAINING))
    assert [row["diverged"] for row in rows] == [False, True]
    assert rows[1]["online_accuracy"] is None


def test_all_runs_diverged_end_without_training_on(trained: Trained, tmp_path: Path, tasks_done: set[int]) -> None:
    fast = arm("fast", tasks=6, following={"learning_rate": 1e20})
    table = trained.follow(tmp_path / "tasks", following_settings(fast))
    assert table["task"].tolist() == [2, 2]
    assert tasks_done == {2}


def test_thresholds_decide_where_arms_begin_and_whether_at_all(trained: Trained, tmp_path: Path) -> None:
    history = read_table(trained.first_tasks["plain"].history, "first_task").set_index(["seed", "epoch"])["nc1"]
    nc1 = {key: float(value) for key, value in history.to_dict().items()}
    first = max(nc1[1, 1], nc1[2, 1]) + 1  # both are below it after the first epoch
    arms = [
        arm("easy", epochs=None, nc1_below=first),
        arm("never", epochs=None, nc1_below=1e-9),
        arm("capped", epochs=None, nc1_below=min(nc1.values()) + 1e-6, max_epochs=1),
    ]
    table = trained.follow(tmp_path / "tasks", following_settings(*arms, arm("plain")))
    assert set(table["arm"]) == {"easy", "plain"}
    assert _of(table, "easy").equals(_of(table, "plain"))


def test_an_experiment_without_any_run_has_an_empty_table(trained: Trained, tmp_path: Path) -> None:
    table = trained.follow(tmp_path / "tasks", following_settings(arm("never", epochs=None, nc1_below=1e-9)))
    assert len(table) == 0


def test_a_diverged_first_task_has_no_following_ones(tiny: TinyStudy, tmp_path: Path) -> None:
    files = train_first(tiny.data, tmp_path / "first", first_settings(learning_rate=1e20))
    table = Trained(tiny.data, {"plain": files}).follow(tmp_path / "tasks", following_settings(arm("a")))
    assert len(table) == 0


def test_composed_permutations_are_other_tasks_but_the_first(tiny: TinyStudy, tmp_path: Path, mixed: Path) -> None:
    shared = {"tasks": {"name": "permuted_pixels", "permutations": "composed"}}
    files = train_first(tiny.data, tmp_path / "first", first_settings(shared=shared))
    table = Trained(tiny.data, {"plain": files}).follow(
        tmp_path / "tasks", following_settings(arm("plain"), shared=shared)
    )
    fresh = _of(read_table(mixed, "following_tasks"), "plain")
    assert not set(_of(table, "plain")["nc1"]) & set(fresh["nc1"])


BATCHES = {"batch_size": 4}
METHODS = {
    "redo": {"hooks": [{"name": "redo", "every": 5, "threshold": 0.6}]},
    "backprop": {"hooks": [{"name": "continual_backprop", "replacement_rate": 0.01, "maturity": 5}]},
    "resets": {"hooks": [{"name": "self_normalized_resets", "threshold": 2, "every": 10}]},
    "ascent": {"hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.1, "every": 5, "images": 10}]},
    "batches": BATCHES,  # which the compiled loop has no part in, like the next two
    "spectral": {**BATCHES, "penalty": {"name": "spectral", "weight": 0.1}},
    "muon": {**BATCHES, "optimizer": {"name": "muon"}},
}


@pytest.mark.slow
def test_methods_are_arms_of_the_study(trained: Trained, tmp_path: Path) -> None:
    """Each runs through all tasks, to other weights than those of no method."""
    arms = [arm("plain", tasks=2), *(arm(name, tasks=2, following=method) for name, method in METHODS.items())]
    fire = arm("fire", tasks=2, intervention={"name": "fire"}, intervene_after="every_task")
    table = trained.follow(tmp_path / "tasks", following_settings(*arms, fire), seeds=SEEDS[:1])
    assert set(table["diverged"]) == {False}
    norms = table.groupby("arm")["weight_norm"].apply(tuple)
    assert len(norms) == len(set(norms)) == len(METHODS) + 2


LYLE = {"name": "convnet_lyle", "channels": [3, 4], "hidden": [16]}


@pytest.mark.parametrize(
    ("model", "between", "tasks"),
    [
        (LYLE, {"name": "fire"}, "permuted_pixels"),
        (RESNET, {**SHRINK, "batch_norm": "recalibrate"}, "random_labels"),
    ],
    ids=["convnet", "resnet"],
)
def test_networks_of_any_kind_go_through_the_tasks(
    tiny: TinyStudy, tmp_path: Path, model: dict[str, Any], between: dict[str, Any], tasks: str
) -> None:
    shared = {"model": model, "tasks": {"name": tasks}}
    adam = {"optimizer": {"name": "adam"}, "learning_rate": 0.01, "batch_size": 20}
    files = train_first(tiny.data, tmp_path / "first", first_settings(shared=shared, epochs=(1,), **adam))
    arms = [arm("plain", following=adam), arm("changed", following=adam, intervention=between, tasks=2)]
    table = Trained(tiny.data, {"plain": files}).follow(tmp_path / "tasks", following_settings(*arms, shared=shared))
    assert table.groupby("arm").size().to_dict() == {"plain": 6, "changed": 4}
    assert not table["diverged"].to_numpy().any()
    measured = ["online_accuracy", "nc1", "train_accuracy", "weight_norm", "effective_rank", "dead_units"]
    assert np.isfinite(table[measured].to_numpy(float)).all()
    norms = table.loc[table["task"] == 2].groupby("arm")["weight_norm"].apply(tuple)
    assert norms["plain"] != norms["changed"]
