"""The landscape in the tables of the stages: filled where it is asked for, and nothing else changes."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import tiny_train_test
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import open_store
from plasticity.jobs.adapter import Files, Job
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages import measure_collapse, measure_variances
from plasticity.stages.branches import checkpoint_name
from plasticity.stages.draw_split import read_split
from plasticity.stages.landscape.checkpoint_measures import Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.stages.learners.device_data import open_device_data
from plasticity.stages.task_landscape import TaskLandscape
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.tables import read_table, unknown_columns
from plasticity.storage.weights import load_weights
from plasticity.training.online.stack import Network
from tiny_permuted import SEEDS, SHARED, SHRINK, Trained, arm, first_settings, following_settings, train_first
from tiny_study import SEED, Killed, TinyStudy, checkpoints_of, measure_settings

GRADIENTS: dict[str, Any] = {"images": 20, "every": 2, "keep": True}
LANDSCAPE: dict[str, Any] = {
    "gradients": GRADIENTS,
    "curvature": {"images": 6},
    "probe": {"images": 20, "targets": 2, "steps": 3, "batch_size": 10, "every": 3},
}
ASKED: dict[str, Any] = {**SHARED, "measure": {**SHARED["measure"], **LANDSCAPE}}


def test_a_warm_up_has_it_at_every_second_checkpoint(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    checkpoints, settings = checkpoints_of(trajectory, 0, 1, 2), measure_settings(gradients=GRADIENTS)
    plain = read_table(tiny.measure(tmp_path / "plain", checkpoints), "collapse")
    asked = tiny.measure(tmp_path / "asked", checkpoints, settings)
    rows = read_table(asked, "collapse")
    names = [column.name for column in landscape_columns(settings.measure, starts=True)]
    assert [column.name for column in unknown_columns(asked, "collapse")] == names
    pd.testing.assert_frame_equal(rows.drop(columns=names), plain)
    assert rows[names].notna().to_numpy().all(axis=1).tolist() == [True, False, True]
    assert "gradients of 20 images" in unknown_columns(asked, "collapse")[0].description
    store = open_store(tiny.data)
    draw = partial(build_model, settings.model, store.image_shape, store.num_classes)
    images, full = train_tensors(store, torch.device("cpu")), read_split(tiny.split, store).full_indices
    full = torch.from_numpy(np.array(full))
    model = draw(torch_generator(0, "init"))
    load_weights(model, read_checkpoint(checkpoints[2]).weights)
    start = Measures(settings.measure).row(model, Ground(images, full, SEED, draw), 2, start=True)
    _assert_alike(_row(rows, warm_up_epoch=2), start)  # fine-tuning starts on the full set, after any intervention
    assert start["start_gradient_rank"] != _row(rows, warm_up_epoch=2)["gradient_rank"]


def test_its_cost_is_said_before_the_networks_are_trained(tiny: TinyStudy, caplog: pytest.LogCaptureFixture) -> None:
    inputs = Files(named={"data": (tiny.data,), "splits": (tiny.split,)})
    halves = measure_settings(gradients=GRADIENTS)
    parts = tiny_train_test.measure_settings(gradients=GRADIENTS)
    for tell, settings in ((measure_collapse.tell_costs, halves), (measure_variances.tell_costs, parts)):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            tell(Job(input=inputs, params={"seeds": (SEED,), "measured": settings.canonical()}))
        (line,) = [record.message for record in caplog.records if "measuring" in record.message]
        assert line.startswith("measuring a checkpoint: gradients about ")
        assert line.endswith(" s at one in 2; as long again at the start of the next task")


def test_a_sequence_that_asks_for_nothing_builds_nothing(tiny: TinyStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = following_settings(arm("plain"))
    landscape = TaskLandscape(open_device_data(tiny.data, settings, 1))
    monkeypatch.setattr(TaskLandscape, "ground", None)
    landscape.begin(SEEDS[0], settings.arms[0].following)


@pytest.fixture(scope="module")
def trained(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A first task of three epochs, of which the first and the third are kept."""
    first = train_first(tiny.data, tmp_path_factory.mktemp("first"), first_settings(shared=ASKED))
    return Trained(tiny.data, {"plain": first})


