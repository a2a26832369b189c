"""Every task is another permutation of the pixels (Goodfellow et al. 2013; Bonifazi et al. 2024)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plasticity.config.settings import setting
from plasticity.seeding import numpy_generator
from plasticity.tasks.sequence import Supply, TaskSequence


class PermutedPixels(TaskSequence, name="permuted_pixels"):
    """A permutation of the pixels for every task, including the first; images and labels stay the same.

    A uniformly random permutation of permuted pixels is again uniformly random and independent of the ones before, so
    both ways give the same distribution of tasks; drawn afresh, a task needs none of its predecessors.
    """

    permutations: Literal["fresh", "composed"] = setting(
        "Permute the original pixels in each task, or the pixels of the previous task, as in the released code.",
        unit="name",
        default="fresh",
    )

    def positions(self, supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
        """Return where each pixel goes in a task, int64 (D,)."""
        if self.permutations == "fresh":
            return _permutation(supply, seed, number)
        found = np.arange(supply.num_pixels)
        for earlier in range(1, number + 1):
            found = _permutation(supply, seed, earlier)[found]
        return found


def _permutation(supply: Supply, seed: int, number: int) -> NDArray[np.int64]:
    return numpy_generator(seed, "permuted/pixels", number).permutation(supply.num_pixels)
