"""One visit of a stack of networks to a task: permute, train, measure."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.tasks.sequence import Task
from plasticity.training.online.device_data import DeviceData, Row
from plasticity.training.online.online_sgd import by_kernel, train_online
from plasticity.training.online.origin import Origin
from plasticity.training.online.stack import Stack


def visit_task(
    data: DeviceData,
    stack: Stack,
    seeds: Sequence[int],
    *,
    task: int,
    epochs: Sequence[int],
    training: Optimisation,
    threads: int,
) -> list[Row]:
    """Train every network on its seed's task, in place, and measure it on the task's training images.

    Args:
        data: Data of the job.
        stack: The networks, none of them diverged.
        seeds: The seed of each.
        task: Number of the task, from 1.
        epochs: Numbers of the epochs to train, from 1.
        training: How they are trained.
        threads: CPU threads.

    Returns:
        A row per network: online_accuracy over all these epochs, last_epoch_accuracy, and what `DeviceData.measure`
        gives; no numbers and `diverged` for a network whose weights or outputs stopped being finite.
    """
    tasks = [data.task(seed, task) for seed in seeds]
    positions = np.stack([each.positions for each in tasks])
    stack.permute_inputs(positions)
    origin = Origin(seeds, "first_task" if task == 1 else "following", data.draw, data.units)
    accuracies = np.full((len(epochs), len(stack)), np.nan)
    for place, epoch in enumerate(epochs):
        accuracies[place] = _train(data, stack, tasks, epoch, training, threads, origin)
    rows = [_row(data, stack, replica, accuracies, tasks[replica]) for replica in range(len(stack))]
    stack.restore_inputs(positions)
    return rows


def _train(
    data: DeviceData,
    stack: Stack,
    tasks: Sequence[Task],
    epoch: int,
    training: Optimisation,
    threads: int,
    origin: Origin,
) -> NDArray[np.float64]:
    """Train the networks that are still finite for one epoch; return online accuracies, NaN for the others."""
    alive = np.flatnonzero(stack.finite()).tolist()
    found = np.full(len(stack), np.nan)
    if alive:
        part, theirs = stack.take(alive), [tasks[replica] for replica in alive]
        orders = np.stack([each.order(epoch) for each in theirs])
        pixels = data.pixels
        if any(each.labels is not None for each in theirs):
            pixels = replace(pixels, labels=np.stack([data.labels_of(each) for each in theirs]))
        # One image per step keeps no GPU busy, and the kernel's numbers are the same on every machine.
        device = "cpu" if by_kernel(training) else data.device.type
        where = {"device": device, "threads": threads, "origin": origin.of(alive)}
        record = train_online(part, pixels, orders, training, **where)
        stack.put(alive, part)
        found[alive] = record.accuracy
    return found


def _row(data: DeviceData, stack: Stack, replica: int, accuracies: NDArray[np.float64], task: Task) -> Row:
    if not np.isfinite(accuracies[:, replica]).all():
        return data.diverged_row()
    row = data.measure(stack.network(replica), task)
    if not np.isfinite(row["nc4"]):  # features overflow although the weights are still finite
        return data.diverged_row()
    accuracy = {"online_accuracy": float(accuracies[:, replica].mean()), "diverged": False}
    return row | accuracy | {"last_epoch_accuracy": float(accuracies[-1, replica])}
