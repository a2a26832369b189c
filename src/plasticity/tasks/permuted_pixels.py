"""The tasks of one seed: which permutation of the pixels each is, and in which order its images come."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.slices import SequenceSettings
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator


@dataclass(frozen=True)
class TaskStream:
    """Tasks of one seed, numbered from 1; all arms of the seed see the same ones.

    Attributes:
        seed: The run's seed.
        images: Rows of the training set that the tasks use, int64 (n,).
        num_pixels: Pixels of an image, D.
        composed: Permute the pixels of the task before, as the released code does, instead of the images' own. A
            uniformly random permutation of permuted pixels is again uniformly random and independent of the ones
            before, so both give the same distribution of tasks; drawn afresh, a task needs none of its predecessors.
        reshuffled: Draw a new order for every epoch of a task; the released code keeps a task's order.
    """

    seed: int
    images: NDArray[np.int64]
    num_pixels: int
    composed: bool
    reshuffled: bool

    def positions(self, task: int) -> NDArray[np.int64]:
        """Return where each pixel goes in a task, int64 (D,)."""
        if not self.composed:
            return self._permutation(task)
        found = np.arange(self.num_pixels)
        for earlier in range(1, task + 1):
            found = self._permutation(earlier)[found]
        return found

    def order(self, task: int, epoch: int) -> NDArray[np.int64]:
        """Return the rows of the training set in the order of one epoch (from 1) of a task, int64 (n,)."""
        index = epoch - 1 if self.reshuffled else 0
        return self.images[numpy_generator(self.seed, f"permuted/order/{task}", index).permutation(len(self.images))]

    def _permutation(self, task: int) -> NDArray[np.int64]:
        return numpy_generator(self.seed, "permuted/pixels", task).permutation(self.num_pixels)


def task_stream(settings: SequenceSettings, seed: int, *, num_images: int, num_pixels: int) -> TaskStream:
    """Return the tasks of a seed.

    Args:
        settings: How many images, and how the tasks are drawn.
        seed: The run's seed.
        num_images: Images in the training set.
        num_pixels: Pixels of an image.

    Raises:
        PlasticityError: If more images are asked for than there are.
    """
    size = settings.train_size or num_images
    if size > num_images:
        raise PlasticityError(f"permuted.train_size: expected at most {num_images} images, got {size}")
    chosen = numpy_generator(seed, "permuted/images").permutation(num_images)[:size]
    composed = settings.permutations == "composed"
    return TaskStream(seed, np.sort(chosen), num_pixels, composed, settings.reshuffle_epochs)
