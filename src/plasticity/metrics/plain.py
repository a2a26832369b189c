"""The declared metrics on plain tensors and arrays, as `plasticity.metrics` offers them to anybody.

`nc1(features, labels)` is made from the declared function `nc1(statistics)`: what a function asks for says what has to
be given. Shapes: N images, d features, C classes. Wrong input is refused; a value that is undefined is NaN.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from plasticity.errors import PlasticityError
from plasticity.metrics.evaluate import asked_by, declared_functions, evaluate
from plasticity.metrics.statistics import ClassStatistics, StatisticsStream, as_tensor, check_range, with_float64

Array = Any
"""A tensor, an array, or anything that numpy can read."""

Statistics = ClassStatistics | StatisticsStream

_ORDER = ("model", "units", "weights", "predictions", "features", "labels")
_GIVEN_AS: Mapping[str, tuple[str, ...]] = {"statistics": ("features", "labels"), "singular": ("features",)}
"""Input of a metric -> what is given in its place."""
_OF_IMAGES = {"features", "labels", "predictions"}  # what a stream no longer has


class OfClasses(Protocol):
    """A metric of features (N, d) and their classes (N,), or of a stream in place of both."""

    def __call__(self, features: Array | Statistics, labels: Array | None = None) -> float: ...  # noqa: D102


class OfFeatures(Protocol):
    """A metric of features (N, d), or of a stream."""

    def __call__(self, features: Array | Statistics, **options: float) -> float: ...  # noqa: D102


class OfWeights(Protocol):
    """A metric of the last layer's weights (C, d)."""

    def __call__(self, weights: Array) -> float: ...  # noqa: D102


class OfWeightsAndClasses(Protocol):
    """A metric of weights (C, d), and of features (N, d) and their classes (N,), or a stream in place of both."""

    def __call__(self, weights: Array, features: Array | Statistics, labels: Array | None = None) -> float: ...  # noqa: D102


class OfPredictions(Protocol):
    """A metric of predicted classes (N,), features (N, d) and true classes (N,)."""

    def __call__(self, predictions: Array, features: Array, labels: Array) -> float: ...  # noqa: D102


def plain(name: str) -> Callable[..., float]:
    """Return a declared metric as a function of plain tensors, with its signature and description.

    Args:
        name: A declared metric.
    """
    functions = declared_functions()
    asked = set(_asked(name, functions))
    signature = _signature(functions[name], asked)

    def on_tensors(*args: Any, **options: Any) -> float:
        bound = signature.bind(*args, **options).arguments
        chosen = {key: bound.pop(key) for key in list(bound) if key not in _ORDER}
        own = {name: partial(functions[name], **chosen)} if chosen else {}
        return evaluate({**functions, **own}, _inputs(bound, asked), wanted=[name])[name]

    on_tensors.__name__ = on_tensors.__qualname__ = name
    on_tensors.__doc__ = functions[name].__doc__
    on_tensors.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    return on_tensors


def feature_tensor(features: Array, where: str = "features") -> Tensor:
    """Return features (N, d), N > 0, as a tensor.

    Raises:
        PlasticityError: If they have another shape, are no real numbers, or are not all finite; `where` opens the
            message.
    """
    found = as_tensor(features).detach()
    if found.ndim != 2 or not len(found) or found.is_complex():
        raise PlasticityError(f"{where}: expected real numbers of the shape (N, d), N > 0, got {_described(found)}")
    if not bool(torch.isfinite(found).all()):
        raise PlasticityError(f"{where}: expected finite numbers, got NaN or infinity")
    return found


def class_tensor(classes: Array, count: int, num_classes: int | None, where: str) -> Tensor:
    """Return class numbers (N,) as a tensor.

    Args:
        classes: The numbers.
        count: N.
        num_classes: Numbers are below it; None where only their sign is known.
        where: Opens the message.

    Raises:
        PlasticityError: If they have another shape, are no integers, or are out of range.
    """
    found = as_tensor(classes).detach()
    if found.shape != (count,) or found.is_floating_point() or found.is_complex():
        raise PlasticityError(f"{where}: expected integers of the shape ({count},), got {_described(found)}")
    check_range(found, int(found.max()) + 1 if num_classes is None else num_classes, where)
    return found.long()


def _asked(name: str, functions: Mapping[str, Callable[..., Any]]) -> Iterator[str]:
    """Yield what a metric asks for, itself or by the metrics that it is computed from."""
    for asked in asked_by(functions[name]):
        yield from _asked(asked, functions) if asked in functions else (asked,)


def _signature(function: Callable[..., Any], asked: set[str]) -> inspect.Signature:
    arguments = {argument for each in asked for argument in _GIVEN_AS.get(each, (each,))}
    of_function = inspect.signature(function).parameters.values()
    options = [each.replace(kind=each.KEYWORD_ONLY) for each in of_function if each.default is not each.empty]
    kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    optional = set() if asked & _OF_IMAGES else {"labels"}  # a stream in place of features has the labels already
    given = [
        inspect.Parameter(name, kind, default=None if name in optional else empty)
        for name in _ORDER
        if name in arguments
    ]
    return inspect.Signature([*given, *options], return_annotation=float)


def _inputs(bound: Mapping[str, Any], asked: set[str]) -> dict[str, Any]:
    """Return what the functions ask for, from what was given.

    Raises:
        PlasticityError: If it is not what they expect.
    """
    inputs = {key: value for key, value in bound.items() if key in ("model", "units")}
    if "weights" in bound:
        inputs["weights"] = feature_tensor(bound["weights"], "weights").cpu()
    features = bound.get("features")
    if isinstance(features, Statistics):
        if asked & _OF_IMAGES or bound.get("labels") is not None:
            raise PlasticityError("features: expected a tensor (N, d) beside labels, got statistics")
        inputs["statistics"] = features.result() if isinstance(features, StatisticsStream) else features
    elif "features" in bound:
        inputs |= _of_tensors(bound, inputs.get("weights"), of_classes=bool(asked & {"statistics", "labels"}))
    _check_fit(inputs)
    return inputs


def _of_tensors(bound: Mapping[str, Any], weights: Tensor | None, *, of_classes: bool) -> dict[str, Any]:
    features = feature_tensor(bound["features"])
    features = features.to(with_float64(features.device))
    given = bound.get("labels") if of_classes else torch.zeros(len(features), dtype=torch.int64)
    if given is None:
        raise PlasticityError(f"labels: expected class numbers of the shape ({len(features)},), got nothing")
    labels = class_tensor(given, len(features), None if weights is None else len(weights), "labels")
    num_classes = int(labels.max()) + 1 if weights is None else len(weights)
    stream = StatisticsStream(num_classes, features.shape[1], features.device)
    stream.update(features, labels)
    found = {"features": features, "labels": labels.to(features.device), "statistics": stream.result()}
    if "predictions" in bound:
        found["predictions"] = class_tensor(bound["predictions"], len(features), None, "predictions").to(
            features.device
        )
    return found


def _check_fit(inputs: Mapping[str, Any]) -> None:
    """Refuse weights that do not belong to the features.

    Raises:
        PlasticityError: If their shape is another.
    """
    if "weights" in inputs and "statistics" in inputs:
        expected, got = tuple(inputs["statistics"].means.shape), tuple(inputs["weights"].shape)
        if expected != got:
            raise PlasticityError(f"weights: expected the shape {expected} (classes, features), got {got}")


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of the shape {tuple(tensor.shape)}"
