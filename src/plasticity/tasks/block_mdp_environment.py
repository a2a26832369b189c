"""A block MDP as a Gymnasium environment, for agents of other libraries. Needs the extra `agents`."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from plasticity.tasks.block_mdp import BlockMdp


class BlockMdpEnvironment(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """Observations are images, uint8 (H, W, C); an episode never ends by itself."""

    def __init__(self, process: BlockMdp, images: NDArray[np.uint8]) -> None:
        """Show a process.

        Args:
            process: The decision process.
            images: Its images, uint8 (N, H, W, C).
        """
        self.process = process
        self.images = images
        self.observation_space = gymnasium.spaces.Box(0, 255, images.shape[1:], np.uint8)
        self.action_space = gymnasium.spaces.Discrete(process.num_classes)
        self._row = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Begin at a uniform state; `options` are not used."""
        super().reset(seed=seed, options=options)
        self._row = self.process.first(self.np_random)
        return self.images[self._row].copy(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Act; return the next image and the reward."""
        reward, self._row = self.process.step(self._row, int(action), self.np_random)
        return self.images[self._row].copy(), reward, False, False, {}
