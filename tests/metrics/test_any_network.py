"""`measure` on networks that know nothing of this package."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from plasticity.errors import PlasticityError
from plasticity.metrics import measure
from plasticity.metrics.measure_network import network_metrics
from small_problems import CLASSES, MLP, RESNET, assert_same, image_tensors, network, run_in, state

COUNT = 90


class Foreign(nn.Module):
    """Dropout, batch-norm, a buffer that every pass replaces, a head with a name of its own, and no logits returned."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(12, CLASSES))
        self.register_buffer("passes", torch.zeros(()))
        self.passes: Tensor

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self.passes = self.passes + 1
        return {"log_p": self.classifier(self.body(images)).log_softmax(1)}


@pytest.fixture
def foreign() -> Foreign:
    torch.manual_seed(0)
    return Foreign()


def batches(size: int = 16) -> list[tuple[Tensor, Tensor]]:
    images = image_tensors(COUNT)
    return list(images.batches(torch.arange(COUNT), size))


@pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])
def test_a_network_of_the_workflow_has_the_numbers_of_the_workflow(settings: dict[str, Any]) -> None:
    model, images = network(settings), image_tensors(COUNT)
    run_in(model)
    expected = network_metrics(model, images, torch.arange(COUNT), probe_images=COUNT)
    got = measure(model, images.batches(torch.arange(COUNT), 500), head="head")
    assert got.pop("accuracy") == expected.pop("warm_up_train_accuracy")
    assert got == expected


def test_any_loader_does(foreign: Foreign) -> None:
    inputs, labels = (torch.cat(parts) for parts in zip(*batches(), strict=True))
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=25)
    expected = measure(foreign, [(inputs, labels)], head="classifier.1")
    got = measure(foreign, loader, head=foreign.classifier[1])
    arrays = measure(foreign, ([part.numpy() for part in batch] for batch in batches(7)), head="classifier.1")
    assert got == pytest.approx(expected, rel=1e-4)
    assert arrays == pytest.approx(expected, rel=1e-4)
    with torch.no_grad():
        predicted = copy.deepcopy(foreign).eval()(inputs)["log_p"].argmax(1)
    assert got["accuracy"] == float((predicted == labels).double().mean())


@pytest.mark.parametrize("fails", [False, True])
def test_the_network_is_left_as_it_was(foreign: Foreign, fails: bool) -> None:
    foreign.train()
    foreign.body[2].eval()  # a frozen batch-norm
    before, buffers = state(foreign), dict(foreign.named_buffers())
    modes = [module.training for module in foreign.modules()]
    random = torch.get_rng_state()
    given = batches() + ([(batches()[0][0], torch.full((15,), 99))] if fails else [])
    try:
        measure(foreign, given, head="classifier.1")
    except PlasticityError as error:
        assert fails, error
    assert_same(before, state(foreign))
    assert all(dict(foreign.named_buffers())[name] is buffer for name, buffer in buffers.items())
    assert [module.training for module in foreign.modules()] == modes
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in foreign.modules())
    assert all(p.requires_grad and p.grad is None for p in foreign.parameters())
    assert torch.equal(torch.get_rng_state(), random)


def test_metrics_of_ones_own(foreign: Foreign) -> None:
    def mean_length(features: Tensor) -> float:
        return float(features.double().norm(dim=1).mean())

    def doubled(nc1: float, mean_length: float) -> float:
        return 2 * nc1 * mean_length

    got = measure(foreign, batches(), head="classifier.1", metrics=[mean_length, doubled])
    assert got["mean_length"] > 0
    assert got["doubled"] == 2 * got["nc1"] * got["mean_length"]
    with pytest.raises(PlasticityError, match="metrics: expected names that are not taken, got 'doubled'"):
        measure(foreign, batches(), head="classifier.1", metrics=[doubled, doubled])


def test_units_are_watched_on_the_images_asked_for(foreign: Foreign) -> None:
    counted: list[int] = []
    relu = foreign.body[3]
    original = relu.forward
    relu.forward = lambda x: counted.append(len(relu._forward_hooks)) or original(x)
    measure(foreign, batches(), head="classifier.1", probe_images=17)
    assert [bool(hooks) for hooks in counted] == [True, True, False, False, False, False]
    assert np.isnan(measure(foreign, batches(), head="classifier.1", probe_images=0)["dead_units"])


def wrong_labels() -> Iterator[tuple[Tensor, Tensor]]:
    yield batches()[0]
    yield batches()[1][0], torch.full((15,), CLASSES)


@pytest.mark.parametrize(
    ("given", "head", "told"),
    [
        (batches, "fc", r"head: expected one of the network's linear layers \(body.1, classifier.1\), got 'fc'"),
        (batches, "classifier.0", "got 'classifier.0'"),
        (batches, nn.Linear(12, CLASSES), "head: expected one of the network's linear layers .*, got another Linear"),
        (list, "classifier.1", r"batches: expected at least one batch \(images, labels\), got none"),
        (wrong_labels, "classifier.1", "batch 1, labels: expected class numbers from 0 to 3, got 4"),
        (lambda: [batches()[0][0]], "classifier.1", r"batch 0: expected a pair \(images, labels\), got Tensor"),
        (lambda: [(torch.full((3, 1, 8, 8), torch.nan), torch.zeros(3).long())], "classifier.1", "batch 0, features"),
        (lambda: [(torch.ones(3, 1, 8, 8), torch.zeros(2).long())], "classifier.1", r"batch 0, labels: .*\(3,\)"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(foreign: Foreign, given: Any, head: Any, told: str) -> None:
    with pytest.raises(PlasticityError, match=told) as error:
        measure(foreign, given(), head=head)
    assert "\n" not in str(error.value)


def test_a_head_that_a_pass_does_not_call_once_is_refused() -> None:
    body, unused = nn.Linear(4, 3), nn.Linear(3, 2)
    with pytest.raises(PlasticityError, match="expected one call of the head in a forward pass, got 0"):
        measure(_Skips(body, unused), [(torch.ones(2, 4), torch.zeros(2).long())], head="unused")


class _Skips(nn.Module):
    def __init__(self, body: nn.Module, unused: nn.Module) -> None:
        super().__init__()
        self.body, self.unused = body, unused

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)
