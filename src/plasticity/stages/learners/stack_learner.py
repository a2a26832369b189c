"""Perceptrons of ReLU units side by side: by the compiled loop where that can do it, by stacked tensors elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.stages.learners.device_data import DeviceData, Row
from plasticity.tasks.sequence import Task
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.online.online_sgd import by_kernel, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.outputs import put_outputs, with_outputs
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.replicas import checkpoint_of, put_state, state_of
from plasticity.training.online.stack import Network, Stack


@dataclass(frozen=True)
class StackLearner:
    """A stack of networks; `plasticity.stages.learners.learner` says what its methods do.

    Attributes:
        data: Data of the job.
        seeds: The seed of each network.
        threads: CPU threads.
        stack: The networks.
    """

    data: DeviceData
    seeds: Sequence[int]
    threads: int
    stack: Stack

    def train_epoch(
        self, replicas: Sequence[int], *, task: int, epoch: int, training: Optimisation
    ) -> NDArray[np.float64]:
        """Train the networks that are still finite, side by side."""
        found = np.full(len(replicas), np.nan)
        alive = np.flatnonzero(self.stack.take(replicas).finite()).tolist()
        if alive:
            chosen = [replicas[place] for place in alive]
            found[alive] = self._train(chosen, task, epoch, training)
        return found

    def _train(self, replicas: list[int], task: int, epoch: int, training: Optimisation) -> NDArray[np.float64]:
        """Train finite networks; return their online accuracies, NaN for those that diverge."""
        seeds = [self.seeds[replica] for replica in replicas]
        tasks = [self.data.task(seed, task) for seed in seeds]
        positions = np.stack([each.positions for each in tasks])
        orders = np.stack([each.order(epoch) for each in tasks])
        whole, outputs = self.stack.take(replicas), self.data.outputs_of(tasks[0])
        part = whole if outputs == self.data.outputs else with_outputs(whole, outputs)
        part.permute_inputs(positions)
        of_seeds = {each.seed: each.images for each in tasks}
        images = np.unique(np.concatenate(list(of_seeds.values())))
        # One image per step keeps no GPU busy, and the kernel's numbers are the same on every machine.
        device = "cpu" if by_kernel(training) else self.data.device.type
        draw = partial(self.data.draw, outputs=outputs)
        origin = Origin(seeds, "first_task" if task == 1 else "following", draw, self.data.units)
        pixels, places = self._pixels(tasks, images), np.searchsorted(images, orders)
        record = train_online(part, pixels, places, training, device=device, threads=self.threads, origin=origin)
        part.restore_inputs(positions)
        if part is not whole:
            put_outputs(whole, part)
        self.stack.put(replicas, whole)
        return record.accuracy

    def _pixels(self, tasks: Sequence[Task], images: NDArray[np.int64]) -> Pixels:
        """Return training images, those at these rows, with the labels that each network learns."""
        pixels = self.data.pixels_of(images)
        if all(each.labels is None for each in tasks):
            return pixels
        labels = np.stack([self.data.labels_of(each)[images] for each in tasks])
        return replace(pixels, labels=labels, num_classes=self.data.outputs_of(tasks[0]))

    def measure(self, replica: int, task: int) -> Row:
        """Measure a network on the images as they are: its first layer is reordered instead of their pixels."""
        found, part = self.data.task(self.seeds[replica], task), self.stack.take([replica])
        part.permute_inputs(found.positions[None])
        return self.data.measure(part.network(0), found)

    def intervene(self, replica: int, intervention: Intervention, task: int) -> None:
        """Change a network before a task."""
        seed = self.seeds[replica]
        before = state_of(self.stack, replica, self.data.fresh_network(seed, "fresh", task))
        before = replace(before, next_task=self.data.next_task(intervention, seed, task))
        put_state(self.stack, replica, intervened(intervention, before))

    def checkpoint(self, replica: int) -> Network:
        """Return a network and its optimizer."""
        return checkpoint_of(self.stack, replica)

    def tensors(self) -> Network:
        """Return all arrays of the stack."""
        return self.stack.tensors()

    def restore(self, tensors: Mapping[str, NDArray]) -> None:
        """Overwrite all arrays of the stack."""
        self.stack.restore(tensors)
