import pytest
import torch

from methods_beside import CONVNET, MLP, batch, step_of
from plasticity.models.classifier import Classifier
from plasticity.training.step import TrainingStep

SPECTRAL = {"name": "spectral", "weight": 0.01, "iterations": 300}
PENALTIES = {
    "spectral": SPECTRAL,
    "spectral of He et al.": {**SPECTRAL, "target": 2.0, "biases": True},
    "spectral, cubed": {**SPECTRAL, "exponent": 3},
    "parseval": {"name": "parseval", "weight": 0.01, "scale": 2.0},
    "effective_rank": {"name": "effective_rank", "weight": 0.01},
    "effective_rank of the last layer": {"name": "effective_rank", "weight": 0.01, "matrix": "features", "last": 1},
}


def exact(settings: dict, model: Classifier, images: torch.Tensor) -> torch.Tensor:
    """The value by decompositions, with autograd's gradient."""
    matrices = {name: w.flatten(1) for name, w in model.named_parameters() if name.endswith("weight") and w.dim() > 1}
    if settings["name"] == "parseval":
        hidden = [w for name, w in matrices.items() if name != "head.weight"]
        products = [w @ w.T - 2.0 * torch.eye(len(w), dtype=w.dtype) for w in hidden]
        return sum(((product**2).sum() for product in products), start=torch.zeros(()))
    if settings["name"] == "spectral":
        power, target = settings.get("exponent", 2), settings.get("target", 1.0)
        value = sum(
            ((torch.linalg.svdvals(w)[0] ** power - target) ** 2 for w in matrices.values()), start=torch.zeros(())
        )
        biases = [p.square().sum() for name, p in model.named_parameters() if name.endswith("bias")]
        return value + sum(biases) if settings.get("biases") else value
    outputs: list[torch.Tensor] = []
    handles = [m.register_forward_hook(lambda _m, _i, o: outputs.append(o.flatten(1))) for m in model.hidden_layers()]
    model(images)
    for handle in handles:
        handle.remove()
    ranks = []
    for h in outputs[-settings.get("last", len(outputs)) :]:
        s = torch.linalg.svdvals(h)
        s = s[s > 1e-6 * s[0]] ** (1 if settings.get("matrix") == "features" else 2)
        ranks.append(torch.exp(-(s / s.sum() * (s / s.sum()).log()).sum()))
    return torch.stack(ranks).mean()


@pytest.mark.parametrize("chosen", PENALTIES)
@pytest.mark.parametrize("model", [MLP, CONVNET], ids=["mlp", "convnet"])
def test_value_and_step_are_those_of_decompositions(model: dict, chosen: str) -> None:
    settings = PENALTIES[chosen]
    step, plain = step_of(model, penalty=settings, momentum=0.0), step_of(model, momentum=0.0)
    value = exact(settings, plain.model, plain.images.batch(batch(0))[0])
    sign = -1 if settings["name"] == "effective_rank" else 1
    pulls = torch.autograd.grad(sign * settings["weight"] * value, list(plain.model.parameters()), allow_unused=True)
    for each in (step, plain):
        each(batch(0))
    assert float(step.sums[2]) == pytest.approx(float(value.detach()), rel=1e-6)
    for mine, theirs, pull in zip(step.model.parameters(), plain.model.parameters(), pulls, strict=True):
        expected = theirs if pull is None else theirs - 0.02 * pull
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-7)


def test_power_iteration_goes_on_from_step_to_step() -> None:
    """With one iteration per step it comes to the largest singular value of weights that hardly change."""
    step = step_of(MLP, penalty={"name": "spectral", "weight": 0.1}, learning_rate=1e-12, momentum=0.0)
    expected = float(sum((torch.linalg.matrix_norm(w, 2) ** 2 - 1) ** 2 for w in weights_of(step)))
    errors = []
    for number in range(200):
        step.start()
        step(batch(number))
        errors.append(abs(float(step.sums[2]) - expected))
    assert errors[-1] < 1e-6 < errors[0]
    step.reset()
    assert not step.view.kept


def weights_of(step: TrainingStep) -> list[torch.Tensor]:
    return [value.detach() for value in step.view.parameters.values() if value.dim() > 1]
