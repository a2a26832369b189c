"""What every penalty is held to, and what it sees."""

from typing import Any

import pytest
import torch

from plasticity.config.component import known
from plasticity.errors import PlasticityError
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step import TrainingStep
from small_problems import MLP, RESNET, image_tensors, network
from typed import optimisation
from typed import penalty as made_penalty

TRAINING = {"learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.0}


def step_with(penalty: dict[str, Any], model: dict[str, Any] = MLP) -> TrainingStep:
    made = network(model)
    step = TrainingStep(made, bind_optimiser(made, optimisation(TRAINING)), image_tensors(32), made_penalty(penalty))
    step.start()
    step(torch.arange(32))
    return step


def test_no_penalty_has_a_name_or_none() -> None:
    assert made_penalty({"name": "none"}) is None
    assert penalty_of(None) is None
    assert {"none", "nc1", "l2_init"} <= set(known("penalty"))


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_a_penalty_of_ones_own_sees_every_layer(model: dict[str, Any]) -> None:
    step = step_with({"name": "own_components:Activity", "weight": 0.1}, model)
    made = network(model)
    outputs = []
    for module in made.hidden_layers():
        module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    made.train()
    made(image_tensors(32).batch(torch.arange(32))[0])
    assert float(step.sums[2]) == pytest.approx(
        sum(float(output.detach().square().mean()) for output in outputs), rel=1e-5
    )
    step.model(image_tensors(8).batch(torch.arange(8))[0])  # a pass of no step leaves no trace
    assert len(step.view.layers[0]) == 32
    assert len(outputs) == len(step.view.layers) == (2 if model is MLP else 9)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (
            {"name": "own_components:PerImage"},
            r"^penalty PerImage: expected a tensor without dimensions, got shape \(32,\)$",
        ),
        (
            {"name": "own_components:WeighsPerClass"},
            r"^penalty WeighsPerClass, term: expected a tensor without dimensions, got shape \(3,\)$",
        ),
        ({"name": "own_components:Nameless"}, "Nameless' to define the method __call__, got a class without it$"),
        ({"name": "own_components:Peeping", "initial": False}, "^reads_layers: expected true in a component"),
        ({"name": "own_components:Peeping", "initial": True}, "^reads_initial: expected true in a component"),
        ({"name": "own_components:Missing"}, r"^penalty\.name: expected 'own_components:Missing' to be importable"),
        ({"name": "own_components:Negate"}, r"^penalty\.name: expected 'own_components:Negate' to be a penalty"),
        ({"name": "nc2"}, r"^penalty\.name: expected one of .*, got 'nc2'; did you mean 'nc1'\?$"),
        ({"name": "l2_init"}, r"^penalty\.weight: "),
        ({"name": "nc1", "weight": 0.1, "cap": 0}, r"^penalty\.cap: .*, got 0"),
    ],
)
def test_what_is_wrong_is_one_line(penalty: dict[str, Any], message: str) -> None:
    with pytest.raises(PlasticityError, match=message) as error:
        step_with(penalty)
    assert "\n" not in str(error.value)
