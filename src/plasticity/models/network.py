"""What every network component is: parameters of an architecture, and how a network of it is built and initialised."""

from collections.abc import Sequence

import torch
from torch import nn

from plasticity.config.component import Component
from plasticity.models.classifier import Classifier


class Network(Component, kind="model"):
    """An architecture; its fields are what a configuration says beside `model.name`."""

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network of the architecture, with weights of any value.

        Args:
            image_shape: Channels, height, width.
            num_classes: Width of the head.
        """
        raise NotImplementedError

    def create(self, image_shape: Sequence[int], num_classes: int, generator: torch.Generator) -> Classifier:
        """Return a network whose weights are drawn from `generator`, on the CPU; the global one stays untouched."""
        with torch.device("meta"):  # no weights are drawn here, so the global generator is not consumed
            model = self.build(image_shape, num_classes)
        model = model.to_empty(device="cpu")
        model.initialise(generator)
        return model

    @classmethod
    def adapted(cls, outside: object, name: str) -> type[Component]:
        """Return the component of a class from outside the package: a network, or any `nn.Module`.

        Raises:
            PlasticityError: If it is neither.
        """
        if isinstance(outside, type) and issubclass(outside, nn.Module):
            from plasticity.models.foreign import network_of  # noqa: PLC0415 - it imports this module

            return network_of(outside, name)
        return super().adapted(outside, name)
