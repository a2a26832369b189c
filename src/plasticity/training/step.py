"""One step of training: forward, penalty, backward, update. What it sums stays on the device until the epoch ends."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from plasticity.data.image_tensors import ImageTensors
from plasticity.models.classifier import Classifier
from plasticity.training.penalties import PENALTIES, penalty_term
from plasticity.training.sgd import SGD


@dataclass
class TrainingStep:
    """Cross-entropy plus the penalty, minimised on one batch of resident or streamed images.

    Attributes:
        model: The network, trained in place.
        optimizer: Its optimizer, as `sgd` makes it.
        images: Training images.
        penalty: Name and parameters of the penalty.
        precision: "exact" computes in float32; "fast" multiplies in bfloat16 where the device gains by it.
        sums: Over the images of the steps since `start`: the loss, the right predictions; over steps: the penalty.
    """

    model: Classifier
    optimizer: SGD
    images: ImageTensors
    penalty: Mapping[str, Any]
    precision: str = "exact"

    def __post_init__(self) -> None:
        self.sums = torch.zeros(3, dtype=torch.float64, device=self.images.device)
        self.reduced = self.precision == "fast" and gains_by_bfloat16(self.model, self.images.device)
        self._term = PENALTIES.get(self.penalty["name"])

    @property
    def arithmetic(self) -> str:
        """What convolutions and matrix products multiply in."""
        return "bfloat16" if self.reduced else "float32"

    @property
    def penalised(self) -> bool:
        """Whether anything is added to the cross-entropy."""
        return self._term is not None

    def start(self) -> None:
        """Begin a new epoch's sums."""
        self.model.train()
        self.sums.zero_()

    def forget(self) -> None:
        """Begin with another network's weights: no momentum is left from the one before."""
        self.optimizer.velocity.clear()

    def __call__(self, rows: Tensor) -> None:
        """Take a step on the images at `rows` (B,)."""
        inputs, labels = self.images.batch(rows)
        self.optimizer.zero_grad()
        with self._arithmetic():
            features = self.model.features(inputs)
            logits = self.model.head(features).float()
        loss = functional.cross_entropy(logits, labels)
        objective = loss
        if self._term is not None:
            value = self._term(features, labels, logits.shape[1])
            objective = loss + penalty_term(self.penalty, value).to(loss.dtype)
            self.sums[2] += value.detach()
        objective.backward()
        self.optimizer.step()
        self.sums[0] += loss.detach().double() * len(labels)
        self.sums[1] += (logits.detach().argmax(1) == labels).sum()

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


def sgd(model: nn.Module, training: Mapping[str, Any], precision: str) -> SGD:
    """Return the optimizer of a training.

    Args:
        model: The network, on its device.
        training: learning_rate, momentum, weight_decay.
        precision: "fast" updates all tensors by one fused kernel, which rounds momentum otherwise than "exact".
    """
    return SGD(
        model.parameters(),
        learning_rate=training["learning_rate"],
        momentum=training["momentum"],
        weight_decay=training["weight_decay"],
        fused=precision == "fast",
    )
