"""Values that target networks give to images; they change once in a period, and each image comes many times in it."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from plasticity.config.agent_section import QLearning
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.training.agents.q_values import QValues

_AT_ONCE = 500  # images


class TargetValues:
    """Values of R target networks.

    All images of a period are valued at its beginning where its updates will look at more than there are. That is a
    thirtieth of the forward passes with 2,000 images, batches of 64 and 1,000 steps.
    """

    def __init__(self, values: QValues, processes: Sequence[BlockMdp], images: Tensor, learning: QLearning) -> None:
        """Choose by the numbers of images and updates.

        Args:
            values: How values come from outputs.
            processes: Whose images are valued, R of them; each has as many.
            images: What their rows stand for, (N, C, H, W).
            learning: Batch size and length of a period.
        """
        rows = np.stack([np.sort(np.concatenate(process.rows)) for process in processes])
        self._values, self._images = values, images
        self._rows = torch.from_numpy(rows).to(images.device)
        self._agents = torch.arange(len(rows), device=images.device)[:, None]
        self._known = rows.shape[1] <= learning.batch_size * learning.target_period
        self._table: Tensor | None = None

    @torch.no_grad()
    def begin(self, target: Mapping[str, Tensor]) -> None:
        """Value all images by the target networks of a new period, if that pays."""
        if not self._known:
            return
        for rows in self._rows.split(_AT_ONCE, dim=1):
            found = self._values.stacked_values(target, self._images[rows])
            if self._table is None:
                self._table = found.new_zeros(len(self._rows), len(self._images), found.shape[2])
            self._table[self._agents, rows] = found

    @torch.no_grad()
    def of(self, target: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """Return the values (R, B, A) of images of each agent, by their rows, int64 (R, B)."""
        if self._table is None:
            return self._values.stacked_values(target, self._images[rows])
        return self._table[self._agents, rows]
