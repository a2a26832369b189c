"""Stages of agents on digits: what they write, that a killed one goes on to the same bits, and what is measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plasticity.config.agent_slices import AssembleAgentsSettings, MeasureAgentsSettings, TrainAgentsSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.jobs import unfinished
from plasticity.jobs.adapter import Files, Job
from plasticity.stages.agent_processes import processes_of, seen_by
from plasticity.stages.measure_agents import MeasureFiles, measure_agents, tell_costs
from plasticity.stages.prepare import prepare
from plasticity.stages.train_agents import train_agents
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import iterations_in, read_checkpoint
from plasticity.storage.tables import read_table
from plasticity.studies.agents.assemble import assemble_agents
from plasticity.training.agents.q_agents import QAgents
from tiny_study import contents_of

SEEDS = (3, 4)
SEEN: dict[str, Any] = {
    "experiment": "none",
    "arm": "none_random_label",
    "environment": "random_label",
    "train_size": 150,
    "model": {"name": "mlp", "hidden": [12, 8]},
}
LEARNING: dict[str, Any] = {"batch_size": 8, "replay": 30, "target_period": 10, "optimizer": {"name": "adam"}}
TWO_HOT = {"lowest": 0.0, "highest": 10.0, "bins": 3}
METHODS: dict[str, Any] = {
    "learning": {"penalty": {"name": "l2_init", "weight": 0.01}, "hooks": [{"name": "clip_weights", "factor": 2}]},
    "intervention": {"name": "shrink_perturb", "shrink": 0.9, "perturb": 0.1},
}


class Killed(BaseException):
    """What a signal does to a stage: it passes every `except Exception`."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(DataSetSettings(name="digits", reader="digits"), tmp_path_factory.mktemp("digits"))


def settings(learning: dict[str, Any] | None = None, **more: Any) -> TrainAgentsSettings:
    given = {"learning": {**LEARNING, **(learning or {})}, "checkpoints": [0, 20, 40], **more}
    return TrainAgentsSettings.of({**SEEN, **given})


def train(data: Path, folder: Path, given: TrainAgentsSettings, seeds: tuple[int, ...] = SEEDS) -> TrainingFiles:
    files = TrainingFiles(data, folder / "trajectory", folder / "history.parquet")
    train_agents(files, settings=given, seeds=seeds, threads=1, code="code")
    return files


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingFiles:
    return train(data, tmp_path_factory.mktemp("trained"), settings(**METHODS))


def measure_settings(**more: Any) -> MeasureAgentsSettings:
    probe = {"images": 40, "targets": 2, "steps": 5, "batch_size": 10, "head": "kept"}
    asked = {"probe_images": 50, "gradients": {"images": 20}, "probe": probe, **more.pop("measure", {})}
    given = {"two_hot": None, "training": {"learning_rate": 0.01}, "measure": asked, **more}
    return MeasureAgentsSettings.of({**SEEN, **given})


def measure(data: Path, trajectory: Path, output: Path, **more: Any) -> Path:
    files, settings = MeasureFiles(data, trajectory, output), measure_settings(**more)
    measure_agents(files, settings=settings, seeds=SEEDS, threads=1)
    return output


