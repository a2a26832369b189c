"""Online SGD of all networks of a stack at once, as batched matrix products: larger batches, penalties, GPUs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.training.online.online_sgd import Optimisation
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import Stack
from plasticity.training.penalties import PENALTIES, penalty_term


def train_stacked(
    stack: Stack, pixels: Pixels, orders: NDArray[np.int64], optimisation: Optimisation, device: str
) -> NDArray[np.bool_]:
    """Train the stack in place; return which predictions before each update were right, bool of shape (R, n).

    Nothing waits for the device between two steps: right predictions stay there until the stream has ended.

    Args:
        stack: R networks.
        pixels: The images.
        orders: Rows of the images, int64 of shape (R, n).
        optimisation: How to train.
        device: Where to compute.
    """
    weights, biases = (
        [torch.from_numpy(part.copy()).to(device).requires_grad_() for part in parts]
        for parts in (stack.weights, stack.biases)
    )
    images, labels = torch.from_numpy(pixels.dense()).to(device), torch.from_numpy(pixels.labels).to(device)
    rows = torch.from_numpy(np.asarray(orders)).to(device)
    hits = torch.empty(rows.shape, dtype=torch.bool, device=device)
    for first in range(0, rows.shape[1], optimisation.batch_size):
        batch = rows[:, first : first + optimisation.batch_size]
        features, logits = _forward(weights, biases, images[batch])
        hits[:, first : first + batch.shape[1]] = logits.detach().argmax(-1) == labels[batch]
        _step(_loss(features, logits, labels[batch], optimisation), [*weights, *biases], optimisation)
    for mine, trained in zip(stack.weights + stack.biases, [*weights, *biases], strict=True):
        mine[:] = trained.detach().cpu().numpy()
    return hits.cpu().numpy()


def _forward(weights: list[Tensor], biases: list[Tensor], inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return features (R, B, d) and logits (R, B, C) of inputs (R, B, D)."""
    features = inputs
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        features = torch.baddbmm(bias[:, None], features, weight).relu()
    return features, torch.baddbmm(biases[-1][:, None], features, weights[-1])


def _loss(features: Tensor, logits: Tensor, labels: Tensor, optimisation: Optimisation) -> Tensor:
    """Return the sum of the networks' losses: as none shares a weight with another, each gets its own gradient."""
    batch = labels.shape[1]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / batch
    if optimisation.penalised:
        penalty = PENALTIES[optimisation.penalty["name"]]
        for of_one, classes in zip(features, labels, strict=True):
            loss = loss + penalty_term(optimisation.penalty, penalty(of_one, classes, logits.shape[-1]))
    return loss


@torch.no_grad()
def _step(loss: Tensor, parameters: list[Tensor], optimisation: Optimisation) -> None:
    with torch.enable_grad():
        gradients = torch.autograd.grad(loss, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        # As PyTorch's optimizer does it: a factor 1 − η·λ would be rounded to float32, the same way in every step.
        gradient.add_(parameter, alpha=optimisation.weight_decay)
        parameter.sub_(gradient, alpha=optimisation.learning_rate)
