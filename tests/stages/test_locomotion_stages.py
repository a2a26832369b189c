"""Stages of locomotion on a cheap body: what they write and measure, and that a killed one goes on to the same bits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from plasticity.config.locomotion_section import Ground
from plasticity.config.locomotion_slices import (
    AssembleLocomotionSettings,
    MeasurePoliciesSettings,
    TrainPolicySettings,
)
from plasticity.jobs import unfinished
from plasticity.jobs.adapter import Job
from plasticity.models.mlp import MLP
from plasticity.seeding import torch_generator
from plasticity.stages.measure_policies import measure_policies, quantities_of, tell_costs
from plasticity.stages.train_policy import OBSERVATIONS, PolicyFiles, train_policy
from plasticity.storage.checkpoints import iterations_in, read_checkpoint
from plasticity.storage.tables import read_table
from plasticity.studies.locomotion.assemble import LocomotionFiles, assemble_locomotion, returns_by_task
from plasticity.training.agents.policy_agent import PolicyAgent
from tiny_study import contents_of

SEED = 3
WALKED: dict[str, Any] = {
    "experiment": "none",
    "arm": "none",
    "ground": {"name": "InvertedPendulum-v5", "change_every": 100, "tasks": 3, "frictions": {"first": [1.0]}},
    "model": {"name": "mlp", "hidden": [12, 8]},
}
LEARNING: dict[str, Any] = {"rollout": 32, "epochs": 2, "batch_size": 16, "learning_rate": 0.003}
METHODS: dict[str, Any] = {
    "penalty": {"name": "l2_init", "weight": 0.01},
    "hooks": [{"name": "continual_backprop", "replacement_rate": 0.1, "maturity": 3}],
}


class Killed(BaseException):
    """What a signal does to a stage: it passes every `except Exception`."""


@pytest.fixture(autouse=True)
def _needs_mujoco() -> None:
    pytest.importorskip("mujoco")


def train(folder: Path, seeds: Sequence[int] = (SEED,), **learning: Any) -> PolicyFiles:
    files = PolicyFiles(folder / "trajectory", folder / "history.parquet")
    settings = TrainPolicySettings.of({**WALKED, "learning": {**LEARNING, **METHODS, **learning}})
    train_policy(files, settings=settings, seeds=seeds, threads=1, code="code")
    return files


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> PolicyFiles:
    pytest.importorskip("mujoco")
    return train(tmp_path_factory.mktemp("trained"))


HESSIAN = {"images": 10, "probes": 2, "steps": 2, "exact_up_to": 0}
ASKED = {
    "layers": {"images": 30, "hidden": 2},
    "curvature": {"images": 10, "hessian": HESSIAN},
    "gradients": {"images": 10},
    "probe": {"images": 20, "targets": 2, "steps": 5, "batch_size": 10, "head": "kept"},
}
MEASURED = MeasurePoliciesSettings.of({**WALKED, "measure": ASKED, "training": {"learning_rate": 0.01}})


def measure(trajectory: Path, output: Path) -> pd.DataFrame:
    measure_policies(trajectory, output, settings=MEASURED, seeds=(SEED,), threads=1)
    return read_table(output, "policy_checkpoints")


def test_the_cost_is_said_before_an_agent_walks(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        tell_costs(Job(params={"seeds": (SEED,), "measured": MEASURED.canonical()}))
    assert "measuring a checkpoint: gradients about " in caplog.text


def test_checkpoints_are_the_last_updates_of_the_tasks(trained: PolicyFiles) -> None:
    history = read_table(trained.history, "policy_history")
    assert history["step"].tolist() == list(range(32, 289, 32))
    tasks = history["task"].tolist()
    assert tasks == sorted(tasks)
    assert set(tasks) == {1, 2, 3}
    assert len(set(zip(tasks, history["friction"].tolist(), strict=True))) == 3
    found = iterations_in(trained.trajectory / f"seed{SEED}")
    assert tuple(found) == (0, 96, 192, 288)
    for task, path in enumerate(found.values()):
        checkpoint = read_checkpoint(path)
        said = checkpoint.settings
        assert (said["stage"], said["seed"], said["task"]) == ("train_policy", SEED, task)
        assert checkpoint.weights[OBSERVATIONS].shape == (32, 4)
    assert sorted(path.name for path in trained.trajectory.parent.iterdir()) == ["history.parquet", "trajectory"]


@pytest.mark.parametrize("update", [1, 4, 9])
def test_a_killed_job_goes_on_to_the_same_checkpoints(
    trained: PolicyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: int
) -> None:
    act = PolicyAgent.act

    def fatal(self: PolicyAgent, environment: Any) -> Any:
        if self.updates == update - 1:
            raise Killed
        return act(self, environment)

    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(PolicyAgent, "act", fatal)
        with pytest.raises(Killed):
            train(tmp_path)
    files = train(tmp_path)
    assert contents_of(files.trajectory / f"seed{SEED}") == contents_of(trained.trajectory / f"seed{SEED}")
    assert files.history.read_bytes() == trained.history.read_bytes()
    assert not files.unfinished.exists()


def test_a_seed_that_a_killed_job_has_no_more_leaves_nothing(
    trained: PolicyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = PolicyAgent.act

    def fatal(self: PolicyAgent, environment: Any) -> Any:
        if self.seed == SEED + 2:
            raise Killed
        return act(self, environment)

    with monkeypatch.context() as patch:
        patch.setattr(PolicyAgent, "act", fatal)
        with pytest.raises(Killed):
            train(tmp_path, (SEED, SEED + 1, SEED + 2))
    files = train(tmp_path, (SEED, SEED + 2))
    assert sorted(path.name for path in files.trajectory.glob("seed*")) == [f"seed{SEED}", f"seed{SEED + 2}"]
    assert contents_of(files.trajectory / f"seed{SEED}") == contents_of(trained.trajectory / f"seed{SEED}")
    assert not files.unfinished.exists()


def test_a_diverged_agent_is_recorded_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    learn = PolicyAgent.learn

    def spoilt(self: PolicyAgent, rollout: Any) -> Any:
        losses = learn(self, rollout)
        if self.updates == 4:
            with torch.no_grad():
                self.log_std[0] = torch.nan
        return losses

    monkeypatch.setattr(PolicyAgent, "learn", spoilt)
    files = train(tmp_path)
    history = read_table(files.history, "policy_history")
    assert history["diverged"].tolist() == [False] * 3 + [True] * 6
    assert history.loc[3:, ["episode_return", "reward", "value_loss"]].isna().to_numpy().all()
    assert caplog.text.count("none, seed 3: weights are not finite at step 128; the agent has diverged") == 1
    rows = measure(files.trajectory, tmp_path / "checkpoints.parquet")
    assert rows["diverged"].tolist() == [False, False, True, True]
    assert rows["effective_rank"].isna().tolist() == [False, False, True, True]


def test_actor_and_critic_are_measured_at_every_change(trained: PolicyFiles, tmp_path: Path) -> None:
    rows = measure(trained.trajectory, tmp_path / "checkpoints.parquet")
    assert rows["task"].tolist() == [0, 1, 2, 3]
    short = [name for name in rows if name == "probe_over_fresh" or "hessian_rank" in name]  # few steps are too few
    assert rows.drop(columns=short).notna().to_numpy().all()
    assert rows["action_std"].tolist()[0] == 1
    assert 1 <= min(rows["effective_rank_layer_2"]) <= max(rows["effective_rank_layer_2"]) <= 8
    assert {"probe_loss", "gradient_rank", "gauss_newton_largest", "critic_dead_units"} <= set(rows)
    output = tmp_path / "metrics.parquet"
    files = LocomotionFiles(
        [tmp_path / "checkpoints.parquet"], [(("none", "none"), trained.history)], output, tmp_path / "returns.parquet"
    )
    assemble_locomotion(files, settings=AssembleLocomotionSettings.of({"arms": ["none"], "ground": WALKED["ground"]}))
    table = read_table(output, "locomotion")
    assert table["friction"].isna().tolist() == [True, False, False, False]
    assert table["task_return"].tolist()[1] == table["next_return"].tolist()[0]
    assert len(read_table(tmp_path / "returns.parquet", "returns")) == 9


def test_quantities_of_a_network_whose_layers_are_known() -> None:
    model = MLP(hidden=(4, 2)).create((1, 1, 2), 1, torch_generator(1, "init"))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        weights = dict(model.named_parameters())
        weights["body.1.weight"][:2] = torch.eye(2)
        weights["body.3.weight"][0, 0] = 2
    found = quantities_of(model, torch.tensor([[1.0, 2.0], [3.0, 1.0]])[:, None, None])
    assert found["effective_rank"] == pytest.approx(1)  # one unit of two is active
    assert found["dead_units"] == pytest.approx(3 / 6)
    assert found["weight_norm"] == pytest.approx(np.sqrt(1 + 1 + 4))


def test_returns_of_tasks_are_means_over_episodes_of_whole_updates() -> None:
    updates = pd.DataFrame(
        {
            "arm": "none",
            "seed": 1,
            "step": range(10, 201, 10),
            "task": [1] * 10 + [2] * 10,
            "friction": [0.5] * 10 + [2.0] * 10,
            "episodes": [2, *[1] * 18, 0],
            "episode_return": [1.0, *range(2, 20), None],
        }
    )
    rows = returns_by_task(updates, Ground(change_every=100, tasks=2)).set_index("task")
    assert rows.loc[1, ["first_return", "last_return", "friction"]].tolist() == [1, 10, 0.5]
    assert rows.loc[1, "task_return"] == pytest.approx((2 * 1 + sum(range(2, 11))) / 11)
    assert rows.loc[2, "first_return"] == 11
    assert np.isnan(rows.loc[2, "last_return"])
    assert np.isnan(rows.loc[2, "next_return"])
    assert rows.loc[0, "next_return"] == rows.loc[1, "task_return"]
