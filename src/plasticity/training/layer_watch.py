"""The outputs of a network's hidden layers, as its forward passes go by."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from plasticity.models.classifier import Classifier


class LayerWatch:
    """Keeps the outputs of hidden layers while it is asked to."""

    def __init__(self, network: Classifier) -> None:
        """Choose a network; nothing is added to it before the first block."""
        self._network = network
        self._collecting: list[Tensor] | None = None
        self._watched = False

    @contextmanager
    def collecting(self, layers: list[Tensor]) -> Iterator[list[Tensor]]:
        """Add the outputs (B, ...) of the hidden layers, input first, of a forward pass inside the block."""
        self._watch()
        self._collecting = layers
        try:
            yield layers
        finally:
            self._collecting = None

    def _watch(self) -> None:
        """Have the network tell of its hidden layers from now on: anew in every step would cost a tenth of it."""
        if self._watched:
            return
        self._watched = True

        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            if self._collecting is not None:
                self._collecting.append(output)

        for module in self._network.hidden_layers():
            module.register_forward_hook(keep)
