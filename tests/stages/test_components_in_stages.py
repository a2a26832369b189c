"""Stages with other optimisers, penalties, hooks and interventions than the studies' own."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from plasticity.config.component import Chosen
from plasticity.config.slices import AssembleTasksSettings, InterveneSettings
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.jobs.progress import Progress
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages import fine_tune as fine_tuning
from plasticity.stages.branches import checkpoint_name
from plasticity.stages.intervene import InterveneFiles, intervene
from plasticity.storage.checkpoints import read_checkpoint, trajectory_name, write_checkpoint
from plasticity.storage.tables import read_table, unknown_numbers
from plasticity.storage.weights import weights_of
from plasticity.studies.continual.assemble import AssembleFiles, assemble_permuted
from plasticity.training.iterations import IterationRun
from plasticity.training.run import TrainingRun
from tiny_permuted import (
    RESET,
    SEEDS,
    Trained,
    arm,
    first_settings,
    following_settings,
    train_first,
)
from tiny_study import (
    FOLDER,
    MLP,
    SEED,
    Killed,
    TinyStudy,
    checkpoints_of,
    contents_of,
    fine_tune_settings,
    measure_settings,
    warm_up_settings,
)
from tiny_train_test import go_on, pre_train_settings, transfer_settings
from tiny_train_test import train as pre_train

ADAM = {"optimizer": {"name": "adam"}, "momentum": 0.0, "learning_rate": 0.003}
EVERYTHING = {
    **ADAM,
    "penalty": {"name": "l2_init", "weight": 0.01},
    "hooks": [
        {"name": "own_components:IdleUnits", "every": 3},
        {"name": "perturb", "shrink": 0.9999, "perturb": 0.001},
    ],
}
ONLINE = {**{key: value for key, value in EVERYTHING.items() if key != "momentum"}, "batch_size": 4}


def intervene_settings(chosen: dict[str, Any]) -> InterveneSettings:
    return InterveneSettings.of({"arm": "mine", "model": MLP, "intervention": chosen})


@pytest.fixture
def save_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)


def dying(owner: Any, name: str, call: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Die behind the `call`-th call of a function."""
    original, count = getattr(owner, name), iter(range(1, 1000))

    def fatal(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        if next(count) == call:
            raise Killed
        return result

    return lambda patch: patch.setattr(owner, name, fatal)


def dies(stage: Callable[[], Any], patch: Callable[[pytest.MonkeyPatch], None]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        patch(monkeypatch)
        with pytest.raises(Killed):
            stage()


@pytest.mark.usefixtures("save_always")
@pytest.mark.parametrize("training", [ADAM, EVERYTHING], ids=["adam", "everything"])
def test_a_warm_up_that_is_killed_goes_on_to_the_same_checkpoints(
    tiny: TinyStudy, tmp_path: Path, training: dict[str, Any]
) -> None:
    settings, seeds = warm_up_settings(**training), (SEED, SEED + 1)
    whole = tiny.warm_up(tmp_path / "whole", settings, seeds=seeds)
    dies(lambda: tiny.warm_up(tmp_path / "killed", settings, seeds=seeds), dying(Progress, "show", 5))
    killed = tiny.warm_up(tmp_path / "killed", settings, seeds=seeds)
    for seed in seeds:
        folders = [files.trajectory / f"seed{seed}" for files in (whole, killed)]
        assert contents_of(folders[0]) == contents_of(folders[1])
        alone = tiny.warm_up(tmp_path / f"alone{seed}", settings, seeds=[seed])
        assert contents_of(alone.trajectory / f"seed{seed}") == contents_of(folders[0])  # nothing is carried over
    assert read_table(killed.history, "history").equals(read_table(whole.history, "history"))


@pytest.mark.usefixtures("save_always")
def test_a_fine_tuning_that_is_killed_goes_on_to_the_same_rows(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path
) -> None:
    settings, starts = fine_tune_settings(**EVERYTHING), checkpoints_of(trajectory, 0, 2)
    whole = tiny.fine_tune(tmp_path / "whole", starts, settings)
    dies(lambda: tiny.fine_tune(tmp_path / "killed", starts, settings), dying(Progress, "show", 5))
    killed = tiny.fine_tune(tmp_path / "killed", starts, settings)
    for output, table in (("output", "fine_tune"), ("history", "history")):
        assert read_table(getattr(killed, output), table).equals(read_table(getattr(whole, output), table))
    alone = tiny.fine_tune(tmp_path / "alone", checkpoints_of(trajectory, 2), settings)
    rows = read_table(whole.output, "fine_tune")
    assert rows.loc[rows["warm_up_epoch"] == 2].reset_index(drop=True).equals(read_table(alone.output, "fine_tune"))


def test_fine_tuning_is_pulled_towards_the_network_before_the_warm_up(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, restart = [], TrainingRun.restart

    def watched(run: TrainingRun, weights: Any) -> None:
        restart(run, weights)
        seen.append({name: value.numpy().copy() for name, value in run.step.view.initial_parameters.items()})

    monkeypatch.setattr(fine_tuning.TrainingRun, "restart", watched)
    settings = fine_tune_settings(penalty={"name": "l2_init", "weight": 0.1}, max_epochs=1)
    files = tiny.fine_tune(tmp_path, checkpoints_of(trajectory, 0, 3), settings)
    expected = read_checkpoint(trajectory / trajectory_name(0)).weights
    assert len(seen) == 2
    for found in seen:
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value)
    first = read_table(files.history, "history")["penalty"].tolist()
    assert first[1] > first[0] > 0  # checkpoint 3 has gone some way already


def test_the_next_task_is_pulled_towards_the_body_before_the_first(
    tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = {**ADAM, "penalty": {"name": "l2_init", "weight": 0.001}}
    first = pre_train(tiny.data, tmp_path / "first", pre_train_settings(**training))
    seen, run = [], IterationRun.run

    def watched(self: IterationRun, **options: Any) -> None:
        seen.append((self.seed, {n: v.numpy().copy() for n, v in self.step.view.initial_parameters.items()}))
        run(self, **options)

    monkeypatch.setattr(IterationRun, "run", watched)
    go_on(tiny.data, first.trajectory, tmp_path / "next", transfer_settings(**training))
    assert len(seen) == 8
    for seed, found in seen:
        body = read_checkpoint(first.trajectory / f"seed{seed}" / "iteration0000000.safetensors").weights
        model = transfer_settings().model
        fresh = weights_of(build_model(model, (1, 8, 8), 10, torch_generator(seed, "next_task/init")))
        for name, value in found.items():
            np.testing.assert_array_equal(value, (body if name.startswith("body.") else fresh)[name])


@pytest.mark.usefixtures("save_always")
def test_annealed_adam_that_is_killed_goes_on_to_the_same_checkpoints(tiny: TinyStudy, tmp_path: Path) -> None:
    settings = pre_train_settings(**EVERYTHING)
    whole = pre_train(tiny.data, tmp_path / "whole", settings)
    dies(lambda: pre_train(tiny.data, tmp_path / "killed", settings), dying(Progress, "show", 3))
    killed = pre_train(tiny.data, tmp_path / "killed", settings)
    for seed in (3, 4):
        folders = [files.trajectory / f"seed{seed}" for files in (whole, killed)]
        assert contents_of(folders[0]) == contents_of(folders[1])


def test_a_reset_head_is_a_checkpoint_with_a_fresh_head(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    source, output = trajectory / trajectory_name(3), tmp_path / "after"
    files = InterveneFiles({(SEED, 3): source}, {(SEED, 3): output}, tiny.data, {SEED: tiny.split})
    for reset in (False, True):  # a checkpoint has no optimizer to reset
        chosen = {"name": "reset_head", "reset_optimizer": reset}
        intervene(files, settings=intervene_settings(chosen), threads=1)
        store, found = open_store(tiny.data), read_checkpoint(output).weights
        fresh = weights_of(
            build_model(Chosen(**MLP), store.image_shape, store.num_classes, torch_generator(SEED, "fresh"))
        )
        for name, value in read_checkpoint(source).weights.items():
            np.testing.assert_array_equal(found[name], fresh[name] if name.startswith("head.") else value)


def test_an_intervention_of_ones_own_that_breaks_its_contract_is_one_line(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path
) -> None:
    files = InterveneFiles(
        {(SEED, 3): trajectory / trajectory_name(3)}, {(SEED, 3): tmp_path / "after"}, tiny.data, {SEED: tiny.split}
    )
    chosen = {"name": "own_components:Forgetful"}
    message = r"^intervention Forgetful, weights: expected the network's own names, got 'body\.1\.bias' left out$"
    with pytest.raises(PlasticityError, match=message):
        intervene(files, settings=intervene_settings(chosen), threads=1)
    assert not (tmp_path / "after").exists()


# The permuted study


@pytest.fixture(scope="module")
def first_tasks(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """First tasks by plain descent and by everything at once."""
    folder = tmp_path_factory.mktemp("first")
    other = first_settings(epochs=(1, 2), name="other", **ONLINE)
    return Trained(
        tiny.data,
        {
            "plain": train_first(tiny.data, folder / "plain", first_settings(epochs=(1,))),
            "other": train_first(tiny.data, folder / "other", other),
        },
    )


HEAD = {"name": "reset_head", "reset_optimizer": True}
OTHER: dict[str, Any] = {"first_task": "other", "following": ONLINE, "tasks": 2}
MIXED = following_settings(
    arm("adam", following=ADAM, tasks=2),
    arm("everything", **OTHER),
    arm("head", **OTHER, intervention=HEAD, intervene_after="every_task"),
    arm("plain", tasks=2),
    arm("random_init", **OTHER, intervention=RESET, intervene_after="every_task"),
    arm("later", first_task="other", epochs=2, following={**ONLINE, "learning_rate": 0.001}, tasks=2),
)


@pytest.fixture(scope="module")
def mixed(first_tasks: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("mixed") / "tasks.parquet"
    first_tasks.follow(output, MIXED)
    return output


def test_a_first_task_that_is_killed_goes_on_to_the_same_files(
    tiny: TinyStudy, first_tasks: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    settings = first_settings(epochs=(1, 2), name="other", **ONLINE)
    dies(lambda: train_first(tiny.data, tmp_path, settings), dying(Unfinished, "save", 1))
    killed, whole = train_first(tiny.data, tmp_path, settings), first_tasks.first_tasks["other"]
    assert contents_of(killed.trajectory) == contents_of(whole.trajectory)
    assert killed.history.read_bytes() == whole.history.read_bytes()


def test_following_tasks_that_are_killed_go_on_to_the_same_bytes(
    first_tasks: Trained, mixed: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tasks.parquet"
    dies(lambda: first_tasks.follow(output, MIXED), dying(Unfinished, "save", 1))
    first_tasks.follow(output, MIXED)
    assert output.read_bytes() == mixed.read_bytes()


def test_arms_do_not_depend_on_each_other(first_tasks: Trained, mixed: Path, tmp_path: Path) -> None:
    table = read_table(mixed, "following_tasks")
    for single in MIXED.arms:
        found = first_tasks.follow(tmp_path / single.name, following_settings(single))
        rows = table.loc[table["arm"] == single.name].reset_index(drop=True)
        for name in ("task", "seed", "online_accuracy"):
            assert found[name].tolist() == rows[name].tolist(), (single.name, name)
        # Stacks of other sizes sum in another order.
        np.testing.assert_allclose(found["nc1"], rows["nc1"], rtol=1e-3)


def test_a_network_that_is_reset_before_every_task_has_no_past(
    first_tasks: Trained, mixed: Path, tmp_path: Path
) -> None:
    """Neither weights nor initial weights nor the optimizer's state: the first task's length changes nothing."""
    reset = {"intervention": RESET, "intervene_after": "every_task", "following": {**ONLINE, "hooks": None}}
    arms = [arm("one", first_task="other", epochs=epochs, **reset) for epochs in (1, 2)]
    found = [first_tasks.follow(tmp_path / str(place), following_settings(each)) for place, each in enumerate(arms)]
    assert found[0].drop(columns="first_task_epochs").equals(found[1].drop(columns="first_task_epochs"))


def test_the_optimizer_of_the_first_task_goes_on_where_it_fits(first_tasks: Trained, tmp_path: Path) -> None:
    kept = read_checkpoint(first_tasks.first_tasks["other"].trajectory / checkpoint_name(SEEDS[0], 1)).weights
    assert {name.split("/")[1] for name in kept if "/" in name} == {"exp_avg", "exp_avg_sq", "step"}
    assert int(kept["optimizer/step/head.weight"]) == 60 / 4
    following = {**ADAM, "penalty": {"name": "none"}}
    carried = first_tasks.follow(tmp_path / "a", following_settings(arm("a", first_task="other", following=following)))
    head: Any = {"intervention": {"name": "own_components:ForgetOptimizer"}}
    reset = first_tasks.follow(
        tmp_path / "b", following_settings(arm("a", first_task="other", following=following, **head))
    )
    other = {**following, "optimizer": {"name": "rmsprop"}}
    fresh = first_tasks.follow(tmp_path / "c", following_settings(arm("a", first_task="other", following=other)))
    assert len({tuple(table["nc1"]) for table in (carried, reset, fresh)}) == 3


def test_the_log_says_why_the_compiled_loop_is_not_used(
    first_tasks: Trained, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "plasticity"):
        first_tasks.follow(tmp_path / "tasks", following_settings(arm("adam", following=ADAM, tasks=1), arm("plain")))
    told = [record.getMessage() for record in caplog.records if "compiled loop" in record.getMessage()]
    assert set(told) == {"adam: using stacked tensors instead of the compiled loop, because of optimizer adam"}
    assert torch.is_grad_enabled()


def test_a_momentum_that_the_optimizer_has_not_is_one_line(tiny: TinyStudy, tmp_path: Path) -> None:
    message = "^momentum: expected 0 with the optimizer adam, which has none, got 0.9$"
    with pytest.raises(PlasticityError, match=message):
        tiny.warm_up(tmp_path / "up", warm_up_settings(optimizer={"name": "adam"}))
    with pytest.raises(PlasticityError, match=message):
        train_first(tiny.data, tmp_path / "first", first_settings(optimizer={"name": "adam"}, momentum=0.9))
    assert not (tmp_path / "up" / "trajectory" / FOLDER).exists()


METRICS = [{"name": "own_components:activity", "power": 1.0}]
MEASURE = {"measure": {"probe_images": 50, "metrics": METRICS}}


def test_a_metric_of_ones_own_is_a_column_of_a_checkpoint(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    checkpoints = checkpoints_of(trajectory, 0, 2)
    table = tiny.measure(tmp_path / "table", checkpoints, measure_settings(metrics=METRICS))
    plain = read_table(tiny.measure(tmp_path / "plain", checkpoints), "collapse")
    found = read_table(table, "collapse")
    assert (found.pop("activity") > 0).all()
    pd.testing.assert_frame_equal(found, plain)
    assert unknown_numbers(table, "collapse") == ["activity"]
    lost = read_checkpoint(checkpoints[2])
    lost.weights["head.weight"][:] = np.nan
    write_checkpoint(tmp_path / "lost", lost.weights, lost.settings)
    (row,) = read_table(
        tiny.measure(table, {2: tmp_path / "lost"}, measure_settings(metrics=METRICS)), "collapse"
    ).activity
    assert np.isnan(row)


def test_a_metric_of_ones_own_is_a_column_of_every_task(tiny: TinyStudy, tmp_path: Path) -> None:
    first = train_first(tiny.data, tmp_path / "first", first_settings(shared=MEASURE), seeds=[1])
    assert (read_table(first.history, "first_task")["activity"].to_numpy() > 0).all()
    settings = following_settings(arm("continual"), shared=MEASURE)
    rows = Trained(tiny.data, {"plain": first}).follow(tmp_path / "rows", settings, seeds=[1])
    assert (rows["activity"].to_numpy() > 0).all()
    files = AssembleFiles([("plain", first.history)], [tmp_path / "rows"], tmp_path / "metrics")
    plain = {"name": "continual", "first_task": "plain", "epochs": 1, "nc1_below": None, "max_epochs": None}
    arms = [{**plain, "experiment": "experiment", "reference": "continual"}]
    assemble_permuted(files, settings=AssembleTasksSettings.of({"arms": arms}))
    assert read_table(tmp_path / "metrics", "permuted")["activity"].tolist()[1:] == rows["activity"].tolist()
