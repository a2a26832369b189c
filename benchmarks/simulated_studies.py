"""Simulated studies: tables of the shape that the studies' own have, without an effect and with published ones.

Within a seed, metrics and accuracy drift with training and are autocorrelated; seeds have levels of their own; NC4 is
constant at late checkpoints, as where it has reached 1. Spreads are those that released results and kept runs have.
"""

from typing import Any

import numpy as np
import pandas as pd

from plasticity.storage.schemas import SCHEMAS

SEEDS = (3, 5, 6, 10)
CHECKPOINTS = (6, 12, 18, 24, 30, 36, 42, 48)
TASKS = 40
LENGTHS = (1, 2, 5, 10, 50)
GAINS = {"shrink_perturb": 0.0335, "nc1_spread": 0.006, "weight_decay_0.1": 0.057}
SHIFTS = {"nc1_spread": 0.43, "nc1_collapse": -0.22, "weight_decay_0.1": 0.1}  # of ln NC1
ARMS = ("warm_start", "shrink_perturb", "nc1_spread", "nc1_collapse", "weight_decay_0.1")
TRIAL = {
    "control": "warm_start",
    "treatments": list(ARMS[1:]),
    "series": [{"name": "NC1 penalty", "doses": {"nc1_spread": -0.05, "warm_start": 0.0, "nc1_collapse": 0.05}}],
}
METHODS = {"none": 0.4, "decay": 0.0, "perturb": -0.2, "renew": 0.2, "norm": 0.6}
"""Methods of a sequence of tasks: how much faster than otherwise the logarithm of the weights grows."""
METHOD_TASKS = 25
SPREAD = 0.009
"""Standard deviation of a seed's accuracy."""
_AUTOCORRELATION = 0.7  # from one checkpoint or task to the next


