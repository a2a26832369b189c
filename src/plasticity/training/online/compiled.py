"""One network of a stack in the compiled loop: laid out for it, trained, and put back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plasticity.config.parameters import built_in_fact
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.components import NO_INITIAL
from plasticity.training.online.kernel_arrays import (
    Images,
    Layers,
    Noise,
    Norms,
    Utilities,
    Visit,
    all_or_none,
    workspace,
)
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import INITIAL, NORM_EPSILON, Stack

_PAD = 16  # floats of the widest common vector unit; rows of whole vectors need no scalar remainder
Parts = Sequence[NDArray[np.float32]]
"""One network's matrices (fan_in, fan_out), or its biases (fan_out,), of every layer."""


def initial_weight(training: Optimisation) -> float:
    """Return w of a penalty w · ‖θ − θ₀‖², the squared distance to the initial weights; 0 without one."""
    penalty = training.penalty
    if penalty is None:
        return 0.0
    parameter = built_in_fact("penalty", penalty.name, "weighs_distance_by", usual="")
    return float(penalty.parameters[parameter]) if parameter else 0.0


def pull_of(training: Optimisation) -> float:
    """Return the pull towards the anchor, λ + 2w, of weight decay λ and the penalty w; its gradient is 2w(θ − θ₀)."""
    return float(training.weight_decay) + 2 * initial_weight(training)


@dataclass(frozen=True)
class CompiledNetwork:
    """One network, trained in place.

    Attributes:
        stack: A stack of it alone.
        initial: The parameters that it began its life with, as `Stack.parts`; none where nothing pulls towards them.
        training: How it is trained.
        pixels: The images, with the labels that it learns.
    """

    stack: Stack
    initial: Parts
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

        weights, biases, *of_norms = self.stack.split([part[0] for part in self.stack.parts])
        held_weights, held_biases, *held_norms = self.stack.split(self._held())
        layers = laid_out(weights, biases)
        anchor = laid_out(held_weights, held_biases) if held_weights else None
        norms = _norms(layers, *of_norms, *held_norms)
        if anchor is not None:
            layers.stored[:] -= anchor.stored
        images = Images(self.pixels.starts, self.pixels.columns, self.pixels.values, self.pixels.labels)
        rates = float(self.training.learning_rate), pull_of(self.training)
        utilities = of_hook if isinstance(of_hook, Utilities) else None
        noise = of_hook if isinstance(of_hook, Noise) else None
        visit, work = Visit(images, order, hits), workspace(layers.sizes)
        steps = kernel.train(layers, visit, rates, work, *all_or_none(norms, anchor, utilities, noise))
        if anchor is not None:
            layers.stored[:] += anchor.stored
        _put_back(layers, weights, biases)
        if norms is not None:
            for parts, trained in zip(of_norms, (norms.scales, norms.shifts), strict=True):
                _put_units(layers, trained, parts)
        return int(steps)

    def _held(self) -> Parts:
        """Return what the parameters are pulled to, (2w / (λ + 2w)) · θ₀; none for zero."""
        if not self.initial:
            return []
        share = np.float32(2 * initial_weight(self.training) / pull_of(self.training))
        return [share * part for part in self.initial]


def compiled_network(stack: Stack, training: Optimisation, pixels: Pixels) -> CompiledNetwork:
    """Return the network of a stack of one, whose arrays the training changes.

    Raises:
        PlasticityError: If it is pulled towards initial weights that the stack does not keep.
    """
    initial: Parts = []
    if initial_weight(training):
        if INITIAL not in stack.kept:
            raise PlasticityError(NO_INITIAL)
        initial = [part[0] for part in stack.kept[INITIAL]]
    return CompiledNetwork(stack, initial, training, pixels)


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


def _norms(layers: Layers, scales: Parts, shifts: Parts, held_scales: Parts, held_shifts: Parts) -> Norms | None:
    """Lay normalisations out as the biases of the hidden layers are; what they are pulled to is zero without any."""
    if not scales:
        return None
    arrays = [np.zeros(layers.bias_at[-2], np.float32) for _ in range(5)]
    for array, parts in zip(arrays, (scales, shifts, held_scales, held_shifts), strict=False):
        for start, part in zip(layers.bias_at, parts, strict=False):
            array[start : start + len(part)] = part
    units = np.array([len(part) for part in scales])
    return Norms(*arrays, inverse=np.zeros(len(scales), np.float32), units=units, epsilon=NORM_EPSILON)


def _put_back(layers: Layers, weights: Parts, biases: Parts) -> None:
    for layer, weight in enumerate(weights):
        matrix = layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]
        matrix = matrix.reshape(layers.sizes[layer], layers.sizes[layer + 1])
        weight[:] = matrix[: weight.shape[0], : weight.shape[1]]
    _put_units(layers, layers.biases, biases)


def _put_units(layers: Layers, trained: NDArray[np.float32], parts: Parts) -> None:
    """Write numbers of units, which lie as the biases do, into the network's."""
    for start, part in zip(layers.bias_at, parts, strict=False):
        part[:] = trained[start : start + len(part)]
