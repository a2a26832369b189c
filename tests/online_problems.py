"""Small networks and sparse images for online SGD, and the loop over tensors that every fast path has to agree with."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.seeding import numpy_generator
from plasticity.training.online.pixels import Pixels, pixels_of_rows
from plasticity.training.online.stack import Network, Stack, stack_of
from plasticity.training.penalties.nc1 import NC1, nc1_of_batch

CLASSES = 4
INPUTS = 64


def fresh(sizes: Sequence[int], seed: int = 0) -> Network:
    """Tensors of a network with layers of these sizes, by the names that a perceptron's layers have."""
    random = numpy_generator(seed, "tests/network")
    found: Network = {}
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        name = "head" if layer == len(sizes) - 2 else f"body.{2 * layer + 1}"
        bound = (6.0 / fan_in) ** 0.5
        found[f"{name}.weight"] = random.uniform(-bound, bound, (fan_out, fan_in)).astype(np.float32)
        found[f"{name}.bias"] = random.uniform(-0.1, 0.1, fan_out).astype(np.float32)
    return found


def stack(sizes: Sequence[int], replicas: int = 1) -> Stack:
    """A stack of different networks."""
    return stack_of([fresh(sizes, seed) for seed in range(replicas)])


def sparse_images(count: int, inputs: int = INPUTS, *, density: float = 0.3, classes: int = CLASSES) -> Pixels:
    """Images that resemble a template per class where they are not zero."""
    random = numpy_generator(count, "tests/images")
    labels = random.integers(0, classes, count)
    templates = random.random((classes, inputs))
    rows = (0.7 * templates[labels] + 0.3 * random.random((count, inputs))).astype(np.float32)
    rows[random.random(rows.shape) > density] = 0
    return pixels_of_rows(rows, labels, classes)


def orders(pixels: Pixels, replicas: int = 1, *, steps: int | None = None) -> NDArray[np.int64]:
    """A stream per replica; each starts over when it has seen all images."""
    random = numpy_generator(replicas, "tests/orders")
    epochs = -(-(steps or len(pixels)) // len(pixels))
    streams = [np.concatenate([random.permutation(len(pixels)) for _ in range(epochs)]) for _ in range(replicas)]
    return np.stack(streams)[:, :steps]


def loop(
    network: Mapping[str, NDArray],
    pixels: Pixels,
    order: NDArray[np.int64],
    optimisation: Optimisation,
    dtype: torch.dtype = torch.float32,
    optimizer: Callable[[list[torch.Tensor]], torch.optim.Optimizer] | None = None,
) -> tuple[Network, NDArray[np.bool_]]:
    """Train as the papers do, image by image or batch by batch; return the tensors and the hits before each update.

    By SGD without momentum, unless another optimizer of PyTorch is made of the parameters.
    """
    parameters = [torch.from_numpy(value.copy()).to(dtype).requires_grad_() for value in network.values()]
    plain: Any = {"lr": optimisation.learning_rate, "weight_decay": optimisation.weight_decay}
    steps = optimizer(parameters) if optimizer else torch.optim.SGD(parameters, **plain)
    images, labels = torch.from_numpy(pixels.dense()).to(dtype), torch.from_numpy(pixels.labels)
    hits = []
    for first in range(0, len(order), optimisation.batch_size):
        rows = torch.from_numpy(order[first : first + optimisation.batch_size])
        features = images[rows]
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            features = torch.nn.functional.linear(features, weight, bias).relu()
        logits = torch.nn.functional.linear(features, *parameters[-2:])
        hits.append((logits.argmax(1) == labels[rows]).numpy())
        loss = torch.nn.functional.cross_entropy(logits, labels[rows]) + _penalty(
            optimisation.penalty, features, labels[rows], pixels.num_classes
        )
        steps.zero_grad()
        loss.backward()
        steps.step()
    trained = [parameter.detach().numpy() for parameter in parameters]
    return dict(zip(network, trained, strict=True)), np.concatenate(hits)


def _penalty(chosen: Chosen | None, features: torch.Tensor, labels: torch.Tensor, classes: int) -> Any:
    if chosen is None or chosen.name == "none":
        return 0.0
    return chosen.make(NC1).term(nc1_of_batch(features, labels, classes))


def largest_difference(one: Mapping[str, NDArray], other: Mapping[str, NDArray]) -> float:
    """Largest difference of any two weights, as a fraction of the largest weight."""
    assert list(one) == list(other)
    scale = max(float(np.abs(value).max()) for value in other.values())
    return max(float(np.abs(one[name] - other[name]).max()) for name in other) / scale


def assert_same_networks(one: Stack, other: Stack) -> None:
    """Equal to the bit."""
    for mine, theirs in zip(one.parts, other.parts, strict=True):
        np.testing.assert_array_equal(mine, theirs)