def drifting(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return autocorrelated noise of variance one along the last axis (an AR(1) process)."""
    steps = random.normal(size=shape)
    found, rest = np.empty(shape), np.sqrt(1 - _AUTOCORRELATION**2)
    found[..., 0] = steps[..., 0]
    for place in range(1, shape[-1]):
        found[..., place] = _AUTOCORRELATION * found[..., place - 1] + rest * steps[..., place]
    return found


def checkpoints(random: np.random.Generator, shape: tuple[int, ...], *, effect: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return ln NC1 and accuracy of warm starts, shape (..., seeds, checkpoints); accuracy is noise without it."""
    length = np.sqrt(np.array(CHECKPOINTS) / CHECKPOINTS[-1])
    series = (*shape, length.size)
    log_nc1 = 3 - 4.5 * length + 0.1 * random.normal(size=(*shape, 1)) + 0.1 * drifting(random, series)
    noise = SPREAD * random.normal(size=(*shape, 1)) + (0.3 if effect else 1) * SPREAD * drifting(random, series)
    return log_nc1, 0.58 + 0.01 * effect * log_nc1 + noise


def tasks(random: np.random.Generator, shape: tuple[int, ...], *, effect: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return NC1 and online accuracy over tasks, shape (..., seeds, tasks): two opposite trends in noise, or noise."""
    trend = np.linspace(0, 1, TASKS) * effect
    series = (*shape, TASKS)
    nc1 = 0.226 + 0.12 * trend + 0.04 * drifting(random, series) + 0.005 * random.normal(size=(*shape, 1))
    return nc1, 0.92 - 0.11 * np.sqrt(trend) + 0.01 * drifting(random, series)


def warm_start_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "metrics" table of five arms; with the effect, accuracy follows ln NC1 and arms gain as published."""
    shared = (len(ARMS), seeds, len(CHECKPOINTS))
    log_nc1, accuracy = checkpoints(random, shared[:2], effect=effect)
    of_arm = [np.array([of.get(arm, 0.0) for arm in ARMS])[:, None, None] for of in (SHIFTS, GAINS)]
    log_nc1, accuracy = log_nc1 + of_arm[0], accuracy + effect * of_arm[1]
    arm, seed, place = (index.ravel() for index in np.indices(shared))
    columns: dict[str, Any] = {"arm": np.array(ARMS)[arm], "seed": seed + 1, "diverged": False}
    columns |= {"warm_up_epoch": np.array(CHECKPOINTS)[place], "nc1": np.exp(log_nc1).ravel()}
    columns |= {"full_test_accuracy": accuracy.ravel(), "plasticity_gap": 0.6 - accuracy.ravel()}
    fall = np.sqrt(np.array(CHECKPOINTS) / CHECKPOINTS[-1])
    for name in ("nc2", "nc3", "weight_norm", "effective_rank", "dead_units"):
        columns[name] = (2 - 0.2 * fall + 0.05 * drifting(random, shared)).ravel()
    columns["nc4"] = np.minimum(1.0, 0.6 + 0.5 * fall + 0.01 * drifting(random, shared)).ravel()
    return _complete(pd.DataFrame(columns), "metrics")


def task_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "permuted" table: many tasks of one arm, and second tasks after first ones of several lengths."""
    nc1, accuracy = tasks(random, (seeds,), effect=effect)
    seed, task = (index.ravel() for index in np.indices(nc1.shape))
    rows = {"arm": "continual", "experiment": "continual", "first_task_epochs": 1, "seed": seed + 1, "task": task + 1}
    frames = [pd.DataFrame({**rows, "nc1": nc1.ravel(), "online_accuracy": accuracy.ravel()})]
    for length in LENGTHS:
        first = 0.22 - 0.01 * np.log(length) + 0.004 * random.normal(size=seeds)
        second = 0.92 - effect * 0.01 * np.log(length) + 0.004 * random.normal(size=seeds)
        values = {"nc1": np.stack([first, first], 1).ravel(), "task": np.tile([1, 2], seeds)}
        values |= {"online_accuracy": np.stack([np.full(seeds, 0.92), second], 1).ravel()}
        values |= {"arm": f"length_{length}", "experiment": "length", "first_task_epochs": length}
        frames.append(pd.DataFrame({**values, "seed": np.repeat(np.arange(seeds) + 1, 2)}))
    return _complete(pd.concat(frames, ignore_index=True).assign(diverged=False), "permuted")


def methods_table(random: np.random.Generator, seeds: int, *, effect: bool) -> pd.DataFrame:
    """Return a "permuted" table of methods that lose accuracy over the tasks; with the effect, as the weights grow.

    Without it losses and quantities still drift with the tasks, losses along a curve that all methods share.
    """
    shape = (len(METHODS), seeds, METHOD_TASKS)
    trend = np.linspace(0, 1, METHOD_TASKS)
    norm = np.log(20 + 10 * trend) + 0.05 * drifting(random, shape)
    norm = norm + np.array(list(METHODS.values()))[:, None, None] * trend
    lost = 0.03 * np.sqrt(trend) + 0.01 * drifting(random, shape)
    lost = lost + 0.15 * effect * (norm - norm[:, :, :1])
    arm, seed, task = (index.ravel() for index in np.indices(shape))
    names = np.array(list(METHODS))[arm]
    columns: dict[str, Any] = {"arm": names, "experiment": names, "seed": seed + 1, "task": task + 1, "diverged": False}
    columns |= {"first_task_epochs": 1, "weight_norm": np.exp(norm).ravel()}
    # What a task loses follows from the state after the task before.
    columns["plasticity_gap"] = np.concatenate([np.zeros((*shape[:2], 1)), lost[:, :, :-1]], axis=2).ravel()
    for name in ("nc1", "effective_rank", "dead_units"):
        columns[name] = (2 - 0.5 * trend + 0.1 * drifting(random, shape)).ravel()
    return _complete(pd.DataFrame(columns), "permuted")


def _complete(rows: pd.DataFrame, schema: str) -> pd.DataFrame:
    """Return the rows with the numeric columns that the schema has beside, missing."""
    numeric = [column.name for column in SCHEMAS[schema] if column.kind in ("int", "float")]
    more = {name: np.nan for name in numeric if name not in rows}
    flags = {column.name: False for column in SCHEMAS[schema] if column.kind == "bool" and column.name not in rows}
    return rows.assign(**more, **flags).assign(**({"threshold_reached": True} if schema == "permuted" else {}))
