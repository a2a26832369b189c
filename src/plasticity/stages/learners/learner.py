"""What every learner is: the networks of a job, and how they learn a task, are measured and are changed between tasks.

Three loops train networks on sequences of tasks: the compiled one (descent on one image a step, by some methods),
stacked tensors (perceptrons side by side, whatever else), and one network after another in batches (every network). A
stage knows none of them. It asks a learner to train an epoch, which is the unit in which killed work continues.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.stages.learners.device_data import DeviceData, Row
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.online.stack import Network


class Learner(Protocol):
    """Networks of one architecture, each on its seed's tasks; a replica is the place of one of them."""

    @property
    def data(self) -> DeviceData:
        """Data of the job."""
        ...

    def train_epoch(
        self, replicas: Sequence[int], *, task: int, epoch: int, training: Optimisation
    ) -> NDArray[np.float64]:
        """Train networks for an epoch of their tasks.

        Args:
            replicas: Which of them, each on its seed's task.
            task: Number of the task, from 1.
            epoch: Number of the epoch on it, from 1.
            training: How they are trained.

        Returns:
            Online accuracy of each, the share of predictions before their update that were right; NaN for a network
            whose weights or outputs stopped being finite, or were not before: it is left as it is.
        """
        ...

    def measure(self, replica: int, task: int) -> Row:
        """Return collapse, ranks and accuracy of a network on the training images of its task."""
        ...

    def intervene(self, replica: int, intervention: Intervention, task: int) -> None:
        """Do to a network what is done to it before it goes on to a task."""
        ...

    def checkpoint(self, replica: int) -> Network:
        """Return a network's tensors and, as "optimizer/<slot>/<name>", its optimizer's: another learner's start."""
        ...

    def tensors(self) -> Network:
        """Return all that the learner continues from, by name."""
        ...

    def restore(self, tensors: Mapping[str, NDArray]) -> None:
        """Continue from what `tensors` returned."""
        ...


def learn_task(
    learner: Learner,
    replicas: Sequence[int],
    *,
    task: int,
    epochs: Sequence[int],
    training: Optimisation,
    measured: bool = True,
) -> list[Row]:
    """Train networks on their tasks for the epochs of these numbers; return a row for each, as `row_of` says."""
    found = [learner.train_epoch(replicas, task=task, epoch=epoch, training=training) for epoch in epochs]
    by_replica = np.stack(found, axis=1).tolist()
    pairs = zip(replicas, by_replica, strict=True)
    return [row_of(learner, replica, task, each, measured=measured) for replica, each in pairs]


def row_of(learner: Learner, replica: int, task: int, accuracies: Sequence[float], *, measured: bool = True) -> Row:
    """Return what a network shows of a task that it has learnt.

    Args:
        learner: Its learner.
        replica: Its place.
        task: Number of the task.
        accuracies: Online accuracy of each epoch on it.
        measured: Whether the network is measured; otherwise the row has its accuracies alone.

    Returns:
        online_accuracy over all these epochs, last_epoch_accuracy, and what `Learner.measure` gives; no numbers and
        `diverged` for a network whose weights or outputs stopped being finite.
    """
    if not np.isfinite(accuracies).all():
        return learner.data.diverged_row()
    row = learner.measure(replica, task) if measured else learner.data.diverged_row()
    if measured and not np.isfinite(row["nc4"]):  # features overflow although the weights are still finite
        return learner.data.diverged_row()
    accuracy = {"online_accuracy": float(np.mean(accuracies)), "diverged": False}
    return row | accuracy | {"last_epoch_accuracy": float(accuracies[-1])}


def update_of(learner: Learner, replica: int, start: Mapping[str, NDArray]) -> Row:
    """Return how far the task has moved a network, as `update_norm`.

    Args:
        learner: Its learner.
        replica: Its place.
        start: Its parameters at the start of the task, after any intervention.

    Returns:
        update_norm, the L2 norm of all parameters' change, accumulated in float64.
    """
    now = learner.checkpoint(replica)
    moved = (now[name].astype(np.float64) - start[name] for name in learner.data.parameters)
    return {"update_norm": float(np.sqrt(sum(float(np.square(change).sum()) for change in moved)))}
