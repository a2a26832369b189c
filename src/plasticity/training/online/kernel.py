"""One compiled loop for online SGD with batch size 1: a ReLU network with softmax cross-entropy, any depth and width.

Three things make it fast beside a loop over tensors. A step is one pass of plain loops, so nothing is dispatched or
allocated. A row of weights belongs to one input, so inputs that are zero (four fifths of an MNIST image, about half
of the hidden units) cost nothing: their rows neither contribute nor change. Four rows are added at a time, so the
sums stay in registers.

Weight decay would touch every weight in every step. Weights are therefore kept as scale · stored: the decay is one
multiplication of the scale, and stored rows change only where there is a gradient.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import float32, njit
from numpy.typing import NDArray

# Sums may be reordered for vector units, within float32 rounding. NaN and infinity keep their meaning: divergence
# has to be seen.
_FAST_MATH = {"reassoc", "contract", "nsz", "arcp"}
_jit: Any = njit(fastmath=_FAST_MATH, nogil=True, error_model="numpy", cache=True)

_SMALLEST_SCALE = 1e-3  # below it the scale goes into the stored weights, which keep their precision so


class Images(NamedTuple):
    """The arrays of `plasticity.training.online.pixels.Pixels`."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.int64]


class Layers(NamedTuple):
    """One network: matrices (fan_in, fan_out) one after another in `stored`, biases likewise.

    Layer l has sizes[l] inputs and sizes[l + 1] outputs, its matrix starts at matrix_at[l], its bias at bias_at[l].
    """

    stored: NDArray[np.float32]
    biases: NDArray[np.float32]
    sizes: NDArray[np.int64]
    matrix_at: NDArray[np.int64]
    bias_at: NDArray[np.int64]


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


@_jit
def _add_rows(matrix, rows, factors, count, total):
    """Add Σ_k factors[k] · row rows[k] of the matrix to total."""
    width = total.shape[0]
    k = 0
    while k + 4 <= count:
        a, b, c, d = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        first, second = _row(matrix, rows[k], width), _row(matrix, rows[k + 1], width)
        third, fourth = _row(matrix, rows[k + 2], width), _row(matrix, rows[k + 3], width)
        for j in range(width):
            total[j] += a * first[j] + b * second[j] + c * third[j] + d * fourth[j]
        k += 4
    while k < count:
        a, first = factors[k], _row(matrix, rows[k], width)
        for j in range(width):
            total[j] += a * first[j]
        k += 1


@_jit
def _row(matrix, row, width):
    return matrix[row * width : (row + 1) * width]


@_jit
def _read(images, image, work):
    """Make the pixels of an image that are not zero the active inputs of the first layer."""
    start = images.starts[image]
    work.counts[0] = images.starts[image + 1] - start
    for k in range(work.counts[0]):
        work.rows[0, k] = images.columns[start + k]
        work.factors[0, k] = images.values[start + k]


@_jit
def _forward(layers, layer, scale, work):
    """Compute the outputs of a layer, before its nonlinearity."""
    outputs = work.outputs[layer, : layers.sizes[layer + 1]]
    outputs[:] = float32(0.0)
    matrix = layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]
    _add_rows(matrix, work.rows[layer], work.factors[layer], work.counts[layer], outputs)
    bias = layers.biases[layers.bias_at[layer] : layers.bias_at[layer + 1]]
    for unit in range(outputs.shape[0]):
        outputs[unit] = bias[unit] + scale * outputs[unit]


@_jit
def _rectify(work, layer, width):
    """Make the units of a layer that are above zero the active inputs of the next one."""
    outputs, rows, factors = work.outputs[layer], work.rows[layer + 1], work.factors[layer + 1]
    count = 0
    for unit in range(width):
        if outputs[unit] > 0:
            rows[count] = unit
            factors[count] = outputs[unit]
            count += 1
    work.counts[layer + 1] = count