def test_the_cost_is_said_before_agents_are_trained(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    inputs, measured = Files(named={"data": (data,)}), measure_settings().canonical()
    with caplog.at_level("INFO"):
        tell_costs(Job(input=inputs, params={"seeds": SEEDS, "measured": measured}))
    assert "measuring a checkpoint: gradients about " in caplog.text


def test_processes_show_the_seeds_own_images(data: Path) -> None:
    store = open_store(data)
    whole = processes_of(store, "random_label", 150, SEEDS)
    seen = seen_by(whole, store, torch.device("cpu"))
    for process, numbered in zip(whole, seen.processes, strict=True):
        assert (process.labels >= 0).sum() == 150
        rows = np.unique(np.concatenate(process.rows))
        own = np.unique(np.concatenate(numbered.rows))
        assert (process.right[rows] == numbered.right[own]).all()
        assert (process.labels[rows] == numbered.labels[own]).all()
    alone = processes_of(store, "random_label", 150, SEEDS[1:])[0]
    assert (alone.right == whole[1].right).all()
    assert len(seen.images) < 300  # images that both see are there once


def test_trajectory_and_history_have_every_agent(trained: TrainingFiles) -> None:
    history = read_table(trained.history, "agent_history")
    assert history.groupby("seed")["step"].agg(list).to_dict() == {3: [10, 20, 30, 40], 4: [10, 20, 30, 40]}
    assert history["reward"].between(0, 1).all()
    for seed in SEEDS:
        found = iterations_in(trained.trajectory / f"seed{seed}")
        assert tuple(found) == (0, 20, 40)
        header = read_checkpoint(found[40]).settings
        assert (header["stage"], header["seed"], header["diverged"]) == ("train_agents", seed, False)
    assert sorted(path.name for path in trained.trajectory.parent.iterdir()) == ["history.parquet", "trajectory"]


@pytest.mark.parametrize("period", [2, 4])
def test_a_killed_job_goes_on_to_the_same_checkpoints(
    data: Path, trained: TrainingFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, period: int
) -> None:
    run = QAgents.run_period

    def fatal(self: QAgents) -> Any:
        if self.periods == period - 1:
            raise Killed
        return run(self)

    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(QAgents, "run_period", fatal)
        with pytest.raises(Killed):
            train(data, tmp_path, settings(**METHODS))
    files = train(data, tmp_path, settings(**METHODS))
    for seed in SEEDS:
        assert contents_of(files.trajectory / f"seed{seed}") == contents_of(trained.trajectory / f"seed{seed}")
    assert files.history.read_bytes() == trained.history.read_bytes()
    assert not files.unfinished.exists()


def test_seeds_of_a_job_do_not_depend_on_each_other(data: Path, trained: TrainingFiles, tmp_path: Path) -> None:
    alone = train(data, tmp_path, settings(**METHODS), seeds=(4,))
    found, wanted = (iterations_in(each.trajectory / "seed4") for each in (alone, trained))
    for step, path in found.items():
        one, other = read_checkpoint(path).weights, read_checkpoint(wanted[step]).weights
        for name, value in one.items():
            np.testing.assert_allclose(value, other[name], rtol=1e-4, atol=1e-6)


def test_images_without_a_class_are_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="expected an image of every class, got none of class"):
        train(data, tmp_path, settings(train_size=5))


def test_every_checkpoint_is_measured_on_the_right_actions(data: Path, trained: TrainingFiles, tmp_path: Path) -> None:
    hessian = {"images": 10, "probes": 2, "steps": 2, "exact_up_to": 0}
    asked = {"curvature": {"images": 10, "hessian": hessian}}
    output = measure(data, trained.trajectory, tmp_path / "measured.parquet", measure=asked)
    rows = read_table(output, "agent_checkpoints")
    assert rows.groupby("seed")["step"].agg(list).to_dict() == {3: [0, 20, 40], 4: [0, 20, 40]}
    numbers = [
        "nc1",
        "nc4",
        "weight_rank",
        "greedy_accuracy",
        "probe_loss",
        "fresh_probe_loss",
        "gradient_rank",
        "hessian_trace",
    ]
    assert np.isfinite(rows[numbers].to_numpy()).all()
    assert rows["greedy_accuracy"].lt(0.5).to_numpy().all()  # random labels, hardly trained
    settings_of = AssembleAgentsSettings.of(
        {"arms": [{"name": SEEN["arm"], "network": "mlp", "optimizer": "adam", "target_period": 20}]}
    )
    assemble_agents([output], [(SEEN["arm"], trained.history)], tmp_path / "agents.parquet", settings=settings_of)
    table = read_table(tmp_path / "agents.parquet", "agents")
    assert table["reward"].isna().tolist() == (table["step"] == 0).tolist()
    assert set(table["network"]) == {"mlp"}


def test_two_hot_values_have_no_classifier(data: Path, tmp_path: Path) -> None:
    files = train(data, tmp_path, settings({"two_hot": TWO_HOT}))
    output = measure(data, files.trajectory, tmp_path / "measured.parquet", two_hot=TWO_HOT)
    rows = read_table(output, "agent_checkpoints")
    assert rows[["nc2", "nc3", "nc4", "nc3_self_duality", "nc4_disagreement"]].isna().to_numpy().all()
    assert np.isfinite(rows[["nc1", "cdnv", "effective_rank", "greedy_accuracy", "probe_loss"]].to_numpy()).all()


def test_agents_that_diverge_have_rows_without_numbers(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING"):
        files = train(data, tmp_path, settings({"learning_rate": 1e30, "optimizer": {"name": "sgd"}}))
    assert sum("the agent has diverged" in line for line in caplog.messages) == len(SEEDS)
    assert read_table(files.history, "agent_history")["diverged"].to_list()[-1]
    rows = read_table(measure(data, files.trajectory, tmp_path / "measured.parquet"), "agent_checkpoints")
    assert rows["diverged"].tolist() == (rows["step"] > 0).tolist()
    assert rows.loc[rows["diverged"], "probe_loss"].isna().all()
