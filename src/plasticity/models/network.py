"""What every network component is: parameters of an architecture, and how a network of it is built and initialised."""

from collections.abc import Sequence
from inspect import getdoc, signature
from typing import ClassVar

import torch
from pydantic import create_model
from torch import nn

from plasticity.config.component import Component
from plasticity.models.classifier import Classifier
from plasticity.models.foreign import ForeignClassifier, parameters_of, seeded


class Network(Component, kind="model"):
    """An architecture; its fields are what a configuration says beside `model.name`.

    Attributes:
        unit_activations: Nonlinearities with which its hidden units can be renewed one by one: `Classifier.units` of
            its networks names them then. None where each is read by more than the next layer.
        normalises_batches: Whether it has batch normalisation, which a single image has no statistics for.
    """

    unit_activations: ClassVar[tuple[str, ...]] = ()
    normalises_batches: ClassVar[bool] = False

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
            fields = parameters_of(outside, name)
            found = create_model(outside.__name__, __base__=ForeignNetwork, __doc__=getdoc(outside), **fields)
            found.outside, found.called = outside, name
            return found
        return super().adapted(outside, name)


class ForeignNetwork(Network):
    """A network whose architecture is a class from outside; its fields are the parameters of that class."""

    outside: ClassVar[type[nn.Module]]
    called: ClassVar[str]

    def create(self, image_shape: Sequence[int], num_classes: int, generator: torch.Generator) -> Classifier:
        """Return a network whose weights are drawn from `generator`, on the CPU; the global one stays untouched."""
        model = seeded(0, lambda: self.build(image_shape, num_classes))
        model.initialise(generator)
        return model

    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network, its weights drawn as its constructor does, and checked on two images.

        Raises:
            ComponentError: If it does not name its head, or its head does not give the logits.
        """

        def make() -> nn.Module:
            known = {"image_shape": tuple(image_shape), "in_channels": image_shape[0], "num_classes": num_classes}
            taken = signature(self.outside).parameters
            given = {name: getattr(self, name) for name in type(self).model_fields}
            return self.outside(**{name: value for name, value in known.items() if name in taken}, **given)

        model = ForeignClassifier(make, self.called)
        model.check(image_shape, num_classes)
        return model
