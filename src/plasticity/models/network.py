"""What every network component is: parameters of an architecture, and how a network of it is built and initialised."""

from abc import abstractmethod
from collections.abc import Sequence
from inspect import getdoc, signature
from typing import ClassVar

import torch
from pydantic import create_model
from torch import nn

from plasticity.config.component import Component
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.models.foreign import ForeignClassifier, parameters_of, seeded


class Network(Component, kind="model"):
    """An architecture; its fields are what a configuration says beside `model.name`.

    Attributes:
        unit_activations: Nonlinearities with which its hidden units can be renewed one by one: `Classifier.units` of
            its networks names them then. None where each is read by more than the next layer.
        normalises_batches: Whether it has batch normalisation, which a single image has no statistics for.
        stacked_by_default: Names of the settings that need their defaults for networks to be trained as one stack of
            arrays (`plasticity.training.online`); None where no setting allows it.
    """

    unit_activations: ClassVar[tuple[str, ...]] = ()
    normalises_batches: ClassVar[bool] = False
    stacked_by_default: ClassVar[tuple[str, ...] | None] = None

    @abstractmethod
    def build(self, image_shape: Sequence[int], num_classes: int) -> Classifier:
        """Return a network of the architecture, with weights of any value.

        Args:
            image_shape: Channels, height, width.
            num_classes: Width of the head.
        """
        raise NotImplementedError

    def create(self, image_shape: Sequence[int], num_classes: int, generator: torch.Generator) -> Classifier:
        """Return a network whose weights are drawn from `generator`, on the CPU; the global one stays untouched.

        Raises:
            PlasticityError: If a network from outside the package is not what every network is.
        """
        with torch.device("meta"):  # no weights are drawn here, so the global generator is not consumed
            model = self.build(image_shape, num_classes)
        if not isinstance(model, Classifier):
            raise PlasticityError(f"{self._called}: expected a Classifier, got {type(model).__name__}")
        model = model.to_empty(device="cpu")
        _forget(model)
        model.initialise(generator)
        if left := [name for name, value in model.named_parameters() if value.isnan().any()]:
            raise PlasticityError(
                f"{self._called}: expected initialise to draw every parameter, got {left[0]} left out"
            )
        if not self.name:  # of the user's own code, unless it has a name
            _check_outputs(model, image_shape, num_classes, self._called)
        return model

    @property
    def _called(self) -> str:
        """What messages call it."""
        return f"model {self.name or type(self).__qualname__}"

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


@torch.no_grad()
def _forget(model: nn.Module) -> None:
    """Fill the parameters, whose memory holds anything, with what no initialisation leaves."""
    for parameter in model.parameters():
        parameter.fill_(torch.nan)


@torch.no_grad()
def _check_outputs(model: Classifier, image_shape: Sequence[int], num_classes: int, called: str) -> None:
    """Look at features and logits of two images.

    Raises:
        PlasticityError: If they have other shapes than a classifier's.
    """
    model.eval()
    features = model.features(torch.zeros(2, *image_shape))
    model.train()
    for what, got, expected in (
        ("features", tuple(features.shape), (2, model.head.in_features)),
        ("outputs", (2, model.head.out_features), (2, num_classes)),
    ):
        if got != expected:
            raise PlasticityError(f"{called}: expected {what} of shape {expected} of two images, got {got}")


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
