"""A step's forward pass as penalties and hooks see it; what a step does not need is not computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from plasticity.models.units import Units


class NetworkView(Protocol):
    """What can be read of one network: a model of its own, or a replica of a stack."""

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The trained parameters by name, as in `state_dict`."""
        ...

    @property
    def initial_parameters(self) -> Mapping[str, Tensor]:
        """The parameters that the network began its life with, by name."""
        ...

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs (B, ...) of the hidden layers in the last forward pass, input first."""
        ...

    @property
    def units(self) -> Sequence[Units]:
        """The units of each of these layers, for what renews single ones; none where the network has no such units."""
        ...

    @property
    def kept(self) -> dict[str, Tensor]:
        """What the penalty keeps from step to step: tensors of one shape each, saved for resuming."""
        ...

    def layers_of(self, inputs: Tensor, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Return the outputs of the hidden layers for other inputs (B, ...) by other parameters; it leaves no trace."""
        ...

    def fresh_parameters(self, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Return the parameters of a network of the same kind, drawn from the generator."""
        ...


@dataclass(frozen=True)
class Forward:
    """The forward pass of one step on B images.

    Attributes:
        features: Outputs of the last hidden layer, (B, d).
        logits: Outputs of the head, (B, C).
        labels: Classes, (B,).
        network: The network behind it.
        inputs: What the network read, (B, ...).
        classes: Classes of the task, C; None where each has one logit.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor
    network: NetworkView
    inputs: Tensor
    classes: int | None = None

    @property
    def num_classes(self) -> int:
        """Classes of the task, C."""
        return self.logits.shape[-1] if self.classes is None else self.classes

    @property
    def layers(self) -> Sequence[Tensor]:
        """Outputs (B, ...) of every hidden layer, input first; a component that reads them has `reads_layers`."""
        return self.network.layers

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The trained parameters by name."""
        return self.network.parameters

    @property
    def initial_parameters(self) -> Mapping[str, Tensor]:
        """The parameters at the start of the network's life; a component that reads them has `reads_initial`.

        The start is the initialisation before the first task, also while a later task is learned. What an intervention
        replaces by fresh weights starts there.
        """
        return self.network.initial_parameters
