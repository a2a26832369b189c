"""One pass gives the features of every layer; rows hold what the pure functions say of them."""

import math

import numpy as np
import pytest
import torch

from plasticity.metrics.layers import TrainTestPass, centres_of, layer_pass, layer_rows
from plasticity.metrics.variances import Clustering, variances
from small_problems import CLASSES, MLP, RESNET, assert_same, image_tensors, network, run_in, state

CLUSTERING = Clustering(restarts=2, seed=3)


@pytest.mark.parametrize("settings", [MLP, RESNET, {**MLP, "activation": "tanh"}])
def test_one_pass_gives_the_features_of_every_layer_and_changes_nothing(settings: dict) -> None:
    model = network(settings)
    run_in(model)
    model.train()
    before = state(model)
    images = image_tensors(530)  # more than one batch
    found = layer_pass(model, images)
    assert_same(state(model), before)
    assert model.training
    model.eval()
    with torch.inference_mode():
        inputs, labels = images.batch(torch.arange(530))
        torch.testing.assert_close(found.layers[-1].values, model.features(inputs))
        assert found.accuracy == float((model(inputs).argmax(1) == labels).double().mean())
    assert torch.equal(found.layers[0].labels, images.labels)


def test_layers_of_a_perceptron_are_its_activations_in_order() -> None:
    model = network(MLP)
    images = image_tensors(20)
    found = layer_pass(model, images)
    x = images.batch(torch.arange(20))[0].flatten(1)
    for place, layer in enumerate(module for module in model.body.modules() if isinstance(module, torch.nn.Linear)):
        x = torch.relu(layer(x)).detach()
        torch.testing.assert_close(found.layers[place].values, x)
    assert len(found.layers) == 2
    assert len(layer_pass(network(RESNET), images).layers) == 1


def test_maps_of_a_convolution_are_no_vectors() -> None:
    images = image_tensors(20)
    model = network({"name": "convnet_dohare", "padding": "same", "channels": [4, 4, 4], "hidden": [6, 5]})
    assert [layer.values.shape for layer in layer_pass(model, images).layers] == [(20, 6), (20, 5)]


def test_rows_hold_variances_against_frozen_and_own_centres() -> None:
    images, test = image_tensors(40), image_tensors(24, seed=5)
    early, late = (TrainTestPass(*(layer_pass(network(MLP, seed), part) for part in (images, test))) for seed in (0, 1))
    frozen = centres_of(late, CLASSES, CLUSTERING)
    rows = layer_rows(early, frozen, CLASSES, CLUSTERING)
    assert [(row["layer"], row["last_layer"]) for row in rows] == [(1, False), (2, True)]
    for place, row in enumerate(rows):
        train, held_out = early.train.layers[place], early.test.layers[place]
        assert {name: row[name] for name in variances(train, held_out, frozen[place])} == variances(
            train, held_out, frozen[place]
        )
        own = variances(train, held_out, centres_of(early, CLASSES, CLUSTERING)[place])
        assert {name: row[f"own_{name}"] for name in own} == own
        assert all(math.isfinite(value) for value in row.values())


def test_at_the_last_checkpoint_frozen_and_own_agree() -> None:
    measured = TrainTestPass(*(layer_pass(network(MLP), image_tensors(count)) for count in (40, 24)))
    for row in layer_rows(measured, centres_of(measured, CLASSES, CLUSTERING), CLASSES, CLUSTERING):
        for name in ("train_variance", "strong_test_variance", "weak_test_variance"):
            assert row[name] == row[f"own_{name}"]


def test_nc1_is_that_of_the_textbook() -> None:
    measured = TrainTestPass(*(layer_pass(network(MLP), image_tensors(count)) for count in (40, 24)))
    row = layer_rows(measured, centres_of(measured, CLASSES, CLUSTERING), CLASSES, CLUSTERING)[-1]
    h, y = (part.double().numpy() for part in (measured.train.layers[-1].values, measured.train.layers[-1].labels))
    means = np.array([h[y == c].mean(0) for c in range(CLASSES)])
    residuals = h - means[y.astype(int)]
    centred = means - h.mean(0)
    within, between = residuals.T @ residuals / len(h), centred.T @ centred / CLASSES
    assert row["nc1"] == pytest.approx(np.trace(within @ np.linalg.pinv(between, rcond=1e-9)) / CLASSES, rel=1e-6)


def test_features_that_are_not_finite_are_told() -> None:
    model = network(MLP)
    with torch.no_grad():
        next(model.body.parameters()).fill_(float("inf"))
    assert not TrainTestPass(*(layer_pass(model, image_tensors(8)) for _ in range(2))).finite
