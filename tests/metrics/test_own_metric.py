"""Metrics of the user's own code: values, options, columns, and what is said of those that cannot be used."""

import pytest
import torch
from torch import Tensor

from plasticity.config.component import ComponentError
from plasticity.config.findings import ConfigError
from plasticity.errors import PlasticityError
from plasticity.metrics import metric
from plasticity.metrics.measure_network import network_metrics
from plasticity.metrics.own_metric import own_metrics
from plasticity.storage.schemas import Column
from small_problems import CLASSES, MLP, image_tensors, network

COUNT = 24


@metric(unit="1", meaning="mean of a power of the features")
def activity(features: Tensor, power: float = 2.0) -> float:
    """Mean of a power of the features."""
    return float(features.double().pow(power).mean())


@metric(unit="1", meaning="twice NC1")
def twice_nc1(nc1: float) -> float:
    return 2 * nc1


@metric(unit="1", meaning="classes", kind="int")
def classes(labels: Tensor) -> float:
    return len(labels.unique())


@metric(unit="1", meaning="no number")
def tensor(features: Tensor) -> float:
    return features.mean()  # pyright: ignore[reportReturnType]


@metric(unit="1", meaning="takes what nobody has")
def greedy(gradients: Tensor) -> float:
    return float(gradients.mean())


@metric(unit="1", meaning="has a name that is taken")
def nc1(features: Tensor) -> float:
    return float(features.mean())


def undeclared(features: Tensor) -> float:
    return float(features.mean())


def chosen(*names: str, **options: float) -> list[dict[str, object]]:
    return [{"name": f"{__name__}:{name}", **options} for name in names]


def test_its_value_stands_beside_the_others() -> None:
    model, images, rows = network(MLP), image_tensors(COUNT), torch.arange(COUNT)
    own = own_metrics([*chosen("activity", power=4), *chosen("twice_nc1", "classes")])
    plain = network_metrics(model, images, rows, probe_images=COUNT)
    found = network_metrics(model, images, rows, probe_images=COUNT, own=own)
    assert {name: found[name] for name in plain} == plain
    model.eval()
    with torch.no_grad():
        features = model.features(next(images.batches(rows, COUNT))[0])
    assert found["activity"] == pytest.approx(float(features.double().pow(4).mean()), rel=1e-12)
    assert (found["twice_nc1"], found["classes"]) == (2 * plain["nc1"], CLASSES)
    assert own[0].column == Column("activity", "float", "1", "mean of a power of the features")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("greedy", "or another metric, got the parameter 'gradients'"),
        ("nc1", "to have a name that no metric has, got 'nc1', which is built in"),
        ("undeclared", "to be a function that @metric(unit=..., meaning=...) declares, got one that it does not"),
        ("COUNT", "declares, got int"),
        ("actvt", "did you mean 'activity'?"),
    ],
)
def test_one_line_says_what_is_wrong(name: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        own_metrics(chosen(name))
    assert str(caught.value).startswith("metric.name: expected ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_checked_and_names_are_different() -> None:
    with pytest.raises(ConfigError, match=r"^metrics.power: expected a number, got 'two'"):
        own_metrics([{"name": f"{__name__}:activity", "power": "two"}])
    with pytest.raises(PlasticityError, match="expected metrics of different names, got 'activity' twice"):
        own_metrics(chosen("activity", "activity"))


def test_what_is_no_number_is_named() -> None:
    own = own_metrics(chosen("tensor"))
    with pytest.raises(PlasticityError, match=r":tensor: expected a float, got Tensor$"):
        network_metrics(network(MLP), image_tensors(COUNT), torch.arange(COUNT), probe_images=COUNT, own=own)
