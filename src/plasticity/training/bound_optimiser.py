"""An optimiser at work on the parameters of a network: gradients, slots, and what a resumed training needs of them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from plasticity.config.component import Chosen
from plasticity.config.training_section import Optimisation
from plasticity.training.optimisers.optimiser import STEPS, Optimiser, Update
from plasticity.training.optimisers.sgd import SGD


class BoundOptimiser:
    """A rule with the parameters it trains and the slots it keeps.

    The first optimizer that a process makes of `torch.optim` imports PyTorch's compiler: two seconds of CPU at the
    start of every job, and one more at its end. One update of all tensors together also spares small networks the loop
    in Python.

    Attributes:
        rule: The optimiser.
        parameters: What is trained, in place, by name; those without a gradient are left alone.
        learning_rate: Step size of the next step.
        momentum: Of the training section.
        weight_decay: Of the training section.
        fused: One kernel updates all tensors; it is faster and rounds otherwise.
        stacked: The parameters are those of a stack of networks.
        slots: Names of what the rule keeps of every parameter.
    """

    def __init__(
        self,
        rule: Optimiser,
        parameters: Mapping[str, Tensor],
        *,
        learning_rate: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        fused: bool = False,
        stacked: bool = False,
    ) -> None:
        rule.check(momentum)
        self.rule = rule
        self.parameters = dict(parameters)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.fused = fused and rule.fusable
        self.stacked = stacked
        self.slots = rule.slots(momentum)
        self._kept: dict[str, dict[str, Tensor]] = {}

    @property
    def recordable(self) -> bool:
        """Whether a CUDA graph can hold its step: fused kernels count their steps on the device."""
        return self.fused or self.rule.recordable

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor] | None = None) -> None:
        """Update the parameters from their gradients, or from those given, one for each parameter."""
        found = [p.grad for p in self.parameters.values()] if gradients is None else gradients
        trained = {name: g for name, g in zip(self.parameters, found, strict=True) if g is not None}
        first = [name not in self._kept for name in trained]
        for name in trained:
            if name not in self._kept:
                self._kept[name] = {slot: self._empty(name, slot) for slot in self.slots}
        self.rule.update(
            Update(
                parameters=[self.parameters[name] for name in trained],
                gradients=list(trained.values()),
                slots={slot: [self._kept[name][slot] for name in trained] for slot in self.slots},
                first=first,
                learning_rate=self.learning_rate,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                fused=self.fused,
                names=list(trained),
                stacked=self.stacked,
            )
        )

    def slots_of(self, name: str) -> Mapping[str, Tensor]:
        """Return what is kept of a parameter, by slot; hooks may change it in place."""
        return self._kept.get(name, {})

    def state(self) -> dict[str, Tensor]:
        """Return all that is kept, the tensors themselves, by "slot/parameter"."""
        return {f"{slot}/{name}": value for name, slots in self._kept.items() for slot, value in slots.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Keep what `state` says and nothing else.

        It is written in place where there is something: a recorded step knows its address. It lies in memory as its
        parameter does, channels-last for convolutions: a fused update goes through both at once.
        """
        self.reset(in_place=True)
        for key, value in state.items():
            slot, _, name = key.partition("/")
            slots = self._kept.setdefault(name, {})
            slots.setdefault(slot, self._empty(name, slot)).copy_(value)

    def reset(self, *, in_place: bool = False) -> None:
        """Forget everything, as before the first step.

        Args:
            in_place: Write zeros, in the memory that recorded steps know.
        """
        if not in_place:
            self._kept.clear()
        for value in self.state().values():
            value.zero_()

    def _empty(self, name: str, slot: str) -> Tensor:
        parameter = self.parameters[name]
        if slot != STEPS:
            return torch.zeros_like(parameter, requires_grad=False)
        return torch.zeros((), device=parameter.device if self.fused else "cpu")


def optimiser_of(chosen: Chosen | None) -> Optimiser:
    """Return the optimiser that a training chooses, SGD where it chooses none.

    SGD is imported here, so that it belongs to the fingerprint of trainings whose settings do not name it.

    Raises:
        PlasticityError: If there is no such optimiser, or its parameters are not what it expects.
    """
    return SGD() if chosen is None else chosen.make(Optimiser)


def bind_optimiser(model: nn.Module, training: Optimisation, precision: str = "exact") -> BoundOptimiser:
    """Return the optimiser of a training.

    Args:
        model: The network, on its device.
        training: Its optimizer, and what that reads.
        precision: "fast" updates all tensors by one fused kernel where there is one, which rounds otherwise.

    Raises:
        PlasticityError: If the optimizer is unknown, or does not fit the rest of the section.
    """
    return BoundOptimiser(
        optimiser_of(training.optimizer),
        dict(model.named_parameters()),
        learning_rate=training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        fused=precision == "fast",
    )
