"""The plasticity probe against separate trainings, a closed form, and what its words promise."""

import pytest
import torch
from torch import Tensor, nn

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import ProbeTraining
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.training.optimisers.adam import Adam
from plasticity.training.optimisers.optimiser import Optimiser
from plasticity.training.optimisers.sgd import SGD
from plasticity.training.probe import probe
from plasticity.training.probe_targets import difficulty, label_targets, noise_targets

SHAPE = (1, 4, 4)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def perceptron(seed: int = 0, **parameters: object) -> Classifier:
    settings = {"name": "mlp", "hidden": [6], **parameters}
    return build_model(Chosen.model_validate(settings), SHAPE, 3, generator(seed)).double()


def images(count: int = 12) -> Tensor:
    return torch.randn(count, *SHAPE, generator=generator(9), dtype=torch.float64)


def noise(count: int, pixels: Tensor) -> Tensor:
    return noise_targets([perceptron(10 + index) for index in range(count)], pixels)


@pytest.mark.parametrize(("rule", "theirs"), [(SGD(), torch.optim.SGD), (Adam(), torch.optim.Adam)])
@pytest.mark.parametrize("labelled", [False, True])
def test_stacked_copies_learn_as_separate_ones(
    rule: Optimiser, theirs: type[torch.optim.Optimizer], *, labelled: bool
) -> None:
    pixels = images()
    targets = label_targets(3, 12, 3, generator(1)) if labelled else noise(3, pixels)
    training = ProbeTraining(steps=7, batch_size=5, learning_rate=0.05, head="kept", points=7)
    found = probe(perceptron(), pixels, targets, training, optimiser=rule, generator=generator(2))
    for target, curve in zip(targets, found.losses, strict=True):
        assert curve.tolist() == pytest.approx(_separately(pixels, target, theirs), rel=1e-9)


def _separately(pixels: Tensor, target: Tensor, kind: type[torch.optim.Optimizer]) -> list[float]:
    model, draw, rows, losses = perceptron(), generator(2), [], []
    wanted = target + model(pixels).detach().mean(0) if target.is_floating_point() else target
    loss_of = nn.functional.mse_loss if target.is_floating_point() else nn.functional.cross_entropy
    optimiser = kind(model.parameters(), lr=0.05)  # pyright: ignore[reportCallIssue]
    for step in range(8):
        losses.append(loss_of(model(pixels), wanted).item())
        if step % 2 == 0:
            rows = torch.randperm(12, generator=draw).split(5)
        batch = rows[step % 2]
        optimiser.zero_grad()
        loss_of(model(pixels[batch]), wanted[batch]).backward()
        optimiser.step()
    return losses


def test_a_linear_network_follows_the_closed_form() -> None:
    pixels, rate, steps = images(20), 0.3, 40
    model = build_model(Chosen(name="logistic_regression"), SHAPE, 3, generator()).double()
    targets = torch.randn(2, 20, 3, generator=generator(3), dtype=torch.float64)
    training = ProbeTraining(steps=steps, batch_size=20, learning_rate=rate, head="kept", points=1)
    found = probe(model, pixels, targets, training, optimiser=SGD(), generator=generator())
    design = torch.cat([pixels.flatten(1), torch.ones(20, 1, dtype=torch.float64)], 1)
    before = model(pixels).detach()
    shrink = torch.linalg.matrix_power(torch.eye(20) - rate * 2 / 60 * design @ design.T, steps)
    for target, loss in zip(targets, found.losses[:, -1], strict=True):
        residual = shrink @ (before - target - before.mean(0))
        assert float(loss) == pytest.approx(float((residual**2).mean()), rel=1e-9)


class Normalised(Classifier):
    """A convolution with batch normalisation, which draws its head alone."""

    def __init__(self) -> None:
        body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())
        super().__init__(body, nn.Linear(8, 3))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the head."""
        nn.init.uniform_(self.head.weight, generator=generator)


def test_the_network_stays_as_it_was_and_the_run_repeats_itself() -> None:
    model, pixels = Normalised(), torch.rand(6, *SHAPE)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training = ProbeTraining(steps=3, batch_size=3, points=1)
    targets = label_targets(2, 6, 3, generator(1))
    first, second = (probe(model, pixels, targets, training, optimiser=SGD(), generator=generator(4)) for _ in range(2))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(first.losses, second.losses)


def test_large_logits_hide_behind_a_renewed_head_or_a_normalised_output() -> None:
    pixels = images()
    model = perceptron()
    model.head.weight.data *= 300
    targets = noise(2, pixels)
    first = {}
    for head, outputs in (("kept", "raw"), ("renewed", "raw"), ("kept", "normalised")):
        chosen = {"steps": 1, "batch_size": 4, "learning_rate": 1e-6, "head": head, "outputs": outputs}
        training = ProbeTraining.model_validate(chosen)
        curve = probe(model, pixels, targets, training, optimiser=SGD(), generator=generator())
        first[head, outputs] = curve.relative_loss
    assert first["kept", "raw"] > 100
    assert first["renewed", "raw"] < 20
    assert first["kept", "normalised"] < 20


def test_noise_has_the_variance_of_a_sine_and_the_constant_of_labels_their_entropy() -> None:
    targets = noise(4, images(500))
    assert difficulty(targets, 3).tolist() == pytest.approx([0.5] * 4, rel=0.1)
    labels = torch.tensor([[0, 0, 1, 2], [1, 1, 1, 1]])
    entropy = 1.5 * torch.tensor(2.0).log()
    assert difficulty(labels, 3).tolist() == pytest.approx([float(entropy), 0.0])
    assert label_targets(5, 7, 3, generator()).shape == (5, 7)
