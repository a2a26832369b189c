"""Copies of a probe: that a stack and separate networks learn alike, and which of them is chosen."""

import pytest
import torch
from torch import nn

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import ProbeTraining
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.training.optimisers.adam import Adam
from plasticity.training.optimisers.adamw import AdamW
from plasticity.training.optimisers.muon import Muon
from plasticity.training.optimisers.optimiser import Optimiser, Update
from plasticity.training.optimisers.sgd import SGD
from plasticity.training.probe_copies import ChainedCopies, SeparateCopies, StackedCopies, copies_of
from plasticity.training.stacked_layers import is_chain

SHAPE = (1, 8, 8)
TRAINING = ProbeTraining(learning_rate=0.05, momentum=0.5)


def network(**parameters: object) -> Classifier:
    """A small network in float64."""
    settings = {"name": "mlp", "hidden": [6], **parameters}
    return build_model(Chosen.model_validate(settings), SHAPE, 3, torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden": [6, 5], "activation": "tanh"},
        {"layer_norm": True},
        {"name": "convnet_lyle", "channels": [2, 3], "hidden": [4]},
    ],
)
@pytest.mark.parametrize("rule", [SGD(), Adam()])
def test_a_stack_and_separate_networks_learn_alike(settings: dict[str, object], rule: Optimiser) -> None:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(5, *SHAPE, generator=generator, dtype=torch.float64)
    targets = torch.randn(3, 5, 3, generator=generator, dtype=torch.float64)
    training = TRAINING if rule.has_momentum else ProbeTraining(learning_rate=0.05)
    names = {"hidden": settings.get("hidden", [6]), **settings}
    both = [copies_of(network(**names), 3, rule, training, scale=2.0, stacked=way) for way in (True, False)]
    for copies in both:
        for _ in range(4):
            copies.step(images, targets)
    with torch.no_grad():
        stacked, separate = (copies.outputs(images) for copies in both)
    torch.testing.assert_close(stacked, separate, rtol=1e-9, atol=1e-12)
    assert not torch.allclose(stacked[0], stacked[1])


class Averaging(nn.Sequential):
    """A chain with a step of its own."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return what the chain returns beside the mean of the batch."""
        return super().forward(input) - input.flatten(1).mean(0).sum()


def test_only_plain_chains_have_their_layers_stacked() -> None:
    made = network()
    assert is_chain(made)
    assert not is_chain(nn.Sequential(made, nn.LayerNorm(3)))
    assert not is_chain(Averaging(nn.Flatten(), nn.Linear(64, 3)))


class Own(Optimiser):
    """A rule of the user's own."""

    def update(self, step: Update) -> None:
        del step


@pytest.mark.parametrize(
    ("settings", "rule", "kind"),
    [
        ({}, SGD(), ChainedCopies),
        ({"activation": "gelu"}, Adam(), ChainedCopies),
        ({"activation": "crelu"}, Adam(), StackedCopies),
        ({"layer_norm": True}, AdamW(), StackedCopies),
        ({"name": "vit", "hidden": None, "width": 8, "heads": 2, "feed_forward": 8}, Adam(), SeparateCopies),
        ({"name": "convnet_lyle", "channels": [2, 3]}, SGD(), SeparateCopies),
        ({"spectral_norm": True}, SGD(), SeparateCopies),
        ({}, Muon(), SeparateCopies),
        ({}, Own(), SeparateCopies),
    ],
)
def test_copies_are_stacked_where_that_is_right_and_faster(
    settings: dict[str, object], rule: Optimiser, kind: type
) -> None:
    given = {key: value for key, value in {"hidden": [6], **settings}.items() if value is not None}
    assert isinstance(copies_of(network_of(given), 2, rule, ProbeTraining()), kind)


def network_of(given: dict[str, object]) -> Classifier:
    settings = {"name": "mlp", **given}
    return build_model(Chosen.model_validate(settings), SHAPE, 3, torch.Generator().manual_seed(0))


def test_power_iteration_and_matrices_of_single_copies_are_trained() -> None:
    images, targets = torch.randn(4, *SHAPE), torch.randn(2, 4, 3)
    for model, rule in ((network_of({"hidden": [6], "spectral_norm": True}), SGD()), (network_of({}), Muon())):
        copies = copies_of(model, 2, rule, ProbeTraining())
        before = copies.outputs(images).detach()
        copies.step(images, targets)
        assert not torch.allclose(copies.outputs(images), before)
