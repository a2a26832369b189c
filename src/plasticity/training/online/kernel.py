"""One compiled loop for online SGD with batch size 1: a ReLU network with softmax cross-entropy, any depth and width.

Three things make it fast beside a loop over tensors. A step is one pass of plain loops, so nothing is dispatched or
allocated. A row of weights belongs to one input, so inputs that are zero (four fifths of an MNIST image, about half
of the hidden units) cost nothing: their rows neither contribute nor change. Four rows are added at a time, so the
sums stay in registers.

Weight decay would touch every weight in every step. Weights are therefore kept as anchor + scale · stored: the decay
towards the anchor is one multiplication of the scale, and stored rows change only where there is a gradient. The anchor
is zero for weight decay, and the initial weights for L2 Init.

What not every network has (`norms`, `anchor`, `utilities`, `noise`) is None where a network has none of it, and else
empty where it lacks one. The loop is thus compiled at most twice: plain, and with everything. All compiled functions
stay in this file, because Numba's cache sees changes of a function's own file alone.
"""

from typing import Any

import numpy as np
from numba import float32, int32, njit, uint32, uint64

# Sums may be reordered for vector units, within float32 rounding. NaN and infinity keep their meaning: divergence
# has to be seen.
_FAST_MATH = {"reassoc", "contract", "nsz", "arcp"}
_OPTIONS: Any = {"fastmath": _FAST_MATH, "nogil": True, "error_model": "numpy", "cache": True, "no_cfunc_wrapper": True}
_njit: Any = njit
# Only `train` is called from Python: what would let Python call the others need not be compiled.
_jit = _njit(no_cpython_wrapper=True, **_OPTIONS)

_SMALLEST_SCALE = 1e-3  # below it the scale goes into the stored weights, which keep their precision so


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
def _matrix(layers, layer):
    return layers.stored[layers.matrix_at[layer] : layers.matrix_at[layer + 1]]


@_jit
def _bias(layers, layer):
    return layers.biases[layers.bias_at[layer] : layers.bias_at[layer + 1]]


@_jit
def _forward(layers, anchor, layer, scale, work):
    """Compute the outputs of a layer, before its nonlinearity."""
    outputs = work.outputs[layer, : layers.sizes[layer + 1]]
    outputs[:] = float32(0.0)
    _add_rows(_matrix(layers, layer), work.rows[layer], work.factors[layer], work.counts[layer], outputs)
    bias = _bias(layers, layer)
    for unit in range(outputs.shape[0]):
        outputs[unit] = bias[unit] + scale * outputs[unit]
    if anchor is not None and anchor.stored.size:
        _add_rows(_matrix(anchor, layer), work.rows[layer], work.factors[layer], work.counts[layer], outputs)


@_jit
def _normalise(layers, norms, layer, work):
    """Normalise the outputs of a hidden layer over its units, scale and shift them."""
    units, first = norms.units[layer], layers.bias_at[layer]
    outputs, normalised = work.outputs[layer, :units], norms.outputs[first : first + units]
    scales, shifts = norms.scales[first : first + units], norms.shifts[first : first + units]
    mean, square = float32(0.0), float32(0.0)
    for unit in range(units):
        mean += outputs[unit]
    mean /= float32(units)
    for unit in range(units):
        normalised[unit] = outputs[unit] - mean
        square += normalised[unit] * normalised[unit]
    inverse = float32(1.0) / np.sqrt(square / float32(units) + float32(norms.epsilon))
    norms.inverse[layer] = inverse
    for unit in range(units):
        normalised[unit] *= inverse
        outputs[unit] = shifts[unit] + scales[unit] * normalised[unit]


@_jit
def _backward_norm(layers, norms, layer, rates, work):
    """Turn the errors at a hidden layer's units into those before its normalisation; update scales and shifts."""
    learning_rate, decay = rates
    units, first = norms.units[layer], layers.bias_at[layer]
    error, normalised = work.errors[layer, :units], norms.outputs[first : first + units]
    scales, shifts = norms.scales[first : first + units], norms.shifts[first : first + units]
    held_scales, held_shifts = norms.held_scales[first : first + units], norms.held_shifts[first : first + units]
    mean, along, inverse = float32(0.0), float32(0.0), norms.inverse[layer]
    for unit in range(units):
        scaled = scales[unit] * error[unit]
        mean += scaled
        along += scaled * normalised[unit]
    mean /= float32(units)
    along /= float32(units)
    for unit in range(units):
        scaled, given = scales[unit] * error[unit], error[unit]
        error[unit] = inverse * (scaled - mean - normalised[unit] * along)
        scales[unit] = decay * scales[unit] - learning_rate * given * normalised[unit]
        shifts[unit] = decay * shifts[unit] - learning_rate * given
        scales[unit] += (1.0 - decay) * held_scales[unit]
        shifts[unit] += (1.0 - decay) * held_shifts[unit]


