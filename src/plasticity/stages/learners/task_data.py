"""The images of a job of a sequence of tasks, and its tasks."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity.config.slices import OnlineSettings
from plasticity.data.image_tensors import ImageTensors
from plasticity.data.store import ImageStore, class_counts
from plasticity.stages.task_stores import supply_of
from plasticity.tasks.sequence import Task, TaskSequence, task_of
from plasticity.tasks.supply import Supply
from plasticity.training.online.pixels import Pixels, pixels_of_images

_KEPT = 4  # sets of images; networks that train side by side on other tasks than the rest have one of their own


@dataclass(frozen=True)
class TaskData:
    """The data of one job.

    Attributes:
        store: The prepared data set.
        settings: The network, the tasks, what is measured.
        device: Where images are, but for those of the kernel.
    """

    store: ImageStore
    settings: OnlineSettings
    device: torch.device

    def pixels_of(self, rows: NDArray[np.int64]) -> Pixels:
        """Return training images with pixels in [0, 1], as the released code scales them: no mean is subtracted.

        As rows without zeros they take many times the memory of bytes, so only those of the tasks at hand are kept.

        Args:
            rows: Which of them, int64 (n,).
        """
        key = rows.tobytes()
        if key not in self._pixels:
            while len(self._pixels) >= _KEPT:
                del self._pixels[next(iter(self._pixels))]
            images, labels = self.store.train_images[rows], self.store.train_labels[rows]
            self._pixels[key] = pixels_of_images(images, labels, self.store.num_classes)
        return self._pixels[key]

    @cached_property
    def _pixels(self) -> dict[bytes, Pixels]:
        return {}

    @cached_property
    def _images(self) -> ImageTensors:
        return self._tensors(self.store.train_images, self.store.train_labels)

    @cached_property
    def _test_images(self) -> ImageTensors:
        return self._tensors(self.store.test_images, self.store.test_labels)

    def _tensors(self, images: NDArray, labels: NDArray) -> ImageTensors:
        pixels, numbers = (torch.from_numpy(np.array(array)) for array in (images, labels))
        zero = torch.zeros((), device=self.device)
        return ImageTensors(pixels.to(self.device), numbers.to(self.device), mean=zero, std=zero + 1)

    @cached_property
    def _supply(self) -> Supply:
        return supply_of(self.store, self.settings.train_size)

    @cached_property
    def sequence(self) -> TaskSequence:
        """The sequence of tasks."""
        return self.settings.tasks.make(TaskSequence)

    @cached_property
    def outputs(self) -> int:
        """Outputs of the networks."""
        return self.sequence.outputs(self.store.num_classes)

    def outputs_of(self, task: Task) -> int:
        """Return how many of their first outputs a task uses: as many as it has classes."""
        return self.outputs if task.classes is None else len(task.classes)

    def task(self, seed: int, number: int) -> Task:
        """Return a task of a seed.

        Raises:
            PlasticityError: If it has no image of some class, or there are fewer images than asked for.
        """
        task = task_of(self.sequence, self._supply, seed, number)
        labels, names = self.labels_of(task)[task.images], self.store.class_names
        names = names if task.classes is None else [names[label] for label in task.classes]
        class_counts(labels, names, f"permuted.train_size {len(labels)}, seed {seed}")
        return task

    def labels_of(self, task: Task) -> NDArray[np.int64]:
        """Return a task's labels by row of the training set, int64 (N,)."""
        return self._supply.labels if task.labels is None else task.labels

    def images_of(self, task: Task, *, permuted: bool = False) -> tuple[ImageTensors, torch.Tensor]:
        """Return the training images with a task's labels, and the rows (n,) of those that belong to the task.

        Args:
            task: The task.
            permuted: Return the task's images alone, their pixels where the task has them.
        """
        return self._of_task(self._images, task, task.images, task.labels, permuted=permuted)

    def test_images_of(self, task: Task, *, permuted: bool = False) -> tuple[ImageTensors, torch.Tensor] | None:
        """Return the test images of a task, as `images_of` does; None where it has none."""
        if task.test_images is None:
            return None
        return self._of_task(self._test_images, task, task.test_images, task.test_labels, permuted=permuted)

    def _of_task(
        self,
        images: ImageTensors,
        task: Task,
        chosen: NDArray[np.int64],
        labels: NDArray[np.int64] | None,
        *,
        permuted: bool,
    ) -> tuple[ImageTensors, torch.Tensor]:
        rows = torch.from_numpy(chosen).to(self.device)
        if labels is not None:
            images = replace(images, labels=torch.from_numpy(labels).to(self.device))
        if not permuted or np.array_equal(task.positions, np.arange(len(task.positions))):
            return images, rows
        positions = torch.from_numpy(task.positions).to(self.device)
        pixels = moved_pixels(images.pixels[rows], positions)
        every = torch.arange(len(rows), device=self.device)
        return replace(images, pixels=pixels, labels=images.labels[rows]), every


def moved_pixels(pixels: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return images (n, H, W, C) whose pixel p, in the order (C, H, W), went to positions[p], int64 (C·H·W,)."""
    count, height, width, channels = pixels.shape
    rows = pixels.permute(0, 3, 1, 2).flatten(1).index_select(1, torch.argsort(positions))
    return rows.view(count, channels, height, width).permute(0, 2, 3, 1).contiguous()
