"""What all optimisers share: their state, forgetting, and rules of the user's own."""

from typing import Any

import pytest
import torch
from torch.nn import Parameter

from optimiser_problems import assert_equal_networks, descend, ours, small_network
from plasticity.config.component import known
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure, components_in
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.optimisers.optimiser import Optimiser, Update
from small_problems import assert_same

EVERY: dict[str, tuple[dict[str, Any], float]] = {
    "sgd": ({"name": "sgd"}, 0.9),
    "nesterov": ({"name": "sgd", "nesterov": True}, 0.9),
    "adam": ({"name": "adam"}, 0.0),
    "adam eps_root": ({"name": "adam", "eps_root": 1e-3}, 0.0),
    "adamw": ({"name": "adamw"}, 0.0),
    "muon": ({"name": "muon"}, 0.0),
    "rmsprop": ({"name": "rmsprop", "centered": True}, 0.9),
}
"""Optimizer and momentum of every way to train that keeps something."""

every = pytest.mark.parametrize("way", EVERY)
precisions = pytest.mark.parametrize("precision", ["exact", "fast"])


def test_every_optimiser_is_tried() -> None:
    assert set(known("optimizer")) == {chosen["name"] for chosen, _ in EVERY.values()}


@every
@precisions
def test_a_state_that_is_loaded_continues_to_the_bit(way: str, precision: str) -> None:
    chosen, momentum = EVERY[way]
    whole, part, rest = small_network(), small_network(), small_network(seed=2)
    options: Any = {"precision": precision, "momentum": momentum, "weight_decay": 0.01}
    descend(ours(whole, chosen, **options), whole, 5)
    first = ours(part, chosen, **options)
    descend(first, part, 3)
    rest.load_state_dict(part.state_dict())
    second = ours(rest, chosen, **options)
    second.load({name: value.clone() for name, value in first.state().items()})
    assert_same(second.state(), first.state())
    descend(second, rest, 2, first=3)
    assert_equal_networks(rest, whole)


@every
@precisions
@pytest.mark.parametrize("in_place", [False, True])
def test_nothing_is_left_after_a_reset(way: str, precision: str, in_place: bool) -> None:
    chosen, momentum = EVERY[way]
    used, fresh = small_network(seed=2), small_network()
    options: Any = {"precision": precision, "momentum": momentum, "weight_decay": 0.01}
    optimizer = ours(used, chosen, **options)
    descend(optimizer, used, 3)
    addresses = {name: value.data_ptr() for name, value in optimizer.state().items()}
    optimizer.reset(in_place=in_place)
    assert {name: value.data_ptr() for name, value in optimizer.state().items()} == (addresses if in_place else {})
    assert not any(value.any() for value in optimizer.state().values())
    used.load_state_dict(fresh.state_dict())
    descend(optimizer, used, 3)
    descend(ours(fresh, chosen, **options), fresh, 3)
    assert_equal_networks(used, fresh)


@every
def test_loading_writes_into_the_memory_that_a_recording_knows(way: str) -> None:
    chosen, momentum = EVERY[way]
    one, other = small_network(), small_network()
    optimizers = [ours(network, chosen, momentum=momentum) for network in (one, other)]
    for steps, network, optimizer in zip((1, 3), (one, other), optimizers, strict=True):
        descend(optimizer, network, steps)
    addresses = {name: value.data_ptr() for name, value in optimizers[0].state().items()}
    optimizers[0].load(optimizers[1].state())
    assert_same(optimizers[0].state(), optimizers[1].state())
    assert {name: value.data_ptr() for name, value in optimizers[0].state().items()} == addresses


@precisions
def test_what_is_kept_lies_in_memory_as_its_parameter(precision: str) -> None:
    convolution = torch.nn.Conv2d(3, 4, 3)
    convolution.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = ours(convolution, {"name": "adam"}, precision=precision)
    convolution(torch.ones(1, 3, 5, 5)).sum().backward()
    optimizer.step()
    other = ours(convolution, {"name": "adam"}, precision=precision)
    other.load({name: value.contiguous() for name, value in optimizer.state().items()})
    for found in (optimizer, other):
        assert found.slots_of("weight")["exp_avg"].stride() == convolution.weight.stride()


def test_parameters_without_gradient_are_left_alone() -> None:
    used, unused = Parameter(torch.ones(2)), Parameter(torch.ones(3))
    module = torch.nn.ParameterDict({"used": used, "unused": unused})
    for chosen, momentum in EVERY.values():
        optimizer = ours(module, chosen, momentum=momentum, weight_decay=0.1)
        used.sum().backward()
        optimizer.step()
        assert torch.equal(unused, torch.ones(3))
        assert not optimizer.slots_of("unused")
        assert optimizer.slots_of("used")
        optimizer.zero_grad()
        assert used.grad is None


class Signs(Optimiser):
    """Steps of one size along the sign of a mean gradient."""

    def slots(self, momentum: float) -> tuple[str, ...]:
        return ("mean",)

    def update(self, step: Update) -> None:
        for parameter, gradient, mean in zip(step.parameters, step.gradients, step.slots["mean"], strict=True):
            mean.lerp_(gradient, 0.5)
            parameter.sub_(mean.sign(), alpha=step.learning_rate)


def test_a_rule_of_ones_own_is_a_few_lines() -> None:
    weight = Parameter(torch.tensor([1.0, -1.0]))
    optimizer = BoundOptimiser(Signs(), {"weight": weight}, learning_rate=0.25)
    (weight * torch.tensor([2.0, -3.0])).sum().backward()
    optimizer.step()
    assert weight.tolist() == [0.75, -0.75]
    assert list(optimizer.state()) == ["mean/weight"]


def test_an_unknown_optimizer_is_one_line() -> None:
    with pytest.raises(PlasticityError, match=r"^optimizer\.name: expected one of .*adam.*, got 'adan'; did you mean"):
        ours(small_network(), {"name": "adan"})


@pytest.mark.parametrize("stage", ["warm_up", "fine_tune", "pre_train", "transfer", "first_task", "following_tasks"])
def test_only_the_default_belongs_to_a_training_whose_settings_name_nothing(stage: str) -> None:
    found = {name.removeprefix("plasticity.training.") for name in closure(f"plasticity.stages.{stage}")}
    assert "optimisers.sgd" in found
    others = {"optimisers.adam", "optimisers.rmsprop", "penalties.nc1", "penalties.l2_init", "hooks.perturb"}
    renewed = {"interventions.reset_head"} if stage == "following_tasks" else set()  # a head that a task begins with
    assert found & {*others, "interventions.shrink_perturb", "interventions.reset_head"} == renewed
    chosen = {"optimizer": {"name": "adamw"}, "penalty": {"name": "l2_init"}, "hooks": [{"name": "perturb"}]}
    used = closure(f"plasticity.stages.{stage}", used=components_in({"training": chosen}))
    assert {name.removeprefix("plasticity.training.") for name in used - closure(f"plasticity.stages.{stage}")} == {
        *("optimisers.adam", "optimisers.adamw", "penalties.l2_init", "hooks.perturb", "renewal"),
    }
