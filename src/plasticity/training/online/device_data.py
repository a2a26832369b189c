"""What a job of a sequence of tasks keeps in memory: the training images, and a network to measure with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity.config.slices import OnlineSettings
from plasticity.config.training_section import Optimisation
from plasticity.data.image_tensors import ImageTensors
from plasticity.data.store import ImageStore, class_counts, open_store
from plasticity.jobs.device import place, prepare_device
from plasticity.metrics.measure_network import network_metrics
from plasticity.metrics.own_metric import OwnMetric, own_metrics
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.models.units import Units
from plasticity.seeding import torch_generator
from plasticity.storage.schemas import Table, find_table
from plasticity.storage.weights import load_weights, weights_of
from plasticity.tasks.sequence import Supply, Task, TaskSequence
from plasticity.training.online.pixels import Pixels, pixels_of_images
from plasticity.training.online.stack import Network
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step_hooks import hooks_of

_KEYS = ("seed", "epoch", "diverged")

Row = dict[str, Any]


@dataclass(frozen=True)
class DeviceData:
    """The data of one job.

    Attributes:
        store: The prepared data set.
        settings: The network, the tasks, what is measured.
        device: Where networks are measured, and trained unless the kernel does it.
    """

    store: ImageStore
    settings: OnlineSettings
    device: torch.device

    @cached_property
    def own(self) -> tuple[OwnMetric, ...]:
        """Metrics of the user's own code."""
        return own_metrics(self.settings.measure.metrics or ())

    def table(self, name: str) -> Table:
        """Return a table with the columns of the user's own metrics."""
        return find_table(name).with_columns(each.column for each in self.own)

    @cached_property
    def pixels(self) -> Pixels:
        """The training images with pixels in [0, 1], as the released code scales them: no mean is subtracted."""
        return pixels_of_images(self.store.train_images, self.store.train_labels, self.store.num_classes)

    @cached_property
    def _images(self) -> ImageTensors:
        pixels, labels = (torch.from_numpy(np.array(a)) for a in (self.store.train_images, self.store.train_labels))
        zero = torch.zeros((), device=self.device)
        return ImageTensors(pixels.to(self.device), labels.to(self.device), mean=zero, std=zero + 1)

    @cached_property
    def _model(self) -> Classifier:
        model = self.build(torch_generator(0, "init"))
        place(model, self.device)
        return model

    @cached_property
    def spare(self) -> Classifier:
        """A network on the CPU whose weights nobody reads, for drawing others and for names."""
        return self.build(torch_generator(0, "init"))

    @cached_property
    def _supply(self) -> Supply:
        labels, size = np.asarray(self.store.train_labels), math.prod(self.store.image_shape)
        return Supply(labels, self.store.num_classes, size, self.settings.train_size)

    @cached_property
    def _sequence(self) -> TaskSequence:
        return self.settings.tasks.make(TaskSequence)

    def task(self, seed: int, number: int) -> Task:
        """Return a task of a seed.

        Raises:
            PlasticityError: If it has no image of some class, or there are fewer images than asked for.
        """
        task = self._sequence.task(self._supply, seed, number)
        labels = self.labels_of(task)[task.images]
        class_counts(labels, self.store.class_names, f"permuted.train_size {len(labels)}, seed {seed}")
        return task

    def labels_of(self, task: Task) -> NDArray[np.int64]:
        """Return a task's labels by row of the training set, int64 (N,)."""
        return self._supply.labels if task.labels is None else task.labels

    def fresh_network(self, seed: int, purpose: str, index: int = 0) -> Network:
        """Return the tensors of a freshly initialised network."""
        return weights_of(self.build(torch_generator(seed, purpose, index)))

    def draw(self, generator: torch.Generator) -> Network:
        """Return the tensors of a network that is drawn from the generator; for hooks, which draw in every step."""
        self.spare.initialise(generator)
        return weights_of(self.spare)

    @cached_property
    def units(self) -> Sequence[Units]:
        """The units of each hidden layer, for hooks."""
        return self.spare.units()

    def images_of(self, task: Task, *, permuted: bool = False) -> tuple[ImageTensors, torch.Tensor]:
        """Return the training images with a task's labels, and the rows (n,) of those that belong to the task.

        Args:
            task: The task.
            permuted: Return the task's images alone, their pixels where the task has them.
        """
        images, rows = self._images, torch.from_numpy(task.images).to(self.device)
        if task.labels is not None:
            images = replace(images, labels=torch.from_numpy(task.labels).to(self.device))
        if not permuted or np.array_equal(task.positions, np.arange(len(task.positions))):
            return images, rows
        positions = torch.from_numpy(task.positions).to(self.device)
        pixels = moved_pixels(images.pixels[rows], positions)
        every = torch.arange(len(rows), device=self.device)
        return replace(images, pixels=pixels, labels=images.labels[rows]), every

    def measure(self, network: Network, task: Task, *, permuted: bool = False) -> Row:
        """Return collapse, ranks and accuracy of a network on the training images of a task.

        Args:
            network: Its tensors.
            task: The task.
            permuted: The network reads the pixels where the task has them; otherwise where the images have them.
        """
        load_weights(self._model, network)
        images, rows = self.images_of(task, permuted=permuted)
        probe_images = self.settings.measure.probe_images
        row: Row = network_metrics(self._model, images, rows, probe_images=probe_images, own=self.own)
        row["train_accuracy"] = row.pop("warm_up_train_accuracy")
        return row

    def diverged_row(self) -> Row:
        """Return the row of a network whose weights or outputs stopped being finite: no number, and `diverged`."""
        numbers = [name for name in self.table("first_task").names if name not in _KEYS]
        return dict.fromkeys(numbers) | {"diverged": True}

    def build(self, generator: torch.Generator) -> Classifier:
        """Return a network whose weights are drawn from the generator, on the CPU."""
        return build_model(self.settings.model, self.store.image_shape, self.store.num_classes, generator)


def open_device_data(data: Path, settings: OnlineSettings, threads: int) -> DeviceData:
    """Open the prepared data set and choose the device."""
    return DeviceData(open_store(data), settings, prepare_device(threads))


def reads_initial(training: Optimisation) -> bool:
    """Say whether a training reads the weights that networks began their lives with."""
    penalty = penalty_of(training.penalty)
    return any(reader.reads_initial for reader in (*hooks_of(training.hooks), *([penalty] if penalty else ())))


def moved_pixels(pixels: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return images (n, H, W, C) whose pixel p, in the order (C, H, W), went to positions[p], int64 (C·H·W,)."""
    count, height, width, channels = pixels.shape
    rows = pixels.permute(0, 3, 1, 2).flatten(1).index_select(1, torch.argsort(positions))
    return rows.view(count, channels, height, width).permute(0, 2, 3, 1).contiguous()
