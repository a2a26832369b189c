import pytest
import torch

from plasticity.seeding import torch_generator
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of
from small_problems import MLP, RESNET, image_tensors, network, state
from typed import chosen, optimisation

TRAINING = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}
CHOSEN = {"name": "perturb", "shrink": 0.9, "perturb": 0.1}


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_every_step_shrinks_and_adds_a_network_of_its_own(model: dict) -> None:
    made, plain = (network(model).to(memory_format=torch.channels_last) for _ in range(2))  # pyright: ignore[reportCallIssue]
    hooked = TrainingStep(
        made, bind_optimiser(made, optimisation(TRAINING)), image_tensors(32), hooks=hooks_of([chosen(CHOSEN)])
    )
    reference = TrainingStep(plain, bind_optimiser(plain, optimisation(TRAINING)), image_tensors(32))
    hooked.at_work.begin(7, "tests")
    for number in (1, 2, 3):
        for step in (hooked, reference):
            step.start()
            step(torch.arange(32))
        fresh = network(model)
        fresh.initialise(torch_generator(7, "tests/hook0/noise", number))
        with torch.no_grad():
            for parameter, noise in zip(plain.parameters(), fresh.parameters(), strict=True):
                parameter.copy_(parameter * 0.9 + 0.1 * noise)
        for name, value in state(plain).items():  # buffers included
            torch.testing.assert_close(state(made)[name], value, rtol=1e-5, atol=1e-7)


def test_nothing_shrunk_and_nothing_added_changes_nothing() -> None:
    found = []
    for hooks in ([], [{"name": "perturb", "shrink": 1.0, "perturb": 0.0}]):
        made = network(MLP)
        step = TrainingStep(
            made,
            bind_optimiser(made, optimisation(TRAINING)),
            image_tensors(32),
            hooks=hooks_of([chosen(hook) for hook in hooks]),
        )
        step.at_work.begin(7, "tests")
        step(torch.arange(32))
        found.append(state(made))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