@_jit
def _rectify(work, layer, width):
    """Make the units of a layer that are above zero, or not a number, the active inputs of the next one."""
    outputs, rows, factors = work.outputs[layer], work.rows[layer + 1], work.factors[layer + 1]
    count = 0
    for unit in range(width):
        if not outputs[unit] <= 0:
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
def _backward(layers, anchor, layer, scale, rate, work):
    """Write the errors at a hidden layer's active inputs, by the old weights, and update their rows."""
    error = work.errors[layer, : layers.sizes[layer + 1]]
    below, width = work.errors[layer - 1], error.shape[0]
    below[:] = float32(0.0)
    matrix = _matrix(layers, layer)
    for k in range(work.counts[layer]):
        row = _row(matrix, work.rows[layer, k], width)
        gradient = float32(0.0)
        for j in range(width):
            gradient += row[j] * error[j]
        gradient *= scale
        if anchor is not None and anchor.stored.size:
            held = _row(_matrix(anchor, layer), work.rows[layer, k], width)
            for j in range(width):
                gradient += held[j] * error[j]
        below[work.rows[layer, k]] = gradient
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
def _update_bias(layers, anchor, layer, learning_rate, decay, work):
    bias, error = _bias(layers, layer), work.errors[layer]
    for unit in range(bias.shape[0]):
        bias[unit] = decay * bias[unit] - learning_rate * error[unit]
    if anchor is not None and anchor.stored.size:
        held = _bias(anchor, layer)
        for unit in range(bias.shape[0]):
            bias[unit] += (1.0 - decay) * held[unit]


@_jit
def _predict(layers, norms, anchor, images, image, scale, work):
    """Run a step's forward pass; return the predicted class, -1 if an output is not finite."""
    last = layers.sizes.shape[0] - 2
    _read(images, image, work)
    for layer in range(last + 1):
        _forward(layers, anchor, layer, scale, work)
        if layer < last:
            if norms is not None and norms.units.size:
                _normalise(layers, norms, layer, work)
            _rectify(work, layer, layers.sizes[layer + 1])
    classes = layers.sizes[last + 1]
    return _softmax_error(work.outputs[last, :classes], images.labels[image], work.errors[last, :classes])


@_jit
def _outgoing(layers, anchor, layer, scale, unit):
    """Return the sum of the |weights| that read a unit of a hidden layer."""
    width = layers.sizes[layer + 2]
    row, total = _row(_matrix(layers, layer + 1), unit, width), float32(0.0)
    if anchor is not None and anchor.stored.size:
        held = _row(_matrix(anchor, layer + 1), unit, width)
        for j in range(width):
            total += abs(held[j] + scale * row[j])
        return total
    for j in range(width):
        total += abs(row[j])
    return scale * total


@_jit
def _add_incoming(layers, anchor, layer, scale, total):
    """Add the |weights| that lead into each unit of a hidden layer to total."""
    width, matrix = layers.sizes[layer + 1], _matrix(layers, layer)
    for k in range(layers.sizes[layer]):
        row = _row(matrix, k, width)
        if anchor is not None and anchor.stored.size:
            held = _row(_matrix(anchor, layer), k, width)
            for j in range(total.shape[0]):
                total[j] += abs(held[j] + scale * row[j])
        else:
            for j in range(total.shape[0]):
                total[j] += scale * abs(row[j])


@_jit
def _look_at_weights(layers, anchor, scale, utilities, incoming):
    """Write the magnitudes of all hidden units."""
    for layer in range(layers.sizes.shape[0] - 2):
        first, end = utilities.unit_at[layer], utilities.unit_at[layer + 1]
        for unit in range(end - first):
            utilities.magnitudes[first + unit] = _outgoing(layers, anchor, layer, scale, unit)
        if utilities.adaptable:
            incoming[: end - first] = float32(0.0)
            _add_incoming(layers, anchor, layer, scale, incoming[: end - first])
            for unit in range(end - first):
                utilities.magnitudes[first + unit] /= incoming[unit]


@_jit
def _count(utilities, work):
    """Count the outputs of a step into the running means of all hidden units."""
    weight = float32(1.0 - utilities.decay)
    age, mean, utility = utilities.age, utilities.mean, utilities.utility
    for layer in range(utilities.unit_at.shape[0] - 1):
        first = utilities.unit_at[layer]
        outputs = work.outputs[layer]
        for unit in range(first, utilities.unit_at[layer + 1]):
            output = max(outputs[unit - first], float32(0.0))
            age[unit] += float32(1.0)
            mean[unit] += weight * (output - mean[unit])
            if utilities.adaptable:
                utilities.share[unit] += weight * (float32(1.0) - utilities.share[unit])
                output = abs(output - mean[unit] / utilities.share[unit])
            utility[unit] += weight * (output * utilities.magnitudes[unit] - utility[unit])


@_jit
def _fall_due(utilities):
    """Add a step's share of replacements to each layer; say whether a whole unit is due in one of them."""
    found = False
    for layer in range(utilities.due.shape[0]):
        mature = 0
        for unit in range(utilities.unit_at[layer], utilities.unit_at[layer + 1]):
            mature += utilities.age[unit] > utilities.maturity
        utilities.due[layer] += utilities.rate * mature
        found |= utilities.due[layer] >= 1.0
    return found


