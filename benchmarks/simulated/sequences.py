"""Tables of sequences of tasks: first tasks of several lengths and down to several NC1, and methods that lose accuracy.

First tasks: NC1 falls with the epochs, by another path in every seed; runs of a seed are prefixes of it, so that two
arms that stop at the same epoch are one run. With the effect, accuracy on the second task falls by `PER_EPOCH` and
rises with ln NC1 by `PER_LOG_NC1`; without it, it has nothing to do with either. NC1 falls in both.

Methods: losses and quantities drift over the tasks, losses along a curve that all methods share; with the effect,
losses also grow with the logarithm of the weights, which grow at the speeds `SPEEDS`.
"""

from typing import Any

import numpy as np
import pandas as pd

from simulated.completed import completed
from simulated.series import TASKS, drifting, tasks

LENGTHS = (1, 2, 5, 10, 50)
THRESHOLDS = (0.22, 0.2, 0.18)
EXPERIMENT = "first_task_collapse"
"""The arms that end the first task at a threshold."""
PER_EPOCH, PER_LOG_NC1 = -0.0008, 0.03
NC1 = 0.226
"""After one epoch."""
SPEEDS = {"none": 0.4, "decay": 0.0, "perturb": -0.2, "renew": 0.2, "norm": 0.6}
METHOD_TASKS = 25
_LENGTH_ARMS = ["continual", *(f"length_{length}" for length in LENGTHS[1:])]
_THRESHOLD_ARMS = [f"{EXPERIMENT}_{threshold}" for threshold in THRESHOLDS]
DESIGN = {
    "control": "continual",
    "treatments": [*_LENGTH_ARMS[1:], *_THRESHOLD_ARMS],
    "series": [
        {"name": "first-task epochs", "doses": dict(zip(_LENGTH_ARMS, map(float, LENGTHS), strict=True))},
        {"name": "first-task NC1", "doses": dict(zip(_THRESHOLD_ARMS, THRESHOLDS, strict=True))},
    ],
}
_OTHERS = ("nc2", "nc3", "nc4", "weight_norm", "effective_rank", "dead_units")


def first_tasks(
    random: np.random.Generator, studies: int, seeds: int, *, effect: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return epochs, NC1 and accuracy on the second task of all arms, lengths first: (studies, seeds, arms).

    A run that never falls below its threshold, as few do, has NaN as its accuracy.
    """
    last = LENGTHS[-1]
    epochs = np.arange(1, last + 1)
    fall = np.log(NC1) - 0.1 * np.log(epochs)
    path = fall + 0.05 * random.normal(size=(studies, seeds, 1)) + 0.03 * drifting(random, (studies, seeds, last))
    stops = [np.full((studies, seeds), length) for length in LENGTHS]
    below = [path < np.log(threshold) for threshold in THRESHOLDS]
    stops += [np.where(each.any(axis=-1), each.argmax(axis=-1) + 1, last) for each in below]
    at = np.stack(stops, axis=-1)
    log_nc1 = np.take_along_axis(path, at - 1, axis=-1)
    noise = 0.001 * random.normal(size=(studies, seeds, 1)) + 0.0015 * random.normal(size=(studies, seeds, last))
    noise = np.take_along_axis(noise, at - 1, axis=-1)  # runs that stop together are one
    noise[..., len(LENGTHS) :][~np.stack([each.any(axis=-1) for each in below], axis=-1)] = np.nan
    gained = PER_EPOCH * at + PER_LOG_NC1 * (log_nc1 - np.log(NC1))
    return at, np.exp(log_nc1), 0.92 + effect * gained + noise


def first_task_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "permuted" table of first tasks, each with its second task, and all tasks of the arm of one epoch."""
    epochs, nc1, accuracy = (values[0] for values in first_tasks(random, 1, seeds, effect=effect))
    drift = tasks(random, (seeds,), effect=effect)
    arms = [*_LENGTH_ARMS, *_THRESHOLD_ARMS]
    experiments = ["length"] * len(LENGTHS) + [EXPERIMENT] * len(THRESHOLDS)
    experiments[0] = "continual"
    frames = []
    others = {name: 1 + 0.1 * drifting(random, (seeds, len(arms), 2)) for name in _OTHERS}
    for place, arm in enumerate(arms):
        columns: dict[str, Any] = {"arm": arm, "experiment": experiments[place], "task": np.tile([1, 2], seeds)}
        columns |= {"seed": np.repeat(np.arange(seeds) + 1, 2), "first_task_epochs": np.repeat(epochs[:, place], 2)}
        columns |= {"nc1": np.repeat(nc1[:, place], 2), "online_accuracy": np.repeat(accuracy[:, place], 2)}
        frames.append({**columns, **{name: values[:, place].ravel() for name, values in others.items()}})
    return _joined([*frames, _later_tasks(random, drift, seeds)])


def _later_tasks(random: np.random.Generator, drift: tuple[np.ndarray, np.ndarray], seeds: int) -> dict[str, Any]:
    """Return the tasks of the control from the third on."""
    count = TASKS.size - 2
    columns: dict[str, Any] = {"arm": "continual", "experiment": "continual", "first_task_epochs": 1}
    columns |= {"seed": np.repeat(np.arange(seeds) + 1, count), "task": np.tile(TASKS[2:], seeds)}
    columns |= {"nc1": drift[0][:, 2:].ravel(), "online_accuracy": drift[1][:, 2:].ravel()}
    return columns | {name: (1 + 0.1 * drifting(random, (seeds, count))).ravel() for name in _OTHERS}


def methods_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "permuted" table of methods."""
    shape = (len(SPEEDS), seeds, METHOD_TASKS)
    trend = np.linspace(0, 1, METHOD_TASKS)
    norm = np.log(20 + 10 * trend) + 0.05 * drifting(random, shape)
    norm = norm + np.array(list(SPEEDS.values()))[:, None, None] * trend
    lost = 0.03 * np.sqrt(trend) + 0.01 * drifting(random, shape)
    lost = lost + 0.15 * effect * (norm - norm[:, :, :1])
    arm, seed, task = (index.ravel() for index in np.indices(shape))
    names = np.array(list(SPEEDS))[arm]
    columns: dict[str, Any] = {"arm": names, "experiment": names, "seed": seed + 1, "task": task + 1}
    columns |= {"first_task_epochs": 1, "weight_norm": np.exp(norm).ravel()}
    # What a task loses follows from the state after the task before.
    columns["plasticity_gap"] = np.concatenate([np.zeros((*shape[:2], 1)), lost[:, :, :-1]], axis=2).ravel()
    for name in ("nc1", "effective_rank", "dead_units"):
        columns[name] = (2 - 0.5 * trend + 0.1 * drifting(random, shape)).ravel()
    return completed({"threshold_reached": True, **columns}, "permuted")


def _joined(parts: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the table of parts, each a mapping of columns."""
    rows = [len(part["seed"]) for part in parts]
    joined = {
        name: np.concatenate([np.broadcast_to(part[name], count) for part, count in zip(parts, rows, strict=True)])
        for name in parts[0]
    }
    return completed({"threshold_reached": True, **joined}, "permuted")
