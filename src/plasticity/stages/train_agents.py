"""Stage: train agents in their environment, all seeds of a job in one stack, keeping weights on the way."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from plasticity.config.agent_slices import TrainAgentsSettings
from plasticity.data.store import ImageStore, open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import describe_device, prepare_device
from plasticity.jobs.device import place as put_on
from plasticity.jobs.live_curves import LiveCurves
from plasticity.jobs.logs import logger
from plasticity.jobs.progress import Progress
from plasticity.jobs.stopping import stoppable
from plasticity.jobs.unfinished import Unfinished
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.agent_processes import processes_of, seen_by
from plasticity.stages.training_files import TrainingFiles
from plasticity.storage.checkpoints import iteration_name, seed_folder, write_checkpoint
from plasticity.storage.files import digest_of
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import write_table
from plasticity.training.agents.q_agents import Period, QAgents
from plasticity.training.agents.q_values import QValues
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.trajectory_writer import hand_over

Row = dict[str, Any]


def run(job: Job) -> None:
    """Train the agents of the job's seeds."""
    files = TrainingFiles.of(job)
    train_agents(files, settings=job.slice(TrainAgentsSettings), seeds=job.seeds, threads=job.threads, code=job.code)


@stoppable()
def train_agents(
    files: TrainingFiles, *, settings: TrainAgentsSettings, seeds: Sequence[int], threads: int, code: str
) -> None:
    """Train an arm's agents; a killed training continues from a finished period.

    Args:
        files: Prepared data and the outputs.
        settings: Environment, network, learning and checkpoints.
        seeds: Seeds of this job: images, first weights and every draw derive from each.
        threads: CPU threads.
        code: Fingerprint of the stage; unfinished work of other code is not continued.

    Raises:
        PlasticityError: If a seed's images lack a class, or the network or a method is none for agents.
    """
    device, store = prepare_device(threads), open_store(files.data)
    inputs = {"settings": settings.plain(), "seeds": list(seeds), "data": store.digest, "code": code}
    work = Unfinished(files.unfinished / "state.safetensors", digest_of(inputs))
    agents = _open_agents(store, settings, seeds, device)
    training = AgentTraining(agents, settings, files.unfinished / files.trajectory.name)
    with training.curves:
        training.train(work)
    rows = [row for rows in training.rows for row in rows]
    frame = pd.DataFrame(rows).sort_values(["seed", "step"], ignore_index=True)
    write_table(frame, files.history, "agent_history", provenance(settings.plain(), describe_device(device)))
    hand_over(files.unfinished, files.trajectory, {seed_folder(seed): work for seed in seeds})


def _open_agents(
    store: ImageStore, settings: TrainAgentsSettings, seeds: Sequence[int], device: torch.device
) -> QAgents:
    seen = seen_by(processes_of(store, settings.environment, settings.train_size, seeds), store, device)
    outputs, networks = QValues.outputs(store.num_classes, settings.learning), []
    for seed in seeds:
        network = build_model(settings.model, store.image_shape, outputs, torch_generator(seed, "init"))
        put_on(network, device)
        networks.append(network)
    return QAgents(networks, seen.processes, seen.images, settings.learning, seeds)


@dataclass
class AgentTraining:
    """Agents on their way through the periods between target networks.

    Attributes:
        agents: The agents.
        settings: As the stage's.
        folder: Where checkpoints go until all are there.
        rows: A list per period, with a row per agent.
        curves: Reward and right actions per step, for who watches.
    """

    agents: QAgents
    settings: TrainAgentsSettings
    folder: Path
    rows: list[list[Row]] = field(default_factory=list)
    curves: LiveCurves = field(default_factory=LiveCurves)

    def train(self, work: Unfinished) -> None:
        """Train until the last checkpoint."""
        chosen = self.settings.intervention
        intervention = None if chosen is None else chosen.make(Intervention)
        if saved := work.load():
            self.agents.load({name: torch.from_numpy(value) for name, value in saved.weights.items()})
            self.rows = saved.settings["state"]
        else:
            self._keep()
        period = self.settings.learning.target_period
        progress = Progress(self.settings.arm, self.settings.checkpoints[-1] // period, unit="period")
        for number in range(len(self.rows) + 1, progress.epochs + 1):
            start = time.monotonic()
            found = self.agents.run_period()
            self._note(found)
            if self._step in self.settings.checkpoints:
                self._keep()
            if intervention is not None:
                self.agents.intervene(intervention)
            if work.due:
                work.save({name: value.numpy() for name, value in self.agents.state().items()}, self.rows)
            seconds = time.monotonic() - start
            progress.show(number, float(found.right.mean()), period * len(found.right) / seconds)

    @property
    def _step(self) -> int:
        return self.agents.periods * self.settings.learning.target_period

    def _note(self, period: Period) -> None:
        """Add the rows of a period; what an agent without finite weights does is no behaviour."""
        finite, rows = self.agents.finite().tolist(), []
        for place, seed in enumerate(self.agents.seeds):
            found = {"reward": period.reward, "right_actions": period.right, "loss": period.loss}
            values = {name: float(value[place]) if finite[place] else None for name, value in found.items()}
            rows.append({"seed": seed, "step": self._step, **values, "diverged": not finite[place]})
            title = f"{self.settings.arm}, seed {seed}"
            if not finite[place] and not (self.rows and self.rows[-1][place]["diverged"]):
                logger.warning("%s: weights are not finite at step %d; the agent has diverged", title, self._step)
            self.curves.add(title, self._step, reward=values["reward"], right_actions=values["right_actions"])
        self.rows.append(rows)

    def _keep(self) -> None:
        """Keep the weights of all agents as checkpoints."""
        header = {key: value for key, value in self.settings.plain().items() if key != "checkpoints"}
        for place, (seed, finite) in enumerate(zip(self.agents.seeds, self.agents.finite().tolist(), strict=True)):
            more = {"stage": "train_agents", "seed": seed, "iteration": self._step, "diverged": not finite}
            path = self.folder / seed_folder(seed) / iteration_name(self._step)
            write_checkpoint(path, self.agents.network_of(place), {**header, **more})