@_jit
def _replacement_due(layers, anchor, scale, utilities, step, work):
    """Do what continual backprop does after every step; say whether a unit is to be replaced now."""
    taken = utilities.taken + step + 1
    if taken % utilities.weights_every == 0 or taken == 1:
        _look_at_weights(layers, anchor, scale, utilities, work.errors[0])
    _count(utilities, work)
    return taken > utilities.maturity and _fall_due(utilities)


@_jit
def _mixed(state):
    """Return a number of 64 bits that depends on all of those of another one (SplitMix64; Steele et al. 2014)."""
    state = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> uint64(27))) * uint64(0x94D049BB133111EB)
    return state ^ (state >> uint64(31))


@_jit
def _scatter(values, first, second, count, bound):
    """Add numbers from U(±bound) to values: a function of two keys and of count, count + 1, … (after lowbias32)."""
    factor = bound * float32(2.0**-31)
    for j in range(values.shape[0]):
        drawn = uint32(uint32(count + j) * uint32(0x9E3779B9)) ^ first
        drawn = uint32(uint32(drawn ^ (drawn >> uint32(16))) * uint32(0x7FEB352D)) ^ second
        drawn = uint32(uint32(drawn ^ (drawn >> uint32(15))) * uint32(0x846CA68B))  # Numba multiplies in 64 bits
        values[j] += factor * float32(int32(drawn ^ (drawn >> uint32(16))))


@_jit
def _add_noise(layers, scale, noise, step):
    """Shrink biases, and add a step's noise to all parameters; weights are shrunk by their scale."""
    keys = _mixed(uint64(noise.key) + uint64(noise.taken + step + 1) * uint64(0x9E3779B97F4A7C15))
    first, second, count = uint32(keys), uint32(keys >> uint64(32)), 0
    for layer in range(layers.sizes.shape[0] - 1):
        matrix, width = _matrix(layers, layer), noise.units[layer + 1]
        bound = float32(noise.bounds[layer] / scale)
        for k in range(noise.units[layer]):
            _scatter(_row(matrix, k, layers.sizes[layer + 1])[:width], first, second, count, bound)
            count += width
        bias = _bias(layers, layer)[:width]
        bias *= float32(noise.shrink)
        if noise.bias_bounds[layer] > 0:
            _scatter(bias, first, second, count, noise.bias_bounds[layer])
        count += width


@_jit
def _perturb_norms(norms, noise):
    """Shrink scales and shifts, and add a fresh network's, of ones and zeros."""
    norms.scales[:] *= float32(noise.shrink)
    norms.shifts[:] *= float32(noise.shrink)
    norms.scales[:] += float32(noise.scale)


@_njit(**_OPTIONS)
def train(layers, visit, rates, work, norms, anchor, utilities, noise):
    """Train one network on the images that it visits, one step each, in place.

    Args:
        layers: The network, as `Layers`; its matrices without the anchor's.
        visit: The images in their order, as `Visit`; `correct` is written.
        rates: Step size, and pull: pull · (parameter − anchor) is added to the gradient, for biases as well.
        work: A `workspace` for these layers.
        norms: `Norms` of its hidden layers; empty for none.
        anchor: `Layers` that all parameters are pulled towards; empty for zero.
        utilities: `Utilities` to count in every step; empty for none.
        noise: `Noise` to add after every step, without an anchor; empty for none.

    Returns:
        Steps done: all, those before the outputs stopped being finite, or those until a unit is due to be replaced.
    """
    # In float64: the scale is a product of as many factors as there are steps, all rounded the same way.
    learning_rate, pull = rates
    decay, scale = 1.0 - learning_rate * pull, 1.0
    last = layers.sizes.shape[0] - 2
    steps = visit.order.shape[0]
    for step in range(visit.order.shape[0]):
        image = visit.order[step]
        predicted = _predict(layers, norms, anchor, visit.images, image, float32(scale), work)
        if predicted < 0:
            steps = step
            break
        visit.correct[step] = predicted == visit.images.labels[image]
        rate = float32(learning_rate / (scale * decay))
        for layer in range(last, 0, -1):
            _backward(layers, anchor, layer, float32(scale), rate, work)
            _update_bias(layers, anchor, layer, learning_rate, decay, work)
            if norms is not None and norms.units.size:
                _backward_norm(layers, norms, layer - 1, (learning_rate, decay), work)
        _update_first(layers, rate, work)
        _update_bias(layers, anchor, 0, learning_rate, decay, work)
        scale *= decay
        if noise is not None and noise.units.size:
            scale *= noise.shrink
        if scale < _SMALLEST_SCALE:
            layers.stored[:] *= float32(scale)
            scale = 1.0
        if noise is not None and noise.units.size:
            _add_noise(layers, scale, noise, step)
            if norms is not None and norms.units.size:
                _perturb_norms(norms, noise)
        if (
            utilities is not None
            and utilities.due.size
            and _replacement_due(layers, anchor, float32(scale), utilities, step, work)
        ):
            steps = step + 1
            break
    layers.stored[:] *= float32(scale)
    return steps
