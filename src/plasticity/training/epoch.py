"""The only training epoch and the only evaluation of the project."""

from dataclasses import dataclass

import torch
from torch import Tensor

from plasticity.data.image_tensors import ImageTensors, even_batches
from plasticity.models.classifier import Classifier
from plasticity.training.step import TrainingStep
from plasticity.training.subnormals import subnormals_as_zero

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


@subnormals_as_zero()
def train_epoch(step: TrainingStep, order: Tensor, *, batch_size: int) -> EpochSums:
    """Train one epoch over the images at `order`.

    The sums stay on the device, so nothing waits for it before the epoch ends.
    """
    step.start()
    batches = even_batches(step.images.at_hand(order), batch_size)
    for rows in batches:
        step(rows)
    loss, correct, value = step.sums.tolist()
    return EpochSums(loss / len(order), correct / len(order), value / len(batches) if step.penalised else None)


@torch.inference_mode()
def accuracy(model: Classifier, images: ImageTensors, indices: Tensor | None = None) -> float:
    """Return the fraction of images predicted correctly in eval mode; every image counts the same.

    The released code averages the accuracies of batches, so that the last, smaller batch weighs more; we do not.
    """
    was_training = model.training
    model.eval()
    chosen = torch.arange(len(images), device=images.device) if indices is None else indices
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for inputs, labels in images.batches(chosen, _EVALUATION_BATCH):
        correct += (model(inputs).argmax(1) == labels).sum()
    model.train(was_training)
    return int(correct) / len(chosen)
