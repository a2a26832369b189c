import pytest
import torch

from plasticity.seeding import torch_generator
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of
from small_problems import MLP, RESNET, image_tensors, network, state
from typed import chosen, optimisation

RATE = 0.05
PLAIN = {"learning_rate": RATE, "momentum": 0.0, "weight_decay": 0.0}
OWN = {"learning_rate": 0.3, "momentum": 0.9, "weight_decay": 0.1}  # of the update that is undone


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_the_walk_is_noise_as_long_as_descent_in_every_step(model: dict) -> None:
    walked, descended = network(model), network(model)
    hooks = hooks_of([chosen({"name": "brownian", "learning_rate": RATE})])
    walk = TrainingStep(walked, bind_optimiser(walked, optimisation(OWN)), image_tensors(32), hooks=hooks)
    descent = TrainingStep(descended, bind_optimiser(descended, optimisation(PLAIN)), image_tensors(32))
    walk.at_work.begin(7, "tests")
    for number in (1, 2, 3):
        before = [[part.detach().clone() for part in made.parameters()] for made in (walked, descended)]
        for step in (walk, descent):
            step.start()
            step(torch.arange(number, 20 + number))
        moved, fallen = (
            [(part - old).flatten() for part, old in zip(made.parameters(), then, strict=True)]
            for made, then in zip((walked, descended), before, strict=True)
        )
        generator = torch_generator(7, "tests/hook0/noise", number)
        shapes = {name: part.shape for name, part in walked.named_parameters()}
        drawn = {name: torch.randn(shapes[name], generator=generator).flatten() for name in sorted(shapes)}
        noise = torch.cat([drawn[name] for name in shapes])
        expected = noise / noise.norm() * torch.cat(fallen).norm()
        torch.testing.assert_close(torch.cat(moved).detach(), expected, rtol=1e-3, atol=1e-6)
    twin = {name.removeprefix("0/twin/"): value for name, value in walk.at_work.state().items() if "/twin/" in name}
    for name, value in twin.items():
        torch.testing.assert_close(value, state(descended)[name], rtol=1e-4, atol=1e-6)