@_jit
def _softmax_error(logits, label, error):
    """Write the cross-entropy's gradient by the logits; return the predicted class, -1 if one is not finite."""
    predicted = 0
    for c in range(1, logits.shape[0]):
        if logits[c] > logits[predicted]:
            predicted = c
    total = float32(0.0)
    for c in range(logits.shape[0]):
        error[c] = np.exp(logits[c] - logits[predicted])
        total += error[c]
    if not (total > 0 and total < np.inf):
        return -1
    for c in range(logits.shape[0]):
        error[c] /= total
    error[label] -= float32(1.0)
    return predicted


@_jit
def _backward(layers, layer, scale, rate, work):
    """Write the errors at a hidden layer's active inputs, by the old weights, and update their rows."""
    error = work.errors[layer, : layers.sizes[layer + 1]]
    below, width = work.errors[layer - 1], error.shape[0]
    below[:] = float32(0.0)
    matrix = layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]
    for k in range(work.counts[layer]):
        row = _row(matrix, work.rows[layer, k], width)
        gradient = float32(0.0)
        for j in range(width):
            gradient += row[j] * error[j]
        below[work.rows[layer, k]] = scale * gradient
        step = rate * work.factors[layer, k]
        for j in range(width):
            row[j] -= step * error[j]


@_jit
def _update_first(layers, rate, work):
    """Update the rows of the pixels that are not zero."""
    error = work.errors[0, : layers.sizes[1]]
    for k in range(work.counts[0]):
        row = _row(layers.stored, work.rows[0, k], error.shape[0])
        step = rate * work.factors[0, k]
        for j in range(error.shape[0]):
            row[j] -= step * error[j]


@_jit
def _update_bias(layers, layer, learning_rate, decay, work):
    bias = layers.biases[layers.bias_at[layer] : layers.bias_at[layer + 1]]
    error = work.errors[layer]
    for unit in range(bias.shape[0]):
        bias[unit] = decay * bias[unit] - learning_rate * error[unit]


@_jit
def _predict(layers, images, image, scale, work):
    """Run a step's forward pass; return the predicted class, -1 if an output is not finite."""
    last = layers.sizes.shape[0] - 2
    _read(images, image, work)
    for layer in range(last + 1):
        _forward(layers, layer, scale, work)
        if layer < last:
            _rectify(work, layer, layers.sizes[layer + 1])
    classes = layers.sizes[last + 1]
    return _softmax_error(work.outputs[last, :classes], images.labels[image], work.errors[last, :classes])


@_jit
def train(layers, images, order, learning_rate, weight_decay, correct, work):
    """Train one network on the images at `order`, one step each, in place.

    Args:
        layers: The network, as `Layers`.
        images: The images, as `Images`.
        order: Rows of the images, int64 (steps,).
        learning_rate: Step size.
        weight_decay: Added to the gradient as weight_decay · weight, for biases as well.
        correct: bool (steps,), gets whether the prediction before the step's update was right.
        work: A `workspace` for these layers.

    Returns:
        Steps done: all, or those before the outputs stopped being finite.
    """
    # In float64: the scale is a product of as many factors as there are steps, all rounded the same way.
    decay, scale = 1.0 - learning_rate * weight_decay, 1.0
    last = layers.sizes.shape[0] - 2
    steps = order.shape[0]
    for step in range(order.shape[0]):
        predicted = _predict(layers, images, order[step], float32(scale), work)
        if predicted < 0:
            steps = step
            break
        correct[step] = predicted == images.labels[order[step]]
        rate = float32(learning_rate / (scale * decay))
        for layer in range(last, 0, -1):
            _backward(layers, layer, float32(scale), rate, work)
            _update_bias(layers, layer, learning_rate, decay, work)
        _update_first(layers, rate, work)
        _update_bias(layers, 0, learning_rate, decay, work)
        scale *= decay
        if scale < _SMALLEST_SCALE:
            layers.stored[:] *= float32(scale)
            scale = 1.0
    layers.stored[:] *= float32(scale)
    return steps
