"""Every task is another labelling of the same images, to be learnt by heart (Lyle et al. 2023; Kumar et al. 2023)."""

import numpy as np
from numpy.typing import NDArray

from plasticity.seeding import numpy_generator
from plasticity.tasks.sequence import Supply, TaskSequence


class RandomLabels(TaskSequence, name="random_labels"):
    """The same images with new random labels for every task, uniform over classes and independent between images."""

    def labels(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        """Return the labels of a task by row of the training set, int64 (N,); a smaller part has those of a larger."""
        return numpy_generator(seed, "random_labels", number).integers(supply.num_classes, size=len(supply.labels))
