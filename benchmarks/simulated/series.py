"""Series of many studies at once: metric and accuracy over checkpoints, tasks or iterations, (..., seeds, places)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from simulated import SPREAD

CHECKPOINTS = np.array([6, 12, 18, 24, 30, 36, 42, 48])
"""Epochs of the warm-up."""
TASKS = np.arange(1, 41)
ITERATIONS = np.array([1, 3, 10, 30, 100, 300, 1000, 3000, 10000])
_AUTOCORRELATION = 0.7  # from one checkpoint or task to the next

Pair = tuple[np.ndarray, np.ndarray]


def drifting(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return autocorrelated noise of variance one along the last axis (an AR(1) process)."""
    steps = random.normal(size=shape)
    steps[..., 1:] *= np.sqrt(1 - _AUTOCORRELATION**2)
    return np.asarray(lfilter([1.0], [1.0, -_AUTOCORRELATION], steps, axis=-1))


def checkpoints(random: np.random.Generator, shape: tuple[int, ...], *, effect: bool) -> Pair:
    """Return ln NC1 and accuracy of warm starts; accuracy is noise without an effect."""
    length = np.sqrt(CHECKPOINTS / CHECKPOINTS[-1])
    series = (*shape, length.size)
    log_nc1 = 3 - 4.5 * length + 0.1 * random.normal(size=(*shape, 1)) + 0.1 * drifting(random, series)
    noise = SPREAD * random.normal(size=(*shape, 1)) + (0.3 if effect else 1) * SPREAD * drifting(random, series)
    return log_nc1, 0.58 + 0.01 * effect * log_nc1 + noise


def tasks(random: np.random.Generator, shape: tuple[int, ...], *, effect: bool, noise: float = 1.0) -> Pair:
    """Return NC1 and online accuracy over tasks: two opposite trends in noise, or noise."""
    trend = np.linspace(0, 1, TASKS.size) * effect
    series = (*shape, TASKS.size)
    nc1 = 0.226 + 0.12 * trend + 0.04 * noise * drifting(random, series) + 0.005 * random.normal(size=(*shape, 1))
    return nc1, 0.92 - 0.11 * np.sqrt(trend) + 0.01 * noise * drifting(random, series)


def transfers(random: np.random.Generator, shape: tuple[int, ...], *, effect: bool) -> Pair:
    """Return ln train variance and accuracy on the next task over iterations; the variance falls in any case."""
    along = np.log(ITERATIONS) / np.log(ITERATIONS[-1])
    series = (*shape, along.size)
    log_variance = -4 * along + 0.3 * random.normal(size=(*shape, 1)) + 0.3 * drifting(random, series)
    noise = 0.01 * random.normal(size=(*shape, 1)) + 0.01 * drifting(random, series)
    return log_variance, 0.4 + 0.05 * effect * log_variance + noise


@dataclass(frozen=True, eq=False)
class Series:
    """A kind of series: its places, how it is simulated, and the sign of the correlation that its effect makes."""

    over: str
    times: np.ndarray
    pair: Callable[..., Pair]
    sign: int
    averaged: bool = False


SERIES = (
    Series("checkpoints", CHECKPOINTS.astype(float), checkpoints, 1),
    Series("tasks", TASKS.astype(float), tasks, -1, averaged=True),
    Series("iterations", ITERATIONS.astype(float), transfers, 1),
)
"""Series whose correlations have a table; that of tasks also has rows of the means over the seeds."""
