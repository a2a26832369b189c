"""A network trained by a hook beside its twin, on which the method's slow reference acts unit by unit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from plasticity.models.classifier import Classifier
from plasticity.models.units import Units
from plasticity.seeding import torch_generator
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.model_view import ModelView
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of
from small_problems import image_tensors, network, state
from typed import chosen, optimisation
from typed import penalty as penalty_of

MLP = {"name": "mlp", "hidden": [12, 8], "initialisation": "pytorch"}
CONVNET = {"name": "convnet_dohare", "channels": [4, 3, 5], "hidden": [6], "padding": "same", "layer_norm": True}
NETWORKS = {"mlp": MLP, "convnet": CONVNET}
TRAINING = {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 0.0}
IMAGES = 32
Reference = Callable[["Twin", list[Tensor], int], None]


def step_of(
    model: Mapping[str, Any], *, penalty: Mapping[str, Any] | None = None, hooks: Sequence[Any] = (), **training: Any
) -> TrainingStep:
    """A training step of a network in float64."""
    made = network(dict(model)).double()
    bound = bind_optimiser(made, optimisation(TRAINING | training))
    images = image_tensors(IMAGES, dtype=torch.float64)
    found = TrainingStep(
        made, bound, images, penalty_of(penalty or {"name": "none"}), hooks=hooks_of([chosen(each) for each in hooks])
    )
    found.at_work.begin(7, "tests")
    return found


def batch(number: int, size: int = 8) -> Tensor:
    """The images of a step."""
    return (torch.arange(size) + size * number) % IMAGES


class Twin:
    """A step without hooks, and how the reference renews one unit of its network."""

    def __init__(self, step: TrainingStep) -> None:
        self.step, self.model = step, step.model
        self.weights = dict(self.model.named_parameters())
        self.units: list[Units] = list(self.model.units())

    def columns(self, units: Units, unit: int) -> list[tuple[slice | int, ...]]:
        """Indices of the weights that read a unit."""
        count = len(self.weights[f"{units.incoming}.bias"])
        each = self.weights[f"{units.outgoing}.weight"].shape[1] // count
        return [(slice(None), column) for column in range(unit * each, unit * each + each)]

    def renew(self, place: int, chosen: Sequence[int], number: int, *, redraw: bool = False) -> None:
        """Renew units in this order, with the random numbers that the hook has in this step."""
        units = self.units[place]
        weight, bias = (self.weights[f"{units.incoming}.{part}"] for part in ("weight", "bias"))
        reader = self.weights[f"{units.outgoing}.weight"]
        random = torch_generator(7, f"tests/hook0/{units.incoming}", number)
        fresh = torch.empty(len(chosen), *weight.shape[1:], dtype=torch.float64)
        fresh.uniform_(-units.bound, units.bound, generator=random)
        biases = torch.empty(len(chosen), dtype=torch.float64)
        biases.uniform_(-units.bias_bound, units.bias_bound, generator=random)
        each = len(self.columns(units, 0))
        out = torch.zeros(len(reader), len(chosen), each, *reader.shape[2:], dtype=torch.float64)
        if redraw:
            out.uniform_(-units.outgoing_bound, units.outgoing_bound, generator=random)
        with torch.no_grad():
            for drawn, unit in enumerate(chosen):
                weight[unit], bias[unit] = fresh[drawn], biases[drawn]
                self._forget(f"{units.incoming}.weight", unit)
                self._forget(f"{units.incoming}.bias", unit)
                if units.norm:
                    self.weights[f"{units.norm}.weight"][unit], self.weights[f"{units.norm}.bias"][unit] = 1, 0
                    self._forget(f"{units.norm}.weight", unit)
                    self._forget(f"{units.norm}.bias", unit)
                for copy, column in enumerate(self.columns(units, unit)):
                    reader[column] = out[:, drawn, copy]
                    self._forget(f"{units.outgoing}.weight", column)

    def _forget(self, name: str, index: Any) -> None:
        for slot in self.step.optimizer.slots_of(name).values():
            slot[index] = 0


def layers_of(model: Classifier, images: Tensor) -> list[Tensor]:
    """Outputs of the hidden layers as (images and places, units)."""
    with torch.no_grad():
        found = ModelView(model).layers_of(images, dict(model.named_parameters()))
    return [layer.movedim(1, -1).reshape(-1, layer.shape[1]) for layer in found]


def assert_beside(model: Mapping[str, Any], hook: Mapping[str, Any], reference: Reference, steps: int) -> TrainingStep:
    """Train both, and compare all weights and slots after every step."""
    hooked, twin = step_of(model, hooks=[hook]), Twin(step_of(model))
    for number in range(1, steps + 1):
        rows = batch(number)
        layers = layers_of(twin.model, twin.step.images.batch(rows)[0])
        for step in (hooked, twin.step):
            step(rows)
        reference(twin, layers, number)
        for name, value in state(twin.model).items():
            torch.testing.assert_close(state(hooked.model)[name], value, msg=f"{name}, step {number}")
        for name, value in twin.step.optimizer.state().items():
            torch.testing.assert_close(hooked.optimizer.state()[name], value, msg=f"{name}, step {number}")
    return hooked
