"""Networks of any architecture, one after another in batches, by the step that all other trainings take as well."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.jobs.device import place
from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator
from plasticity.stages.learners.device_data import DeviceData, Row
from plasticity.stages.learners.kept_network import KeptNetwork, arrays_of, tensors_of
from plasticity.storage.checkpoints import all_finite
from plasticity.storage.weights import load_weights, weights_of
from plasticity.tasks.sequence import Task
from plasticity.training.batch_norm import Recalibration, normalises_batches
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.online.stack import Network
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of


@dataclass
class NetworkLearner:
    """Networks that are loaded for an epoch each; `plasticity.stages.learners.learner` says what its methods do.

    Attributes:
        data: Data of the job.
        seeds: The seed of each network.
        networks: The networks.
    """

    data: DeviceData
    seeds: Sequence[int]
    networks: list[KeptNetwork]
    _steps: dict[tuple[str, int], TrainingStep] = field(default_factory=dict)

    def train_epoch(
        self, replicas: Sequence[int], *, task: int, epoch: int, training: Optimisation
    ) -> NDArray[np.float64]:
        """Train the networks that are still finite, one after another."""
        found = [self._train(replica, task, epoch, training) for replica in replicas]
        return np.array(found, np.float64)

    def _train(self, replica: int, number: int, epoch: int, training: Optimisation) -> float:
        """Train one network for an epoch; return its online accuracy, NaN if it diverges or has before."""
        whole, task = self.networks[replica], self._task(replica, number)
        if not all_finite(whole.weights):
            return math.nan
        outputs = self.data.outputs_of(task)
        kept = whole if outputs == self.data.outputs else whole.with_outputs(self.data.head, outputs)
        step = self._step(training, outputs)
        self._load(step, kept, self.seeds[replica], "first_task" if number == 1 else "following")
        step.images, rows = self.data.images_of(task, permuted=True)
        # What belongs to the task may stand alone in these images: each row is named by its place among the task's own.
        order = rows[torch.from_numpy(np.searchsorted(task.images, task.order(epoch))).to(rows.device)]
        sums = train_epoch(step, order, batch_size=training.batch_size)
        _unload(step, kept)
        if kept is not whole:
            whole.put_outputs(kept, outputs)
        return sums.accuracy if math.isfinite(sums.loss) and all_finite(kept.weights) else math.nan

    def _step(self, training: Optimisation, outputs: int) -> TrainingStep:
        """Return the step of a training, whose weights and images are to come; a job makes one of each training."""
        key = training.canonical(), outputs
        if key not in self._steps:
            model = self._placed(outputs)
            images, _ = self.data.images_of(self._task(0, 1))
            penalty, hooks = penalty_of(training.penalty), hooks_of(training.hooks)
            self._steps[key] = TrainingStep(model, bind_optimiser(model, training), images, penalty, hooks=hooks)
        return self._steps[key]

    def _load(self, step: TrainingStep, kept: KeptNetwork, seed: int, purpose: str) -> None:
        """Put a network and what its training keeps into a step."""
        load_weights(step.model, kept.weights)
        step.reset()
        step.optimizer.load(tensors_of(kept.optimizer))
        step.view.load(tensors_of(kept.penalty))
        if step.view.reads_initial:
            step.view.begin_life(kept.initial)
        if kept.hooks:
            step.at_work.load(tensors_of(kept.hooks))
        step.at_work.begin(seed, purpose)

    def measure(self, replica: int, task: int) -> Row:
        """Measure a network on images as it saw them."""
        return self.data.measure(self.networks[replica].weights, self._task(replica, task), permuted=True)

    def intervene(self, replica: int, intervention: Intervention, task: int) -> None:
        """Change a network before a task; statistics are estimated anew on the images of the task before."""
        seed, kept = self.seeds[replica], self.networks[replica]
        before = kept.state(self.data.fresh_network(seed, "fresh", task), *self._names)
        before = replace(before, next_task=self.data.next_task(intervention, seed, task))
        kept.put_state(intervened(intervention, before))
        if intervention.recalibrates and self._normalises:
            kept.weights = self._recalibrated(kept.weights, self._task(replica, task - 1))

    def checkpoint(self, replica: int) -> Network:
        """Return a network and its optimizer."""
        return self.networks[replica].checkpoint()

    def tensors(self) -> Network:
        """Return all arrays, by "replica/part/name"."""
        return {
            f"{replica}/{key}": array
            for replica, kept in enumerate(self.networks)
            for key, array in kept.tensors().items()
        }

    def restore(self, tensors: Mapping[str, NDArray]) -> None:
        """Take all networks from these arrays."""
        for replica in range(len(self.networks)):
            start = f"{replica}/"
            found = {key.removeprefix(start): array for key, array in tensors.items() if key.startswith(start)}
            self.networks[replica] = KeptNetwork.of_tensors(found)

    def _task(self, replica: int, number: int) -> Task:
        return self.data.task(self.seeds[replica], number)

    def _placed(self, outputs: int | None = None) -> Classifier:
        """Return another network of the architecture, on the device."""
        model = self.data.build(torch_generator(0, "init"), outputs)
        place(model, self.data.device)
        return model

    @cached_property
    def _spare(self) -> Classifier:
        return self._placed()

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        """Names of the head's parameters and of all buffers."""
        return self.data.head, [name for name, _ in self._spare.named_buffers()]

    @cached_property
    def _normalises(self) -> bool:
        return normalises_batches(self._spare)

    def _recalibrated(self, weights: Network, task: Task) -> Network:
        images, rows = self.data.images_of(task, permuted=True)
        self._spare.train()
        return Recalibration(self._spare, images)(weights, rows.cpu().numpy())


def _unload(step: TrainingStep, kept: KeptNetwork) -> None:
    """Take a network and what its training keeps out of a step."""
    kept.weights = weights_of(step.model)
    kept.optimizer = arrays_of(step.optimizer.state())
    kept.hooks, kept.penalty = arrays_of(step.at_work.state()), arrays_of(step.view.state())
