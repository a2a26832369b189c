"""What a job of a sequence of tasks keeps in memory: images and tasks, and networks to measure with."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from plasticity.config.slices import OnlineSettings
from plasticity.config.training_section import Optimisation
from plasticity.data.store import open_store
from plasticity.jobs.device import place, prepare_device
from plasticity.metrics.measure_network import network_metrics
from plasticity.metrics.own_metric import OwnMetric, own_metrics
from plasticity.models.classifier import Classifier, head_names
from plasticity.models.model_registry import build_model
from plasticity.models.units import Units
from plasticity.seeding import numpy_generator, torch_generator
from plasticity.stages.learners.task_data import TaskData
from plasticity.storage.schemas import Table, find_table
from plasticity.storage.weights import load_weights, weights_of
from plasticity.tasks.sequence import Task
from plasticity.training.epoch import accuracy
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.online.outputs import network_with_outputs
from plasticity.training.online.stack import Network
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step_hooks import hooks_of
from plasticity.training.task_ahead import TaskAhead

_KEYS = ("seed", "epoch", "diverged")

Row = dict[str, Any]


@dataclass(frozen=True)
class DeviceData(TaskData):
    """The data of one job, and its networks; they are measured on its device, and trained there but by the kernel."""

    @cached_property
    def own(self) -> tuple[OwnMetric, ...]:
        """Metrics of the user's own code."""
        return own_metrics(self.settings.measure.metrics or ())

    def table(self, name: str) -> Table:
        """Return a table with the columns of the user's own metrics."""
        return find_table(name).with_columns(each.column for each in self.own)

    @cached_property
    def _models(self) -> dict[int, Classifier]:
        """Networks to measure with, by the number of their outputs."""
        return {}

    def _model(self, outputs: int) -> Classifier:
        if outputs not in self._models:
            self._models[outputs] = self.build(torch_generator(0, "init"), outputs)
            place(self._models[outputs], self.device)
        return self._models[outputs]

    @cached_property
    def spare(self) -> Classifier:
        """A network on the CPU whose weights nobody reads, for drawing others and for names."""
        return self.build(torch_generator(0, "init"))

    @cached_property
    def head(self) -> list[str]:
        """Names of the head's parameters."""
        return head_names(self.spare)

    @cached_property
    def parameters(self) -> list[str]:
        """Names of all parameters."""
        return [name for name, _ in self.spare.named_parameters()]

    def fresh_network(self, seed: int, purpose: str, index: int = 0) -> Network:
        """Return the tensors of a freshly initialised network, with the output layer that tasks begin with."""
        weights = weights_of(self.build(torch_generator(seed, purpose, index)))
        zeros = self.head if self.sequence.head_of_task == "zero" else ()
        return weights | {name: 0 * weights[name] for name in zeros}

    def draw(self, generator: torch.Generator, outputs: int | None = None) -> Network:
        """Return the tensors of a network that is drawn from the generator; for hooks, which draw in every step.

        Args:
            generator: The generator.
            outputs: How many of its first outputs; None is all.
        """
        self.spare.initialise(generator)
        return self.with_outputs(weights_of(self.spare), outputs or self.outputs)

    def with_outputs(self, network: Network, outputs: int) -> Network:
        """Return a network's tensors with its first outputs alone."""
        return network if outputs == self.outputs else network_with_outputs(network, self.head, outputs)

    @cached_property
    def units(self) -> Sequence[Units]:
        """The units of each hidden layer, for hooks."""
        return self.spare.units()

    def next_task(self, intervention: Intervention, seed: int, number: int) -> TaskAhead | None:
        """Return a task of a seed as an intervention sees it before it is learnt; None if it does not read it."""
        if not intervention.reads_next_task:
            return None
        task = self.task(seed, number)
        images, rows = self.images_of(task, permuted=True)
        # Stored images may be sorted by class, and each batch is to be of all classes.
        order = torch.from_numpy(numpy_generator(seed, "task_ahead", number).permutation(len(rows)))
        return TaskAhead(self._model(self.outputs), images, rows[order.to(rows.device)], self.outputs_of(task))

    def measure(self, network: Network, task: Task, *, permuted: bool = False) -> Row:
        """Return collapse, ranks and accuracy of a network on a task's training images, and its test accuracy.

        Args:
            network: Its tensors.
            task: The task.
            permuted: The network reads the pixels where the task has them; otherwise where the images have them.
        """
        outputs = self.outputs_of(task)
        model = self._model(outputs)
        load_weights(model, self.with_outputs(network, outputs))
        probe_images, tested = self.settings.measure.probe_images, self.test_images_of(task, permuted=permuted)
        images = self.images_of(task, permuted=permuted)
        # A task's own labels do not show whether the data set is sorted by class.
        classes = torch.from_numpy(self.store.train_labels[task.images])
        row: Row = network_metrics(model, *images, probe_images=probe_images, own=self.own, classes=classes)
        row["train_accuracy"] = row.pop("warm_up_train_accuracy")
        row["test_accuracy"] = None if tested is None else accuracy(model, *tested)
        return row | {"classes": None if task.classes is None else " ".join(map(str, task.classes))}

    def diverged_row(self) -> Row:
        """Return the row of a network whose weights or outputs stopped being finite: no number, and `diverged`."""
        numbers = [name for name in self.table("first_task").names if name not in _KEYS]
        return dict.fromkeys(numbers) | {"diverged": True}

    def build(self, generator: torch.Generator, outputs: int | None = None) -> Classifier:
        """Return a network whose weights are drawn from the generator, on the CPU.

        Args:
            generator: The generator.
            outputs: Its outputs; None is all that networks have.
        """
        return build_model(self.settings.model, self.store.image_shape, outputs or self.outputs, generator)


def open_device_data(data: Path, settings: OnlineSettings, threads: int) -> DeviceData:
    """Open the prepared data set and choose the device."""
    return DeviceData(open_store(data), settings, prepare_device(threads))


def reads_initial(training: Optimisation) -> bool:
    """Say whether a training reads the weights that networks began their lives with."""
    penalty = penalty_of(training.penalty)
    return any(reader.reads_initial for reader in (*hooks_of(training.hooks), *([penalty] if penalty else ())))
