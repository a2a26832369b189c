"""Every metric of any network, from one pass over any batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from plasticity.errors import PlasticityError
from plasticity.metrics.declared.capacity import ActiveUnits, watch_units
from plasticity.metrics.evaluate import declared_functions, evaluate
from plasticity.metrics.measure_network import collected, inputs_of
from plasticity.metrics.plain import class_tensor, feature_tensor
from plasticity.metrics.statistics import StatisticsStream, as_tensor, with_float64

Batch = tuple[Tensor, Tensor, Tensor]


def measure(
    model: nn.Module,
    batches: Iterable[Any],
    *,
    head: str | nn.Module,
    probe_images: int | None = None,
    metrics: Sequence[Callable[..., float]] = (),
) -> dict[str, float]:
    """Return neural collapse, feature ranks, dead units, weight norm and accuracy of a network.

    The network is measured in eval mode, from statistics in float64, in one pass; modes, buffers and hooks are left as
    they were, whatever happens. Features (N, d) of all images are kept in memory until the pass has ended.

    Args:
        model: Any classifier whose last layer is linear.
        batches: Pairs (images, labels), such as a `DataLoader` yields; they are moved to the last layer's device.
            Labels (B,) are class numbers in [0, C).
        head: The last layer, an `nn.Linear` (d, C), or its name in the network, such as "fc"; it takes the features.
        probe_images: On how many of the first images, in whole batches, dead units are counted; on all by default.
        metrics: More functions, whose parameters name what they take (`plasticity.metrics.evaluate.INPUTS`), such as
            `def my_metric(features, labels)`; their values are added by their names.

    Returns:
        Values by name: those of `plasticity.metrics`, and `accuracy`. One that is undefined is NaN.

    Raises:
        PlasticityError: If the network has no such head, there are no batches, labels are out of range, or features are
            not finite.
    """
    layer = _head_of(model, head)
    functions = _functions(metrics)
    units = ActiveUnits()
    with _left_as_it_was(model), torch.no_grad():
        model.eval()
        device = layer.weight.device
        stream = StatisticsStream(layer.out_features, layer.in_features, with_float64(device))
        watched = float("inf") if probe_images is None else probe_images
        measured = collected(_parts(model, layer, batches, units, watched), stream, units)
        return {**evaluate(functions, inputs_of(measured, model, layer)), "accuracy": measured.accuracy}


def _functions(metrics: Sequence[Callable[..., float]]) -> dict[str, Callable[..., float]]:
    functions = declared_functions()
    for function in metrics:
        name = function.__name__
        if name in functions or name == "accuracy":
            raise PlasticityError(f"metrics: expected names that are not taken, got {name!r}")
        functions[name] = function
    return functions


def _head_of(model: nn.Module, head: str | nn.Module) -> nn.Linear:
    modules = dict(model.named_modules())
    linear = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    expected = f"one of the network's linear layers ({', '.join(linear) or 'it has none'})"
    if isinstance(head, str):
        if head not in linear:
            raise PlasticityError(f"head: expected {expected}, got {head!r}")
        return model.get_submodule(head)  # pyright: ignore[reportReturnType]
    if not isinstance(head, nn.Linear) or head not in modules.values():
        raise PlasticityError(f"head: expected {expected}, got another {type(head).__name__}")
    return head


def _parts(
    model: nn.Module, layer: nn.Linear, batches: Iterable[Any], units: ActiveUnits, probe_images: float
) -> Iterator[Batch]:
    """Yield features, logits and labels of every batch.

    Raises:
        PlasticityError: If there is none, or one is not what `measure` expects.
    """
    seen, device = 0, layer.weight.device
    for number, batch in enumerate(batches):
        where = f"batch {number}"
        images, labels = _pair(batch, where)
        with watch_units(model, units) if seen < probe_images else nullcontext(), _calls_of(layer) as calls:
            model(images.to(device))
        if len(calls) != 1:
            raise PlasticityError(f"{where}: expected one call of the head in a forward pass, got {len(calls)}")
        features, logits = (value.to(with_float64(device)) for value in calls[0])
        features = feature_tensor(features, f"{where}, features")
        labels = class_tensor(labels, len(features), layer.out_features, f"{where}, labels")
        seen += len(labels)
        yield features, logits, labels.to(features.device)
    if not seen:
        raise PlasticityError("batches: expected at least one batch (images, labels), got none")


def _pair(batch: Any, where: str) -> tuple[Tensor, Tensor]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise PlasticityError(f"{where}: expected a pair (images, labels), got {type(batch).__name__}")
    return as_tensor(batch[0]), as_tensor(batch[1])


@contextmanager
def _calls_of(layer: nn.Module) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Collect input and output of every call of a layer inside the block."""
    calls: list[tuple[Tensor, Tensor]] = []

    def keep(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls.append((inputs[0], output))

    handle = layer.register_forward_hook(keep)
    try:
        yield calls
    finally:
        handle.remove()


@contextmanager
def _left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Put back the mode of every module, and every buffer, to the bit."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(m, name, b, b.clone()) for m in model.modules() for name, b in m._buffers.items() if b is not None]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for module, name, buffer, value in buffers:
            module._buffers[name] = buffer  # a forward pass may have put another in its place
            with torch.no_grad():
                buffer.copy_(value)
