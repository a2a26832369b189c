import copy
import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from plasticity.data.image_tensors import ImageTensors
from plasticity.jobs.device import place
from plasticity.models.classifier import Classifier
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.epoch import EpochSums, accuracy, train_epoch
from plasticity.training.optimisers.sgd import SGD
from plasticity.training.step import TrainingStep
from small_problems import CLASSES, MLP, RESNET, assert_same, image_tensors, network, run_in, state
from typed import penalty as made_penalty

NONE = {"name": "none"}
PLAIN = {"lr": 0.05}
HEAVY = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}


def textbook_nc1(h: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Tr(Σ_W Σ_B†)/C with d×d matrices and autograd through `torch.linalg.pinv`."""
    h = h.double()
    present = torch.unique(y)
    means = torch.stack([h[y == c].mean(0) for c in present])
    residuals = torch.cat([h[y == c] - mean for c, mean in zip(present, means, strict=True)])
    centred = means - h.mean(0)
    between = centred.T @ centred / len(present)
    rank = min(len(present) - 1, h.shape[1])
    values, vectors = torch.linalg.eigh(between)
    inverse = vectors[:, -rank:] @ torch.diag(1 / values[-rank:]) @ vectors[:, -rank:].T
    return torch.trace(residuals.T @ residuals / len(h) @ inverse) / len(present)


def plain_loop(
    model: Classifier, images: ImageTensors, order: torch.Tensor, batch_size: int, options: dict, weight: float = 0.0
) -> EpochSums:
    """The epoch as everyone writes it: contiguous images, one slice at a time, sums in Python."""
    optimizer = torch.optim.SGD(model.parameters(), foreach=False, **options)
    model.train()
    steps = math.ceil(len(order) / batch_size)
    sizes = [len(order) // steps + (step < len(order) % steps) for step in range(steps)]
    loss_sum, correct, penalties, start = 0.0, 0, [], 0
    for size in sizes:
        rows = order[start : start + size]
        pixels = images.pixels[rows].permute(0, 3, 1, 2).contiguous().float() / 255
        inputs, labels = (pixels - images.mean) / images.std, images.labels[rows]
        optimizer.zero_grad()
        logits = model(inputs)
        loss = functional.cross_entropy(logits, labels)
        objective = loss
        if weight:
            penalty = textbook_nc1(model.body(inputs), labels)
            penalties.append(penalty.item())
            objective = loss + weight * penalty.float()
        objective.backward()
        optimizer.step()
        loss_sum += loss.item() * size
        correct += int((logits.argmax(1) == labels).sum())
        start += size
    mean_penalty = sum(penalties) / len(penalties) if penalties else None
    return EpochSums(loss_sum / len(order), correct / len(order), mean_penalty)


def train(
    model: Classifier,
    images: ImageTensors,
    order: torch.Tensor,
    penalty: dict[str, Any],
    *,
    lr: float,
    **options: Any,
) -> EpochSums:
    place(model, torch.device("cpu"))
    optimizer = BoundOptimiser(SGD(), dict(model.named_parameters()), learning_rate=lr, **options)
    return train_epoch(TrainingStep(model, optimizer, images, made_penalty(penalty)), order, batch_size=16)


def assert_close(model: Classifier, reference: Classifier, tolerance: float) -> None:
    for (name, value), expected in zip(state(model).items(), state(reference).values(), strict=True):
        torch.testing.assert_close(value, expected, rtol=tolerance, atol=tolerance, msg=lambda text, n=name: n + text)


@pytest.mark.parametrize("options", [PLAIN, HEAVY], ids=["sgd", "momentum_decay"])
@pytest.mark.parametrize(("settings", "count"), [(MLP, 90), (RESNET, 50)], ids=["mlp", "resnet"])
def test_epoch_equals_a_plain_loop(settings: dict[str, Any], count: int, options: dict[str, float]) -> None:
    images = image_tensors(100)
    order = torch.randperm(100, generator=torch.Generator().manual_seed(1))[:count]
    model = network(settings)
    reference, before = copy.deepcopy(model), state(model)
    expected = plain_loop(reference, images, order, 16, options)
    got = train(model, images, order, NONE, **options)
    assert_close(model, reference, tolerance=2e-4 if settings is RESNET else 1e-5)
    assert got.loss == pytest.approx(expected.loss, rel=1e-4)
    assert got.accuracy == pytest.approx(expected.accuracy, abs=1.01 / count if settings is RESNET else 1e-12)
    assert got.penalty is None
    moved = max(float((value - before[name]).abs().max()) for name, value in state(model).items() if "weight" in name)
    assert moved > 0.01  # far more than the tolerance


@pytest.mark.parametrize("weight", [0.05, -0.05])
def test_penalised_epoch_equals_a_plain_loop(weight: float) -> None:
    images, order = image_tensors(80), torch.arange(79, -1, -1)
    model = network(MLP)
    reference = copy.deepcopy(model)
    expected = plain_loop(reference, images, order, 16, PLAIN, weight)
    got = train(model, images, order, {"name": "nc1", "weight": weight}, **PLAIN)
    assert_close(model, reference, tolerance=1e-4)
    assert got.loss == pytest.approx(expected.loss, rel=1e-5)
    assert got.penalty == pytest.approx(expected.penalty, rel=1e-4)
    without = network(MLP)
    train(without, images, order, NONE, **PLAIN)
    assert max(float((value - state(without)[name]).abs().max()) for name, value in state(model).items()) > 1e-3


def test_penalty_above_its_cap_does_not_change_the_training() -> None:
    images, order = image_tensors(64), torch.arange(64)
    capped, plain = network(MLP), network(MLP)
    got = train(capped, images, order, {"name": "nc1", "weight": -0.05, "cap": 1e-9}, **HEAVY)
    expected = train(plain, images, order, NONE, **HEAVY)
    assert_same(state(capped), state(plain))
    assert (got.loss, got.accuracy) == (expected.loss, expected.accuracy)
    assert got.penalty is not None
    assert got.penalty > 0.01  # recorded before weight and cap


def test_order_matters_and_is_all_that_is_trained_on() -> None:
    images = image_tensors(100)
    order = torch.arange(40)
    one, same, other = network(MLP), network(MLP), network(MLP)
    train(one, images, order, NONE, **PLAIN)
    images.pixels[40:] = 0
    train(same, images, order, NONE, **PLAIN)
    train(other, images, order.flip(0), NONE, **PLAIN)
    assert_same(state(one), state(same))
    assert not torch.equal(one.head.weight, other.head.weight)


def test_sums_are_those_of_the_images_before_their_update() -> None:
    images, order = image_tensors(50), torch.arange(50)
    model = network(MLP)
    inputs, labels = images.batch(order)
    logits = model(inputs).detach()
    got = train(model, images, order, NONE, lr=0.0)
    assert got.loss == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-6)
    assert got.accuracy == float((logits.argmax(1) == labels).double().mean())


def test_training_ends_in_train_mode_with_running_statistics_of_every_batch() -> None:
    model = network(RESNET).eval()
    train(model, image_tensors(50), torch.arange(50), NONE, **PLAIN)
    assert model.training
    assert all(int(value) == 4 for name, value in state(model).items() if name.endswith("num_batches_tracked"))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])
def test_accuracy_is_direct_and_leaves_the_network_alone(settings: dict[str, Any], training: bool) -> None:
    model, images = network(settings), image_tensors(70)
    run_in(model)
    model.eval()
    with torch.no_grad():
        correct = model(images.batch(torch.arange(70))[0]).argmax(1) == images.labels
    model.train(training)
    before = state(model)
    chosen = torch.tensor([3, 3, 60, 1, 0])
    assert accuracy(model, images) == float(correct.double().mean())
    assert accuracy(model, images, chosen) == float(correct[chosen].double().mean())
    assert 0 < float(correct.double().mean()) < 1
    assert_same(before, state(model))
    assert all(module.training is training for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_accuracy_counts_every_image_alike_over_several_batches() -> None:
    model, images = network(MLP), image_tensors(1100)
    model.eval()
    with torch.no_grad():
        predicted = torch.cat([model(images.batch(part)[0]).argmax(1) for part in torch.arange(1100).split(64)])
    assert accuracy(model, images) == int((predicted == images.labels).sum()) / 1100
    assert len(predicted.unique()) > 1
    assert int(images.labels.max()) == CLASSES - 1