def _directly(trained: Trained, network: Network, task: int, *, start: bool = False) -> dict[str, Any]:
    """What is measured of a network at a task of the first seed, without a stage."""
    settings = following_settings(arm("plain"), shared=ASKED)
    data, store = open_device_data(trained.data, settings, 1), open_store(trained.data)
    model = build_model(settings.model, store.image_shape, store.num_classes, torch_generator(0, "init"))
    load_weights(model, network)
    measures = Measures(settings.measure, settings.arms[0].following)
    return dict(measures.row(model, TaskLandscape(data).ground(SEEDS[0], task), task - 1, start=start))


def _row(rows: pd.DataFrame, **keys: Any) -> dict[str, Any]:
    for key, value in keys.items():
        rows = rows.loc[rows[key] == value]
    return rows.to_dict("records")[0]


def _assert_alike(row: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal up to rounding, numbers and lists of them, in the columns that are expected."""
    for name, value in expected.items():
        np.testing.assert_allclose(np.asarray(row[name], float), np.asarray(value), rtol=1e-6, err_msg=name)


def test_a_first_task_has_its_start_and_the_epochs_at_which_arms_leave_it(trained: Trained) -> None:
    rows = read_table(trained.first_tasks["plain"].history, "first_task")
    rows = rows.loc[rows["seed"] == SEEDS[0]]
    assert rows["gradient_rank"].notna().tolist() == [True, False, True]
    assert rows["start_probe_loss"].notna().tolist() == [True, False, True]
    assert rows["start_gradient_rank"].nunique() == 1
    data = open_device_data(trained.data, following_settings(arm("plain"), shared=ASKED), 1)
    start = _directly(trained, data.fresh_network(SEEDS[0], "init"), 1, start=True)
    found = _row(rows, epoch=1)
    _assert_alike(found, start)


def test_a_killed_training_goes_on_with_them(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, save, saved = following_settings(arm("plain"), shared=ASKED), Unfinished.save, []
    whole = trained.follow(tmp_path / "whole", settings)

    def dying(self: Unfinished, tensors: Network, state: object) -> None:
        save(self, tensors, state)
        saved.append(self)
        if len(saved) == 2:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Unfinished, "save", dying)
        trained.follow(tmp_path / "killed", settings)
    pd.testing.assert_frame_equal(trained.follow(tmp_path / "killed", settings), whole)


def test_following_tasks_have_start_and_end_on_their_own_data(trained: Trained, tmp_path: Path) -> None:
    arms = arm("plain"), arm("shrunk", intervention=SHRINK, intervene_after="every_task")
    plain = trained.follow(tmp_path / "plain", following_settings(*arms))
    rows = trained.follow(tmp_path / "asked", following_settings(*arms, shared=ASKED))
    pd.testing.assert_frame_equal(rows.drop(columns=[name for name in rows if name not in plain]), plain)
    ours = rows.loc[(rows["seed"] == SEEDS[0]) & (rows["arm"] == "plain")]
    assert ours["task"].tolist() == [2, 3, 4]
    assert ours["kronecker_rank"].notna().tolist() == [True] * 3
    assert (
        ours["gradient_rank"].notna().tolist() == ours["start_gradient_rank"].notna().tolist() == [False, True, False]
    )
    assert ours["probe_loss"].notna().tolist() == [False, False, True]
    checkpoint = read_checkpoint(trained.first_tasks["plain"].trajectory / checkpoint_name(SEEDS[0], 1))
    start = _directly(trained, checkpoint.weights, 2, start=True)
    found = _row(ours, task=2)
    _assert_alike(found, start)
    shrunk = _row(rows, seed=SEEDS[0], arm="shrunk", task=2)
    assert shrunk["start_kronecker_rank"] != found["start_kronecker_rank"]  # it is measured after the intervention
