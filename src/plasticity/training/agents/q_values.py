"""Values of actions from the outputs of a stack of networks, and the loss of temporal differences."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from plasticity.config.agent_section import QLearning
from plasticity.errors import PlasticityError
from plasticity.models.classifier import Classifier
from plasticity.training.agents.two_hot import expected_value, two_hot

Weights = Mapping[str, Tensor]


class QValues:
    """The values that networks of one architecture give, with their weights as arguments."""

    def __init__(self, network: Classifier, actions: int, learning: QLearning) -> None:
        """Read the outputs of a network.

        Args:
            network: The architecture, with `outputs(actions, learning)` outputs.
            actions: Number of actions, A.
            learning: Discount, double and two-hot.

        Raises:
            PlasticityError: If the network keeps running statistics: an agent acts on one image at a time.
        """
        if kept := [name for name, _ in network.named_buffers()]:
            raise PlasticityError(f"agents: expected a network without running statistics, got {kept[0]}")
        self._network = deepcopy(network).to("meta")
        self._actions = actions
        self._learning = learning
        chosen = learning.two_hot
        parameter = next(network.parameters())
        self._bins = (
            None
            if chosen is None
            else torch.linspace(
                chosen.lowest, chosen.highest, chosen.bins, dtype=parameter.dtype, device=parameter.device
            )
        )

    @staticmethod
    def outputs(actions: int, learning: QLearning) -> int:
        """Return how many outputs a network needs: a number per action, or logits over bins."""
        return actions * (1 if learning.two_hot is None else learning.two_hot.bins)

    @staticmethod
    def actions(outputs: int, learning: QLearning) -> int:
        """Return how many actions a network with so many outputs values."""
        return outputs // (1 if learning.two_hot is None else learning.two_hot.bins)

    def values(self, weights: Weights, images: Tensor) -> Tensor:
        """Return the values (B, A) of one network for images (B, ...)."""
        found = self._outputs(weights, images)
        return found[..., 0] if self._bins is None else expected_value(found, self._bins)

    def stacked_values(self, weights: Weights, images: Tensor) -> Tensor:
        """Return the values (R, B, A) of R networks, weights (R, ...), for images of each, (R, B, ...)."""
        return vmap(self.values)(dict(weights), images)

    def losses(self, outputs: Tensor, actions: Tensor, aims: Tensor) -> Tensor:
        """Return the mean squared error of the temporal differences of each agent, or the cross-entropy of its bins.

        Args:
            outputs: Of R networks, (R, B, A·K), for what each agent saw.
            actions: What it did, int64 (R, B).
            aims: What the values of these actions shall be, (R, B).

        Returns:
            A number per agent (R,).
        """
        found = outputs.unflatten(2, (self._actions, -1))
        taken = found.gather(2, actions[..., None, None].expand(-1, -1, 1, found.shape[3]))[:, :, 0]
        if self._bins is None:
            return (taken[..., 0] - aims).square().mean(1)
        return -(two_hot(aims, self._bins) * taken.log_softmax(2)).sum(2).mean(1)

    def _outputs(self, weights: Weights, images: Tensor) -> Tensor:
        """Return the outputs by action, (B, A, K), K = 1 for numbers."""
        found = functional_call(self._network, dict(weights), (images,))
        return found.view(len(images), self._actions, -1)
