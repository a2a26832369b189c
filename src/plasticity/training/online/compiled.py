"""One network of a stack in the compiled loop: laid out for it, trained, and put back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.online.kernel_arrays import Images, Layers, Noise, Utilities, Visit, workspace
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import INITIAL, NO_INITIAL, Stack

_PAD = 16  # floats of the widest common vector unit; rows of whole vectors need no scalar remainder
Parts = Sequence[NDArray[np.float32]]
"""One network's matrices (fan_in, fan_out), or its biases (fan_out,), of every layer."""


def l2_init_weight(training: Optimisation) -> float:
    """Return the factor of the squared distance to the initial weights; 0 without the penalty `l2_init`."""
    penalty = training.penalty
    return float(penalty.parameters["weight"]) if penalty is not None and penalty.name == "l2_init" else 0.0


def pull_of(training: Optimisation) -> float:
    """Return the pull towards the anchor, λ + 2w, of weight decay λ and L2 Init w; its gradient is 2w(θ − θ₀)."""
    return float(training.weight_decay) + 2 * l2_init_weight(training)


@dataclass(frozen=True)
class CompiledNetwork:
    """One network, trained in place.

    Attributes:
        weights: Its matrices.
        biases: Its biases.
        initial: The weights and then the biases that it began its life with; None where nothing pulls towards them.
        training: How it is trained.
        pixels: The images, with the labels that it learns.
    """

    weights: Parts
    biases: Parts
    initial: Parts | None
    training: Optimisation
    pixels: Pixels

    def train(self, order: NDArray[np.int64], hits: NDArray[np.bool_], of_hook: Utilities | Noise | None = None) -> int:
        """Take a step on each image, or until a unit is to be replaced; return the steps taken before any overflow.

        Args:
            order: Rows of the images (n,).
            hits: Gets whether each prediction before the update was right, (n,).
            of_hook: What the loop does for a hook in every step.
        """
        from plasticity.training.online import kernel  # noqa: PLC0415 - numba is loaded where it is used

        layers, anchor = laid_out(self.weights, self.biases), self._anchor()
        if anchor is not None:
            layers.stored[:] -= anchor.stored
        images = Images(self.pixels.starts, self.pixels.columns, self.pixels.values, self.pixels.labels)
        visit = Visit(images, order, hits)
        rates = float(self.training.learning_rate), pull_of(self.training)
        work = workspace(layers.sizes)
        utilities = of_hook if isinstance(of_hook, Utilities) else None
        noise = of_hook if isinstance(of_hook, Noise) else None
        steps = kernel.train(layers, anchor, visit, rates, work, utilities, noise)
        if anchor is not None:
            layers.stored[:] += anchor.stored
        _put_back(layers, self.weights, self.biases)
        return int(steps)

    def _anchor(self) -> Layers | None:
        """Return where the parameters are pulled to, laid out: (2w / (λ + 2w)) · θ₀; None for zero."""
        if self.initial is None:
            return None
        share = np.float32(2 * l2_init_weight(self.training) / pull_of(self.training))
        parts = [share * part for part in self.initial]
        return laid_out(parts[: len(self.weights)], parts[len(self.weights) :])


def compiled_network(stack: Stack, training: Optimisation, pixels: Pixels) -> CompiledNetwork:
    """Return the network of a stack of one, whose arrays the training changes.

    Raises:
        PlasticityError: If it is pulled towards initial weights that the stack does not keep.
    """
    initial = None
    if l2_init_weight(training):
        if INITIAL not in stack.kept:
            raise PlasticityError(NO_INITIAL)
        initial = [part[0] for part in stack.kept[INITIAL]]
    weights, biases = ([part[0] for part in parts] for parts in (stack.weights, stack.biases))
    return CompiledNetwork(weights, biases, initial, training, pixels)


def laid_out(weights: Parts, biases: Parts) -> Layers:
    """Lay one network out for the kernel; hidden layers get units without any weight up to a multiple of the pad.

    Such a unit's output is zero, so it is never active: it costs a slot in a row, and nothing ever changes in it.
    """
    *hidden, classes = [len(bias) for bias in biases]
    sizes = np.array([len(weights[0]), *(-(-units // _PAD) * _PAD for units in hidden), classes])
    matrices, padded = [], []
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        matrices.append(np.zeros(sizes[layer : layer + 2], np.float32))
        padded.append(np.zeros(sizes[layer + 1], np.float32))
        matrices[-1][: weight.shape[0], : weight.shape[1]] = weight
        padded[-1][: len(bias)] = bias
    ends = [np.cumsum([0, *(part.size for part in parts)]) for parts in (matrices, padded)]
    return Layers(np.concatenate([m.ravel() for m in matrices]), np.concatenate(padded), sizes, *ends)


def _put_back(layers: Layers, weights: Parts, biases: Parts) -> None:
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        matrix = layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]
        matrix = matrix.reshape(layers.sizes[layer], layers.sizes[layer + 1])
        weight[:] = matrix[: weight.shape[0], : weight.shape[1]]
        bias[:] = layers.biases[layers.bias_at[layer] : layers.bias_at[layer + 1]][: len(bias)]
