"""Verdicts on published directions that are not those of a mean: associations within seeds, and onsets of collapse."""

from collections.abc import Iterator, Mapping

import numpy as np
from simulated import EFFECTS
from simulated.series import ITERATIONS, TASKS, drifting

from plasticity.analysis.correlation import coefficients, points_of
from plasticity.report.published.measures import Value, onset, over_seeds
from plasticity.report.published.published_verdict import AGREES, DIFFERS, verdict
from rates import CONFIDENCE
from rates.published_numbers import claim_of
from rates.tally import Tally

_ARMS = (3, 6)  # of an experiment
_SIGNS = {AGREES: 1, DIFFERS: -1}


def of_associations(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count directions of rank correlations within seeds: over the tasks, and over few arms of an experiment."""
    measure = {"of": "association", "method": "spearman"}
    for effect, name in EFFECTS.items():
        for over, values in _series(random, (studies, seeds), effect=effect):
            places = np.arange(values.shape[-1], dtype=float)
            found = coefficients(points_of("spearman", places, np.broadcast_to(places, values.shape), values)).value
            for each in found:
                value = over_seeds(each, CONFIDENCE, correlation=True)
                _say(tally, f"published shape: {over} rise, {name}", measure, value, effect=effect)


def _series(random: np.random.Generator, shape: tuple[int, int], *, effect: bool) -> Iterator[tuple[str, np.ndarray]]:
    yield "tasks", drifting(random, (*shape, TASKS.size)) + effect * np.linspace(0, 3, TASKS.size)
    for arms in _ARMS:
        yield f"{arms} arms", random.normal(size=(*shape, arms)) + effect * np.arange(arms)


def of_onsets(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count directions of the ratio of two layers' onsets of collapse; with the effect one is three times as early."""
    measure = {"of": "onset"}
    for effect, name in EFFECTS.items():
        for _ in range(studies):
            middle = np.log(100.0) + 0.5 * random.normal(size=(2, seeds, 1)) + effect * np.log([[[3.0]], [[1.0]]])
            fall = -2 / (1 + np.exp(middle - np.log(ITERATIONS)))
            variance = np.exp(fall + 0.05 * random.normal(size=fall.shape))
            logs = np.log([[onset(ITERATIONS, each) for each in layer] for layer in variance])
            value = over_seeds(logs[0] - logs[1], CONFIDENCE)
            _say(tally, f"published shape: onset, {name}", measure, value, effect=effect)


def _say(tally: Tally, kind: str, measure: Mapping[str, str], value: Value, *, effect: bool) -> None:
    claim = claim_of(measure, "ratio", 0.1, shape="positive")
    tally.say(kind, _SIGNS.get(verdict(claim, value, CONFIDENCE)[0], 0), int(effect))
