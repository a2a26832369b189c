import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import references
from plasticity.data.image_tensors import ImageTensors
from plasticity.metrics import measure_network
from plasticity.metrics.measure_network import feature_pass, nc1_in_train_mode, network_metrics, probed
from plasticity.models.classifier import Classifier
from plasticity.storage.schemas import SCHEMAS
from plasticity.training.epoch import accuracy
from small_problems import CLASSES, MLP, RESNET, assert_same, image_tensors, network, run_in, state

COUNT = 90
ROWS = torch.arange(COUNT - 1, 4, -1)
BOTH = pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])


def used(settings: dict[str, Any]) -> Classifier:
    model = network(settings)
    run_in(model)
    nn.init.normal_(model.head.bias, std=0.1, generator=torch.Generator().manual_seed(0))
    return model


def direct(model: Classifier, images: ImageTensors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, predictions and labels of a copy in eval mode, all images in one batch."""
    inputs, labels = images.batch(ROWS)
    with torch.no_grad():
        features = copy.deepcopy(model).eval().features(inputs)
        return features.numpy(), model.head(features).argmax(1).numpy(), labels.numpy()


def expected_metrics(features: np.ndarray, predictions: np.ndarray, labels: np.ndarray, w: np.ndarray) -> dict:
    centred = references.moments(features, labels, CLASSES).centred
    nc4 = references.nc4(predictions, features, labels, CLASSES)
    angles = {"equinorm": references.equinorm, "equiangular": references.equiangular}
    angles["maximal_angle"] = references.maximal_angle
    return {
        "nc1": references.nc1(features, labels, CLASSES),
        "nc2": references.nc2(w),
        "nc3": references.nc3(w, features, labels),
        "nc4": nc4,
        **{f"nc2_{name}_means": function(centred) for name, function in angles.items()},
        **{f"nc2_{name}_weights": function(w) for name, function in angles.items()},
        "nc3_self_duality": references.self_duality(w, features, labels),
        "nc4_disagreement": 1 - nc4,
        "cdnv": references.cdnv(features, labels, CLASSES),
        **references.ranks(features),
        "warm_up_train_accuracy": float(np.mean(predictions == labels)),
    }


@BOTH
def test_every_metric_equals_its_slow_reference(settings: dict[str, Any]) -> None:
    model, images = used(settings), image_tensors(COUNT)
    features, predictions, labels = direct(model, images)
    weights = model.head.weight.detach().double().numpy()
    got = network_metrics(model, images, ROWS, probe_images=COUNT)
    for name, value in expected_metrics(features, predictions, labels, weights).items():
        assert got[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name
    assert got["weight_norm"] == pytest.approx(
        float(torch.cat([p.detach().flatten() for p in model.parameters()]).norm())
    )
    assert 0 < got["warm_up_train_accuracy"] < 1
    assert 0 < got["nc4"] < 1


def test_names_are_columns_of_the_table() -> None:
    got = network_metrics(used(MLP), image_tensors(COUNT), ROWS, probe_images=COUNT)
    columns = {column.name for column in SCHEMAS["collapse"]}
    elsewhere = {"arm", "seed", "warm_up_epoch", "nc1_train_mode", "warm_up_test_accuracy", "diverged"}
    assert got.keys() == columns - elsewhere - {"full_train_accuracy_before"}


@BOTH
@pytest.mark.parametrize("training", [True, False])
def test_network_is_left_as_it_was(settings: dict[str, Any], training: bool) -> None:
    model, images = used(settings).train(training), image_tensors(COUNT)
    before = state(model)
    network_metrics(model, images, ROWS, probe_images=COUNT)
    nc1_in_train_mode(model, images, ROWS, batch_size=16)
    assert_same(before, state(model))
    assert all(module.training is training for module in model.modules())
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(not module._forward_hooks for module in model.modules())


@BOTH
def test_result_does_not_depend_on_batches_and_order(settings: dict[str, Any]) -> None:
    model, images = used(settings).double().eval(), image_tensors(COUNT, dtype=torch.float64)
    whole = feature_pass(model, images, ROWS, batch_size=1000).stream.result()
    for batch_size, rows in ((1, ROWS), (7, ROWS), (13, ROWS.flip(0))):
        parts = feature_pass(model, images, rows, batch_size=batch_size).stream.result()
        for name, value in vars(whole).items():
            torch.testing.assert_close(getattr(parts, name), value, rtol=1e-10, atol=1e-10)


def test_metrics_of_several_batches_equal_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = used(RESNET).double(), image_tensors(COUNT, dtype=torch.float64)
    whole = network_metrics(model, images, ROWS, probe_images=COUNT)
    pass_of_one = feature_pass

    def in_parts(*args: Any, **options: Any) -> measure_network.FeaturePass:
        return pass_of_one(*args, **{**options, "batch_size": 11})

    monkeypatch.setattr(measure_network, "feature_pass", in_parts)
    assert network_metrics(model, images, ROWS, probe_images=COUNT) == pytest.approx(whole, rel=1e-9)


def test_pass_keeps_features_in_the_order_of_the_images() -> None:
    model, images = used(RESNET).eval(), image_tensors(COUNT)
    measured = feature_pass(model, images, ROWS, batch_size=16)
    features, predictions, labels = direct(model, images)
    assert measured.features.dtype == torch.float32
    np.testing.assert_allclose(measured.features.numpy(), features, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(measured.predictions.numpy(), predictions)
    np.testing.assert_array_equal(measured.labels.numpy(), labels)
    assert measured.accuracy == accuracy(model, images, ROWS) == np.mean(predictions == labels)


def batch_features(model: Classifier, images: ImageTensors, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    made = copy.deepcopy(model).train()
    with torch.no_grad():
        parts = [(made.features(inputs), labels) for inputs, labels in images.batches(ROWS, batch_size)]
    features, labels = (torch.cat(list(part)).numpy() for part in zip(*parts, strict=True))
    return features, labels


@pytest.mark.parametrize("batch_size", [16, 43])
def test_train_mode_uses_the_statistics_of_each_batch(batch_size: int) -> None:
    model, images = used(RESNET).eval(), image_tensors(COUNT)
    got = nc1_in_train_mode(model, images, ROWS, batch_size=batch_size)
    assert got == pytest.approx(references.nc1(*batch_features(model, images, batch_size), CLASSES), rel=1e-4)
    eval_mode = network_metrics(model, images, ROWS, probe_images=0)["nc1"]
    assert abs(got / eval_mode - 1) > 0.02


def test_train_mode_of_a_network_without_batch_norm_is_its_eval_mode() -> None:
    model, images = used(MLP), image_tensors(COUNT)
    got = nc1_in_train_mode(model, images, ROWS, batch_size=16)
    assert got == pytest.approx(network_metrics(model, images, ROWS, probe_images=0)["nc1"], rel=1e-5)


@BOTH
@pytest.mark.parametrize(("probe", "seen"), [(COUNT, 85), (1, 11), (13, 22)])
def test_dead_units_are_those_of_the_first_batches(settings: dict[str, Any], probe: int, seen: int) -> None:
    model, images = used(settings).eval(), image_tensors(COUNT)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d | nn.Linear):
                module.bias.sub_(2 * torch.rand(module.bias.shape, generator=torch.Generator().manual_seed(1)))
    outputs: list[torch.Tensor] = []
    made = copy.deepcopy(model)
    for module in made.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output.clone()))
    with torch.no_grad():
        made(images.batch(ROWS[:seen])[0])
    dead = [bool((output[:, unit] <= 0).all()) for output in outputs for unit in range(output.shape[1])]
    measured = feature_pass(model, images, ROWS, batch_size=12, probe_images=probe)  # batches of 11, then of 10
    assert 0 < np.mean(dead) < 1
    assert measured.units.dead_fraction() == pytest.approx(np.mean(dead))


def test_network_that_overflows_is_nan_and_does_not_stop_the_measurement() -> None:
    model, images = used(MLP), image_tensors(COUNT)
    with torch.no_grad():
        for parameter in model.body.parameters():
            parameter.mul_(1e20)
    got = network_metrics(model, images, ROWS, probe_images=COUNT)
    of_features = ("nc1", "nc3", "nc4", "cdnv", "effective_rank", "stable_rank", "approximate_rank")
    assert np.isnan([got[name] for name in of_features]).all(), got
    assert np.isfinite(got["weight_norm"])


def test_network_that_is_dead_is_measured() -> None:
    model, images = used(MLP), image_tensors(COUNT)
    with torch.no_grad():
        list(model.body.parameters())[-1].fill_(-1e9)
    got = network_metrics(model, images, ROWS, probe_images=COUNT)
    assert np.isnan([got[name] for name in ("nc1", "nc3", "cdnv", "effective_rank", "nc2_equiangular_means")]).all()
    assert got["approximate_rank"] == 0
    assert got["dead_units"] >= 8 / 20


def test_dead_units_of_images_sorted_by_class_are_those_of_images_of_every_class() -> None:
    model, images = used(MLP).eval(), image_tensors(COUNT)
    classes = torch.arange(len(ROWS)) * 3 // len(ROWS)
    mask = probed(classes, 12, 20)
    assert int(mask.sum()) == 20
    assert torch.bincount(classes[mask]).tolist() == [7, 7, 6]
    outputs: list[torch.Tensor] = []
    made = copy.deepcopy(model)
    for module in made.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output.clone()))
    with torch.no_grad():
        made(images.batch(ROWS[mask])[0])
    dead = torch.cat([(output <= 0).all(0) for output in outputs]).double().mean()
    measured = feature_pass(model, images, ROWS, batch_size=12, probe_images=20, classes=classes)
    assert measured.units.dead_fraction() == pytest.approx(float(dead))


@pytest.mark.parametrize(
    ("classes", "probe", "number"),
    [(torch.arange(85) % 3, 13, 22), (torch.full((85,), -1), 1, 11), (torch.arange(85) // 80, 85, 85)],
    ids=["mixed", "one class", "all are probed"],
)
def test_of_other_images_the_first_ones_are_probed(classes: torch.Tensor, probe: int, number: int) -> None:
    assert probed(classes, 12, probe).nonzero().flatten().tolist() == list(range(number))
