"""The metrics as anybody calls them: on tensors, arrays and streams."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch

import plasticity.metrics as public
import references
from plasticity.errors import PlasticityError
from plasticity.metrics import ActiveUnits, StatisticsStream, watch_units
from plasticity.metrics.declaring import declared_metrics

CLASSES = 5


@pytest.fixture
def problem() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(60) % CLASSES)
    features = 2 * random.normal(size=(CLASSES, 7))[labels] + random.normal(size=(60, 7)) + 3
    weights = random.normal(size=(CLASSES, 7))
    return {
        "features": features,
        "labels": labels,
        "weights": weights,
        "predictions": random.integers(0, CLASSES, 60),
    }


def expected(problem: dict[str, np.ndarray]) -> dict[str, float]:
    features, labels, w = problem["features"], problem["labels"], problem["weights"]
    centred = references.moments(features, labels, CLASSES).centred
    nc4 = references.nc4(problem["predictions"], features, labels, CLASSES)
    return {
        "nc1": references.nc1(features, labels, CLASSES),
        "nc2": references.nc2(w),
        "nc3": references.nc3(w, features, labels),
        "nc4": nc4,
        "nc4_disagreement": 1 - nc4,
        "nc3_self_duality": references.self_duality(w, features, labels),
        "nc2_equinorm_means": references.equinorm(centred),
        "nc2_equinorm_weights": references.equinorm(w),
        "nc2_equiangular_means": references.equiangular(centred),
        "nc2_maximal_angle_weights": references.maximal_angle(w),
        "cdnv": references.cdnv(features, labels, CLASSES),
        **references.ranks(features),
    }


def called(name: str, given: dict[str, Any]) -> float:
    function = getattr(public, name)
    return function(**{key: given[key] for key in inspect.signature(function).parameters if key in given})


FORMS = {
    "arrays": lambda value: value,
    "read-only arrays": lambda value: np.broadcast_to(value, value.shape),
    "lists": lambda value: value.tolist(),
    "tensors": torch.from_numpy,
    "tensors with a gradient": lambda value: torch.from_numpy(value).requires_grad_(value.dtype == np.float64),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_metric_equals_its_slow_reference(form: str, problem: dict[str, np.ndarray]) -> None:
    given = {name: FORMS[form](value) for name, value in problem.items()}
    for name, value in expected(problem).items():
        assert called(name, given) == pytest.approx(value, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_features_may_be_of_any_precision(dtype: torch.dtype, problem: dict[str, np.ndarray]) -> None:
    rounded = torch.from_numpy(problem["features"]).to(dtype)
    labels = torch.from_numpy(problem["labels"]).to(torch.uint8)
    same = public.nc1(rounded.double(), problem["labels"])
    assert public.nc1(rounded, labels) == same


def test_a_stream_stands_for_features_and_labels(problem: dict[str, np.ndarray]) -> None:
    features, labels, weights = problem["features"], problem["labels"], problem["weights"]
    stream = StatisticsStream(CLASSES, 7)
    for rows in np.array_split(np.arange(60), 7):
        stream.update(features[rows], labels[rows])
    for given in (stream, stream.result()):
        assert public.nc1(given) == pytest.approx(public.nc1(features, labels), rel=1e-12)
        assert public.nc3(weights, given) == pytest.approx(public.nc3(weights, features, labels), rel=1e-12)
        assert public.effective_rank(given) == pytest.approx(public.effective_rank(features), rel=1e-12)


def test_options_of_a_metric_stay() -> None:
    features = np.diag([3.0, 1.0, 1.0, 1.0])
    assert [public.approximate_rank(features, mass=mass) for mass in (0.7, 0.8, 0.99)] == [1, 2, 4]


def test_metrics_of_a_network() -> None:
    layer = torch.nn.Linear(2, 3)
    model = torch.nn.Sequential(layer, torch.nn.ReLU())
    with torch.no_grad():
        layer.weight.fill_(2)
        layer.bias.copy_(torch.tensor([0.0, 0.0, -100.0]))
    units = ActiveUnits()
    with watch_units(model, units):
        model(torch.ones(4, 2))
    assert public.dead_units(units) == pytest.approx(1 / 3)
    assert public.weight_norm(model) == pytest.approx((6 * 4 + 100**2) ** 0.5)


def test_what_is_undefined_is_nan(problem: dict[str, np.ndarray]) -> None:
    assert np.isnan(public.nc1(problem["features"], np.zeros(60, int)))
    assert np.isnan(public.cdnv(problem["features"], np.zeros(60, int)))


def changed(problem: dict[str, np.ndarray], **changes: Any) -> dict[str, Any]:
    return {**problem, **changes}


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("nc1", {"labels": np.arange(59)}, r"labels: expected integers of the shape \(60,\), got int64 of the shape"),
        ("nc1", {"labels": np.zeros(60)}, "labels: expected integers of the shape .*, got float64"),
        ("nc1", {"labels": np.arange(60) - 1}, "labels: expected class numbers from 0 to 58, got -1"),
        ("nc1", {"labels": None}, r"labels: expected class numbers of the shape \(60,\), got nothing"),
        ("nc3", {"labels": np.full(60, 5)}, "labels: expected class numbers from 0 to 4, got 5"),
        ("nc4", {"predictions": np.zeros((60, 2), int)}, "predictions: expected integers of the shape"),
        ("nc1", {"features": np.zeros((60, 7, 1))}, r"features: expected real numbers of the shape \(N, d\), N > 0"),
        ("nc1", {"features": np.zeros((0, 7))}, r"got float64 of the shape \(0, 7\)"),
        ("effective_rank", {"features": np.full((60, 7), np.inf)}, "features: expected finite numbers, got NaN or inf"),
        ("nc2", {"weights": np.full((5, 7), np.nan)}, "weights: expected finite numbers"),
        ("nc3", {"weights": np.ones((5, 6))}, r"weights: expected the shape \(5, 7\) \(classes, features\), got"),
        ("nc4", {"features": StatisticsStream(5, 7)}, r"features: expected a tensor \(N, d\) beside labels"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    name: str, changes: dict[str, Any], told: str, problem: dict[str, np.ndarray]
) -> None:
    with pytest.raises(PlasticityError, match=told) as error:
        called(name, changed(problem, **changes))
    assert "\n" not in str(error.value)


def test_a_stream_refuses_what_does_not_fit_it() -> None:
    stream = StatisticsStream(3, 2)
    with pytest.raises(PlasticityError, match=r"features: expected the shape \(4, 2\) .*, got \(4, 3\)"):
        stream.update(np.ones((4, 3)), np.zeros(4, int))
    with pytest.raises(PlasticityError, match="labels: expected class numbers from 0 to 2, got 3"):
        stream.update(np.ones((4, 2)), np.arange(4))
    stream.update(torch.ones(4, 2, requires_grad=True), torch.zeros(4, dtype=torch.int32))
    stream.update(np.ones((0, 2)), np.zeros(0, int))
    assert not stream.result().means.requires_grad
    assert stream.result().counts.tolist() == [4, 0, 0]


def test_names_are_there_and_described() -> None:
    metrics = {each.name for each in declared_metrics()}
    assert metrics < set(dir(public))
    for name in metrics:
        assert getattr(public, name) is getattr(public, name)
        assert getattr(public, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nc5'"):
        public.nc5  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_names_for_editors_are_those_that_are_there() -> None:
    source = inspect.getsource(public)
    told = {line.split(":")[0].strip() for line in source.splitlines() if ": Of" in line}
    own = {"weight_norm", "dead_units"}  # of a network, not of tensors
    assert told == {each.name for each in declared_metrics()} - own
