"""The components that docs/how_to shows are real: each is run as it stands there."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import BoundOptimiser, bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.forward import Forward
from plasticity.training.hooks.step_hook import StepHook
from plasticity.training.interventions.intervention import NetworkState, intervened
from plasticity.training.penalties.penalty import value_of
from plasticity.training.step import TrainingStep
from small_problems import RESNET, image_tensors, network, run_in
from typed import optimisation

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how_to"
KINDS = ("optimiser", "penalty", "hook", "intervention", "sequence")
MLP = {"name": "mlp", "hidden": [12, 8]}


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """The classes of the pages by their names."""
    scope: dict[str, Any] = {"__name__": __name__}
    for code in _blocks():
        exec(compile(code, PAGES.name, "exec"), scope)
    return scope


def _blocks() -> Iterator[str]:
    for kind in KINDS:
        text = (PAGES / f"own_{kind}.md").read_text(encoding="utf-8")
        (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
        yield code


def _step(optimizer: BoundOptimiser | None = None, hooks: tuple[StepHook, ...] = ()) -> TrainingStep:
    made = network(MLP)
    bound = bind_optimiser(made, optimisation({"learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.0}))
    if optimizer is not None:
        bound = BoundOptimiser(optimizer.rule, dict(made.named_parameters()), learning_rate=0.001)
    return TrainingStep(made, bound, image_tensors(64), hooks=hooks)


def test_the_optimiser_learns(shown: dict[str, Any]) -> None:
    step = _step(BoundOptimiser(shown["Signs"](), {}, learning_rate=0.001))
    losses = [train_epoch(step, torch.arange(64), batch_size=16).loss for _ in range(8)]
    assert losses[-1] < losses[0]
    assert shown["Signs"].name == "signs"


def test_the_penalty_is_a_scalar_of_all_layers(shown: dict[str, Any]) -> None:
    penalty, layers = shown["Activity"](weight=0.5), [torch.ones(4, 3), 2 * torch.ones(4, 2)]

    view: Any = SimpleNamespace(layers=layers)
    value = value_of(penalty, Forward(layers[-1], torch.ones(4, 2), torch.zeros(4), view, torch.ones(4, 5)))
    assert (float(value), float(penalty.term(value))) == (2.5, 1.25)


def test_the_hook_renews_units(shown: dict[str, Any]) -> None:
    step = _step(hooks=(shown["Renew"](every=2),))
    step.at_work.begin(1, "tests")
    for _ in range(2):
        step(torch.arange(32))
    unit = int(step.at_work.state()["0/use"].argmin())
    velocity = step.optimizer.slots_of("head.weight")["velocity"]
    assert not velocity[:, unit].any()
    assert velocity.any()


def test_the_intervention_keeps_the_head(shown: dict[str, Any]) -> None:
    model = network(RESNET)
    run_in(model)
    state = NetworkState(weights_of(model), weights_of(network(RESNET, 1)), head=("head.weight", "head.bias"))
    after = intervened(shown["ResetBody"](), state)
    for name, value in after.weights.items():
        assert (value == (state.weights if name in state.head else state.fresh)[name]).all()
