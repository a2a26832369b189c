"""What the compiled loop reads and writes: arrays of one network, and of its images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Images(NamedTuple):
    """The arrays of `plasticity.training.online.pixels.Pixels`."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.int64]


class Visit(NamedTuple):
    """Steps on images, and how they went.

    Attributes:
        images: The images.
        order: Rows of them, one for each step.
        correct: Gets whether the prediction before each step's update was right.
    """

    images: Images
    order: NDArray[np.int64]
    correct: NDArray[np.bool_]


class Layers(NamedTuple):
    """One network: matrices (fan_in, fan_out) one after another in `stored`, biases likewise.

    Layer l has sizes[l] inputs and sizes[l + 1] outputs, its matrix starts at matrix_at[l], its bias at bias_at[l].
    """

    stored: NDArray[np.float32]
    biases: NDArray[np.float32]
    sizes: NDArray[np.int64]
    matrix_at: NDArray[np.int64]
    bias_at: NDArray[np.int64]


class Norms(NamedTuple):
    """Layer normalisation of all hidden layers, before their nonlinearity.

    In the arrays of all units, those of layer l begin at bias_at[l] of its `Layers`.

    Attributes:
        scales: Factor of each unit, float32.
        shifts: What is added to each unit, likewise.
        held_scales: What scales are pulled to, likewise.
        held_shifts: What shifts are pulled to, likewise.
        outputs: A step's normalised outputs, before factor and shift, likewise.
        inverse: A step's 1 / standard deviation of each layer, float32.
        units: Units of each hidden layer, without those that pad it.
        epsilon: Added to the variance.
    """

    scales: NDArray[np.float32]
    shifts: NDArray[np.float32]
    held_scales: NDArray[np.float32]
    held_shifts: NDArray[np.float32]
    outputs: NDArray[np.float32]
    inverse: NDArray[np.float32]
    units: NDArray[np.int64]
    epsilon: float


class Workspace(NamedTuple):
    """What a step computes, per layer: its active inputs (counts, rows, factors), its outputs, the errors at them."""

    counts: NDArray[np.int64]
    rows: NDArray[np.int64]
    factors: NDArray[np.float32]
    outputs: NDArray[np.float32]
    errors: NDArray[np.float32]


def workspace(sizes: NDArray[np.int64]) -> Workspace:
    """Return an empty workspace for layers of these sizes."""
    shape = (len(sizes) - 1, int(max(sizes)))
    floats = [np.zeros(shape, np.float32) for _ in range(3)]
    return Workspace(np.zeros(shape[0], np.int64), np.zeros(shape, np.int64), *floats)


class Utilities(NamedTuple):
    """What continual backprop counts in every step (`plasticity.training.hooks.continual_backprop`).

    The units of all hidden layers lie side by side in the arrays, those of layer l from unit_at[l] to unit_at[l + 1].

    Attributes:
        age: Steps since a unit was new.
        mean: Running mean of its output.
        utility: Running mean of what it is good for.
        magnitudes: What its weights contribute to that.
        share: 1 − decay^age, the part of a running mean that has been counted.
        due: Per layer, the replacements that are due.
        unit_at: Where each layer begins, and the number of units.
        rate: Share of the mature units that a step replaces.
        decay: Decay rate of the running means.
        maturity: Steps for which a unit is protected.
        weights_every: Steps between updates of the magnitudes.
        adaptable: Whether the utility is `adaptable_contribution`.
        taken: Steps taken before this stretch.
    """

    age: NDArray[np.float32]
    mean: NDArray[np.float32]
    utility: NDArray[np.float32]
    magnitudes: NDArray[np.float32]
    share: NDArray[np.float32]
    due: NDArray[np.float64]
    unit_at: NDArray[np.int64]
    rate: float
    decay: float
    maturity: int
    weights_every: int
    adaptable: bool
    taken: int


class Noise(NamedTuple):
    """What is added after every step (`plasticity.training.hooks.perturb`): θ ← shrink · θ + U(±bound).

    Attributes:
        shrink: Factor on all parameters.
        bounds: Per layer, the bound of what is added to weights, float32.
        bias_bounds: The same for biases.
        units: Units of each layer from the input to the classes, without those that pad it.
        scale: What is added to the factors of layer normalisation, which are ones in a fresh network.
        key: Names the stream of random numbers.
        taken: Steps taken before this stretch.
    """

    shrink: float
    bounds: NDArray[np.float32]
    bias_bounds: NDArray[np.float32]
    units: NDArray[np.int64]
    scale: float
    key: int
    taken: int


_FLOATS, _INTEGERS = np.zeros(0, np.float32), np.zeros(0, np.int64)
_NO_NORMS = Norms(*[_FLOATS] * 6, units=_INTEGERS, epsilon=0.0)
_NO_ANCHOR = Layers(_FLOATS, _FLOATS, _INTEGERS, _INTEGERS, _INTEGERS)
_COUNTED = (_FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, np.zeros(0))
_NO_UTILITIES = Utilities(*_COUNTED, _INTEGERS, 0.0, 0.0, 0, 0, adaptable=False, taken=0)
_NO_NOISE = Noise(0.0, _FLOATS, _FLOATS, _INTEGERS, 0.0, 0, 0)


def all_or_none(
    norms: Norms | None, anchor: Layers | None, utilities: Utilities | None, noise: Noise | None
) -> tuple[Norms | None, Layers | None, Utilities | None, Noise | None]:
    """Return what not every network has; with any of it, empty arrays stand for the rest."""
    if norms is anchor is utilities is noise is None:
        return None, None, None, None
    return norms or _NO_NORMS, anchor or _NO_ANCHOR, utilities or _NO_UTILITIES, noise or _NO_NOISE
