"""One step of training: forward, penalty, backward, update. What it sums stays on the device until the epoch ends."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from plasticity.data.image_tensors import ImageTensors
from plasticity.models.classifier import Classifier
from plasticity.training.bound_optimiser import BoundOptimiser
from plasticity.training.forward import Forward
from plasticity.training.hooks.step_hook import StepHook
from plasticity.training.model_view import ModelView
from plasticity.training.penalties.penalty import Penalty, term_of, value_of
from plasticity.training.step_hooks import StepHooks


@dataclass
class TrainingStep:
    """Cross-entropy plus the penalty, minimised on one batch of resident or streamed images.

    Attributes:
        model: The network, trained in place.
        optimizer: Its optimizer, as `bind_optimiser` makes it.
        images: Training images.
        penalty: What is added to the cross-entropy; None for nothing.
        precision: "exact" computes in float32; "fast" multiplies in bfloat16 where the device gains by it.
        hooks: What acts after each step, in this order.
        view: The network as penalty and hooks see it.
        at_work: The hooks with what they keep.
        sums: Over the images of the steps since `start`: the loss, the right predictions; over steps: the penalty.
    """

    model: Classifier
    optimizer: BoundOptimiser
    images: ImageTensors
    penalty: Penalty | None = None
    precision: str = "exact"
    hooks: Sequence[StepHook] = ()

    def __post_init__(self) -> None:
        readers = [*self.hooks, *([self.penalty] if self.penalty else [])]
        self.view = ModelView(
            self.model,
            reads_layers=any(reader.reads_layers for reader in readers),
            reads_initial=any(reader.reads_initial for reader in readers),
        )
        if self.penalty is not None:
            self.penalty.check(self.view)
        self.at_work = StepHooks(self.hooks, self.view, self.optimizer)
        self.sums = torch.zeros(3, dtype=torch.float64, device=self.images.device)
        self.reduced = self.precision == "fast" and gains_by_bfloat16(self.model, self.images.device)

    @property
    def arithmetic(self) -> str:
        """What convolutions and matrix products multiply in."""
        return "bfloat16" if self.reduced else "float32"

    @property
    def penalised(self) -> bool:
        """Whether anything is added to the cross-entropy."""
        return self.penalty is not None

    @property
    def recordable(self) -> bool:
        """Whether a graph can hold it: no hook acts, and neither optimizer nor penalty waits for the host."""
        penalty = self.penalty is None or self.penalty.recordable
        return penalty and self.optimizer.recordable and not self.hooks and not self.view.reads_layers

    def start(self) -> None:
        """Begin a new epoch's sums."""
        self.model.train()
        self.sums.zero_()

    def reset(self) -> None:
        """Begin with another network's weights: nothing is left from the one before."""
        self.optimizer.reset()
        self.at_work.reset()
        self.view.kept.clear()

    def __call__(self, rows: Tensor) -> None:
        """Take a step on the images at `rows` (B,)."""
        inputs, labels = self.images.batch(rows)
        self.optimizer.zero_grad()
        with self._arithmetic(), self.view.watching():
            features = self.model.features(inputs)
            logits = self.model.head(features).float()
        forward = Forward(features, logits, labels, self.view, inputs)
        loss = functional.cross_entropy(logits, labels)
        objective = loss
        if self.penalty is not None:
            value = value_of(self.penalty, forward)
            objective = loss + term_of(self.penalty, value).to(loss.dtype)
            self.sums[2] += value.detach()
        objective.backward()
        self.optimizer.step()
        self.sums[0] += loss.detach().double() * len(labels)
        self.sums[1] += (logits.detach().argmax(1) == labels).sum()
        if self.hooks:
            self.at_work.after_step(forward)

    def _arithmetic(self) -> AbstractContextManager[Any]:
        if not self.reduced:
            return nullcontext()
        # No weight is used twice in a forward pass, so that keeping its bfloat16 copy would save nothing.
        return torch.autocast(self.images.device.type, dtype=torch.bfloat16, cache_enabled=False)


def gains_by_bfloat16(model: nn.Module, device: torch.device) -> bool:
    """Say whether "fast" means bfloat16 here: on CUDA, and for convolutions on CPUs that multiply in it.

    On CPUs small matrix products lose more by the conversion than they gain; convolutions gain from about 16 channels
    on (docs/performance.md).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities()
    convolutions = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return convolutions and bool(able.get("avx512_bf16") or able.get("amx_tile"))
