"""A training step recorded as CUDA graphs: one launch per step instead of hundreds, for all trainings of a process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from plasticity.training.step import TrainingStep

logger = logging.getLogger(__name__)

_WARM_UP_STEPS = 3  # cuDNN and cuBLAS choose and allocate in the first steps, which a graph must not hold


class GraphedStep(TrainingStep):
    """A step that is recorded at the first batch of each size and replayed at all later ones.

    A graph holds addresses: of the images, the weights, what the optimizer keeps and the sums. All of them are
    therefore written in place, also when the next checkpoint is loaded, and one recording serves every fine-tuning of a
    process. An epoch's batches have two sizes at most, so that there are two graphs, which share their memory since
    they never overlap.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._graphs: dict[int, tuple[torch.cuda.CUDAGraph, Tensor]] = {}
        self._refused = False

    def reset(self) -> None:
        """Begin with another network's weights: the optimizer keeps zeros, in the memory that the graphs know."""
        self.optimizer.reset(in_place=True)

    def __call__(self, rows: Tensor) -> None:
        """Take a step on the images at `rows` (B,)."""
        if len(rows) not in self._graphs and not self._refused:
            self._record(rows)
        if self._refused:
            super().__call__(rows)
            return
        graph, recorded = self._graphs[len(rows)]
        recorded.copy_(rows)
        graph.replay()

    def _record(self, rows: Tensor) -> None:
        recorded = rows.clone()
        graph = torch.cuda.CUDAGraph()
        try:
            self._warm_up(recorded)
            self.optimizer.zero_grad()  # gradients are allocated in the graph's own memory
            with torch.cuda.graph(graph, pool=self._pool()):
                super().__call__(recorded)
        except RuntimeError as error:
            logger.warning("no CUDA graph of the training step (%s): launching it kernel by kernel", error)
            self._refused = True
            return
        self._graphs[len(rows)] = graph, recorded

    def _pool(self) -> Any:
        """Return the memory of the graphs recorded so far, None for the first to have its own."""
        return next((graph.pool() for graph, _ in self._graphs.values()), None)

    def _warm_up(self, rows: Tensor) -> None:
        """Take steps that leave no trace, on a stream of their own as recording asks for."""
        with self._unchanged():
            side, current = torch.cuda.Stream(), torch.cuda.current_stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):
                for _ in range(_WARM_UP_STEPS):
                    super().__call__(rows)
            current.wait_stream(side)

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        kept = self.optimizer.state()
        tensors = [*self.model.state_dict().values(), self.sums, *kept.values()]
        before = [tensor.clone() for tensor in tensors]
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, old in zip(tensors, before, strict=True):
                    tensor.copy_(old)
                for name, tensor in self.optimizer.state().items():
                    if name not in kept:
                        tensor.zero_()  # as before a first step


def recordable(step: TrainingStep) -> bool:
    """Say whether a step is to be recorded: on CUDA, from resident images, with nothing that the host takes part in.

    The eigenvalues of the NC1 penalty, for one, are checked on the host in every step, which a graph cannot hold.
    """
    images = step.images
    return images.device.type == "cuda" and images.resident and step.recordable
