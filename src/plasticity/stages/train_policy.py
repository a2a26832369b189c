"""Stage: train agents with a policy on ground whose friction changes, keeping their networks at the changes."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from plasticity.config.locomotion_slices import TrainPolicySettings
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, prepare_cpu
from plasticity.jobs.live_curves import LiveCurves
from plasticity.jobs.logs import logger
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.checkpoints import iteration_name, seed_folder, write_checkpoint
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table
from plasticity.tasks.slippery_ground import SlipperyGround
from plasticity.training.agents.policy_agent import Losses, PolicyAgent
from plasticity.training.agents.rollout import Rollout
from plasticity.training.agents.state_parts import part_of
from plasticity.training.trajectory_writer import hand_over

OBSERVATIONS = "observations"
"""Name of the observations (N, D) beside a checkpoint's weights: those of the last rollout before it."""

Row = dict[str, Any]


@dataclass(frozen=True)
class PolicyFiles:
    """What a job writes: a folder of checkpoints, and the history."""

    trajectory: Path
    history: Path

    @property
    def unfinished(self) -> Path:
        """Folder of the unfinished training, beside the trajectory."""
        return self.trajectory.with_name(f".{self.trajectory.name}.unfinished")


def run(job: Job) -> None:
    """Train the agents of the job's seeds."""
    files = PolicyFiles(job.output["trajectory"], job.output["history"])
    train_policy(files, settings=job.slice(TrainPolicySettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def train_policy(
    files: PolicyFiles, *, settings: TrainPolicySettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train agents one after the other; a killed training continues from a finished update.

    Environment and networks stay on the CPU: an action at a time gives a GPU nothing to do.

    Args:
        files: The outputs.
        settings: Ground, network and learning.
        seeds: First weights, frictions, episodes and every draw of an agent derive from its seed.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.

    Raises:
        PlasticityError: If there is no such environment, or the network or a method is none for it.
    """
    device = describe_device(prepare_cpu(threads))
    folder, rows, works = files.unfinished / files.trajectory.name, list[Row](), dict[str, Unfinished]()
    for seed in seeds:
        digest = digest_of({"settings": settings.plain(), "seed": seed, "code": code})
        work = Unfinished(files.unfinished / f"state_{seed}" / "state.safetensors", digest)
        works[seed_folder(seed)] = work
        ground = SlipperyGround(settings.ground, seed)
        training = PolicyTraining(_open_agent(settings, ground, seed), ground, settings, folder)
        with training.curves:
            training.train(work)
        rows += training.rows
    write_table(pd.DataFrame(rows), files.history, "policy_history", provenance(settings.plain(), device))
    hand_over(files.unfinished, files.trajectory, works)


def _open_agent(settings: TrainPolicySettings, ground: SlipperyGround, seed: int) -> PolicyAgent:
    seen = (1, 1, ground.observation_size)
    actor, critic = (
        build_model(settings.model, seen, outputs, torch_generator(seed, f"locomotion/{name}"))
        for name, outputs in (("actor", ground.action_size), ("critic", 1))
    )
    return PolicyAgent(actor, critic, settings.learning, seed)


@dataclass
class PolicyTraining:
    """An agent on its way from ground to ground.

    Attributes:
        agent: The agent.
        ground: Where it walks.
        settings: As the stage's.
        folder: Where checkpoints go until all are there.
        rows: A row per update.
        curves: Returns, for who watches.
    """

    agent: PolicyAgent
    ground: SlipperyGround
    settings: TrainPolicySettings
    folder: Path
    rows: list[Row] = field(default_factory=list)
    curves: LiveCurves = field(default_factory=LiveCurves)

    def train(self, work: Unfinished) -> None:
        """Train until the last task's end."""
        if saved := work.load():
            self._load(saved.weights)
            self.rows = saved.settings["state"]
        else:
            shutil.rmtree(self.folder / seed_folder(self.agent.seed), ignore_errors=True)
        progress = Progress(self._title, max(self._ends), unit="update", score="return", things="steps")
        for number in range(len(self.rows) + 1, progress.epochs + 1):
            start = time.monotonic()
            self._update(number)
            if number == progress.epochs or work.due:
                work.save(self._state(), self.rows)
            gained, seconds = self.rows[-1]["episode_return"], time.monotonic() - start
            progress.show(number, np.nan if gained is None else gained, self.settings.learning.rollout / seconds)

    @cached_property
    def _ends(self) -> dict[int, int]:
        """Number of the last update of each task -> the task."""
        asked, rollout = self.settings.ground, self.settings.learning.rollout
        return {task * asked.change_every // rollout: task for task in range(1, asked.tasks + 1)}

    @property
    def _title(self) -> str:
        return f"{self.settings.arm}, seed {self.agent.seed}"

    def _update(self, number: int) -> None:
        """Act and learn once, and keep the networks at the end of a task; an agent that diverged acts no more."""
        step, seen = number * self.settings.learning.rollout, None
        if self.rows and self.rows[-1]["diverged"]:
            self.rows.append({**self.rows[-1], "step": step})
        else:
            row = {"seed": self.agent.seed, "step": step, "task": self.ground.task, "friction": self.ground.friction}
            rollout = self.agent.act(self.ground)
            seen = rollout.observations
            if number == 1:
                self._keep(0, 0, seen)
            losses = self.agent.learn(rollout)
            self.rows.append({**row, **_row_of(rollout, losses, finite=self.agent.finite())})
            if self.rows[-1]["diverged"]:
                logger.warning("%s: weights are not finite at step %d; the agent has diverged", self._title, step)
            self.curves.add(self._title, step, episode_return=self.rows[-1]["episode_return"])
        if number in self._ends:
            self._keep(step, self._ends[number], seen)

    def _keep(self, step: int, task: int, seen: NDArray[np.float32] | None) -> None:
        """Keep the networks, with what the agent has just seen where it still acts."""
        weights = {name: value.numpy() for name, value in self.agent.weights().items()}
        weights |= {} if seen is None else {OBSERVATIONS: seen}
        more = {"stage": "train_policy", "seed": self.agent.seed, "iteration": step, "task": task}
        path = self.folder / seed_folder(self.agent.seed) / iteration_name(step)
        write_checkpoint(path, weights, {**self.settings.plain(), **more, "diverged": not self.agent.finite()})

    def _state(self) -> dict[str, NDArray]:
        agent = {f"agent/{name}": value.numpy() for name, value in self.agent.state().items()}
        return agent | {f"ground/{name}": value for name, value in self.ground.state().items()}

    def _load(self, state: Mapping[str, NDArray]) -> None:
        agent = {name: torch.from_numpy(value) for name, value in state.items() if name.startswith("agent/")}
        self.agent.load(part_of(agent, "agent"))
        self.ground.load({name: state[f"ground/{name}"] for name in self.ground.state()})


def _row_of(rollout: Rollout, losses: Losses, *, finite: bool) -> Row:
    """Return what a row says of an update; nothing of one after which weights are not finite."""
    ended = len(rollout.returns)
    found = {
        "episode_return": float(np.mean(rollout.returns)) if ended else None,
        "episode_length": float(np.mean(rollout.lengths)) if ended else None,
        "reward": float(rollout.rewards.mean()),
        "policy_loss": losses.policy,
        "value_loss": losses.value,
    }
    values = {name: value if finite else None for name, value in found.items()}
    return {"episodes": ended if finite else 0, **values, "diverged": not finite}
