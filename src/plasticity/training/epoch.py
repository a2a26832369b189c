"""The only training epoch and the only evaluation of the project."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from plasticity.models.classifier import Classifier
from plasticity.training.images import ImageTensors
from plasticity.training.penalties import PENALTIES, penalty_term
from plasticity.training.sgd import SGD

_EVALUATION_BATCH = 500


@dataclass(frozen=True)
class EpochSums:
    """Running means of one epoch, accumulated while the weights change.

    Attributes:
        loss: Cross-entropy without the penalty, in nats per image.
        accuracy: Fraction of images predicted correctly before their update.
        penalty: Mean of the penalty over the batches, before weight and cap; None without a penalty.
    """

    loss: float
    accuracy: float
    penalty: float | None


def train_epoch(
    model: Classifier,
    optimizer: SGD,
    images: ImageTensors,
    order: Tensor,
    *,
    batch_size: int,
    penalty: Mapping[str, Any],
) -> EpochSums:
    """Train one epoch over the images at `order`, minimising cross-entropy plus the penalty.

    The sums stay on the device, so nothing waits for it before the epoch ends.
    """
    model.train()
    term = PENALTIES.get(penalty["name"])
    sums = torch.zeros(3, dtype=torch.float64, device=images.labels.device)
    batches = 0
    for inputs, labels in images.batches(order, batch_size):
        optimizer.zero_grad()
        features = model.features(inputs)
        logits = model.head(features)
        loss = functional.cross_entropy(logits, labels)
        objective = loss
        if term is not None:
            value = term(features, labels, logits.shape[1])
            objective = loss + penalty_term(penalty, value).to(loss.dtype)
            sums[2] += value.detach()
        objective.backward()
        optimizer.step()
        sums[0] += loss.detach().double() * len(labels)
        sums[1] += (logits.detach().argmax(1) == labels).sum()
        batches += 1
    loss, correct, value = sums.tolist()
    return EpochSums(loss / len(order), correct / len(order), value / batches if term else None)


@torch.inference_mode()
def accuracy(model: Classifier, images: ImageTensors, indices: Tensor | None = None) -> float:
    """Return the fraction of images predicted correctly in eval mode; every image counts the same.

    The released code averages the accuracies of batches, so that the last, smaller batch weighs more; we do not.
    """
    was_training = model.training
    model.eval()
    chosen = torch.arange(len(images), device=images.labels.device) if indices is None else indices
    correct = torch.zeros((), dtype=torch.int64, device=images.labels.device)
    for inputs, labels in images.batches(chosen, _EVALUATION_BATCH):
        correct += (model(inputs).argmax(1) == labels).sum()
    model.train(was_training)
    return int(correct) / len(chosen)
