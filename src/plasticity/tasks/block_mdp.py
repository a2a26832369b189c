"""Block MDPs of images: decision processes whose states are classes and whose observations are images of them.

Lyle et al. (2023), section 5.1: states and actions are the classes 0..C-1; a state is seen as a random image of its
class. There are no episodes.
"""

from copy import copy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plasticity.config.agent_section import RewardKind
from plasticity.errors import PlasticityError
from plasticity.seeding import numpy_generator


class BlockMdp:
    """One decision process.

    `true_label`: the action that equals the image's class is rewarded with 1; the next state is uniform.
    `random_label`: the same, with a random action for each image in place of its class.
    `sparse`: the right action leads from state s to s + 1 (mod C), another one to a uniform state; only the right
    action in state C - 1 is rewarded.

    Attributes:
        rows: Rows of the images of each class.
        right: The right action for each image, int64 (N,).
        sparse: Whether only the last state is rewarded.
    """

    def __init__(self, labels: NDArray[np.int64], num_classes: int, reward: RewardKind, seed: int) -> None:
        """Make a process of some images.

        Args:
            labels: Their classes, int64 (N,); a negative one is of an image that is never seen.
            num_classes: C.
            reward: Which action is right, and what it brings.
            seed: Of the random labels.

        Raises:
            PlasticityError: If a class has no image.
        """
        if missing := sorted(set(range(num_classes)) - set(labels.tolist())):
            raise PlasticityError(f"block MDP: expected an image of every class, got none of class {missing[0]}")
        self.labels = labels
        self.rows = [np.flatnonzero(labels == state) for state in range(num_classes)]
        self.sparse = reward == "sparse"
        self.right = labels
        if reward == "random_label":
            self.right = numpy_generator(seed, "agents/random_labels").integers(num_classes, size=len(labels))

    @cached_property
    def num_classes(self) -> int:
        """Number of states and of actions, C."""
        return len(self.rows)

    def numbered_by(self, rows: NDArray[np.int64]) -> "BlockMdp":
        """Return the same process where image `rows[i]` is called i; all of its images are among the rows (M,)."""
        found = copy(self)
        found.labels, found.right = self.labels[rows], self.right[rows]
        found.rows = [np.searchsorted(rows, own) for own in self.rows]
        return found

    def first(self, generator: np.random.Generator) -> int:
        """Return the row of the first image."""
        return self._seen(int(generator.integers(self.num_classes)), generator)

    def step(self, row: int, action: int, generator: np.random.Generator) -> tuple[float, int]:
        """Return the reward of an action at an image, and the row of the next image."""
        hit = bool(action == self.right[row])
        state = int(self.labels[row])
        if not self.sparse:
            return float(hit), self._seen(int(generator.integers(self.num_classes)), generator)
        following = (state + 1) % self.num_classes if hit else int(generator.integers(self.num_classes))
        return float(hit and state == self.num_classes - 1), self._seen(following, generator)

    def _seen(self, state: int, generator: np.random.Generator) -> int:
        rows = self.rows[state]
        return int(rows[generator.integers(len(rows))])
