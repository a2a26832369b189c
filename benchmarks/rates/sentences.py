"""Directions that sentences of the summaries and rows of the pages say, each with the correction of its sentence."""

from collections.abc import Sequence

import numpy as np
from simulated import EFFECTS, SPREAD
from simulated.series import CHECKPOINTS, ITERATIONS, TASKS, checkpoints, tasks, transfers

from plasticity.analysis.correlation import coefficients, points_of
from plasticity.report.published.measures import Value, over_seeds
from plasticity.report.summary.finding import mean_over_seeds, together
from plasticity.report.summary.words import side
from plasticity.studies.train_test_collapse import agreement
from rates import CONFIDENCE
from rates.series_estimates import averaged_of, mean_of
from rates.tally import Tally

_EARLY = CHECKPOINTS <= 24
_GAINS = (0.02, 0.02, 0.0, 0.0, -0.02)  # of methods over none, with an effect
_WEIGHT_DECAYS = 4  # as few as the train-test study has


def of_correlations(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count sentences about correlations: phases, tasks as means and within seeds, transfer given the iteration."""
    for effect, name in EFFECTS.items():
        x, y = checkpoints(random, (studies, seeds), effect=effect)
        phases = [points_of("pearson", CHECKPOINTS[part], x[..., part], y[..., part]) for part in (_EARLY, ~_EARLY)]
        found = [mean_of(points).values() for points in phases]
        _say(tally, f"sentence: NC1 and accuracy in both phases, {name}", found, (int(effect),) * 2)
        x, y = tasks(random, (studies, seeds), effect=effect)
        pearson, changes = (points_of(how, TASKS.astype(float), x, y) for how in ("pearson", "first_difference"))
        found = [averaged_of(pearson).values(), mean_of(pearson).values(), mean_of(changes).values()]
        _say(tally, f"sentence: NC1 and accuracy over tasks, {name}", found, (-int(effect), -int(effect), 0))
        _collapse(tally, f"sentence: NC1 from the first task to the last, {name}", x, effect=effect)
        x, y = transfers(random, (studies, seeds), effect=effect)
        found = [mean_of(points_of(how, ITERATIONS, x, y)).values() for how in ("pearson", "partial_log")]
        _say(tally, f"sentence: train variance and transfer, {name}", found, (int(effect),) * 2)


def _collapse(tally: Tally, kind: str, nc1: np.ndarray, *, effect: bool) -> None:
    """Count what is said of the change of NC1 and of its correlation with the task's number."""
    number = np.broadcast_to(TASKS.astype(float), nc1.shape)
    trends = coefficients(points_of("pearson", TASKS.astype(float), number, nc1)).value
    changes = np.log(nc1[..., -1] / nc1[..., 0])
    found = [_mean(each) for each in changes]
    found = [found, [over_seeds(each, CONFIDENCE, correlation=True) for each in trends]]
    _say(tally, kind, found, (int(effect),) * 2)


def _say(tally: Tally, kind: str, found: list[list[Value]], truth: tuple[int, ...]) -> None:
    """Count sentences of several values each, whose signs are known; a sentence is wrong if any part of it is."""
    for parts in zip(*found, strict=True):
        said = [side(value) for value in together(list(parts), CONFIDENCE)]
        tally.add(kind, decided=any(said), wrong=_any_wrong(said, truth))


def _any_wrong(said: Sequence[int], truth: Sequence[float]) -> bool:
    return any(each not in (0, true) for each, true in zip(said, truth, strict=True))


def _mean(values: np.ndarray) -> Value:
    return mean_over_seeds(values.tolist(), CONFIDENCE)


def of_means(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count means over seeds: a gap, and several methods compared with none, seed by seed."""
    for effect, name in EFFECTS.items():
        for _ in range(studies):
            gap = _mean(0.036 * effect + 0.012 * random.normal(size=seeds))
            tally.say(f"sentence: mean over seeds, {name}", side(gap), int(effect))
            level = 0.8 + SPREAD * random.normal(size=seeds)
            arms = [level + effect * gain + SPREAD * random.normal(size=seeds) for gain in _GAINS]
            base = level + SPREAD * random.normal(size=seeds)
            gains = together([_mean(arm - base) for arm in arms], CONFIDENCE)
            said = [side(gain) for gain in gains]
            wrong = _any_wrong(said, np.sign(effect * np.array(_GAINS)).tolist())
            tally.add(f"sentence: methods compared with none, {name}", decided=any(said), wrong=wrong)


def of_weight_decays(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count the page's conclusions from rank correlations of NC1 and train variance over few weight decays."""
    decays = np.arange(float(_WEIGHT_DECAYS))
    for effect, name in EFFECTS.items():
        noise = random.normal(size=(3, studies, seeds, _WEIGHT_DECAYS))
        metrics, accuracy = noise[:2] - 1.5 * effect * decays, noise[2] - 1.5 * effect * decays
        found = [mean_of(points_of("spearman", decays, metric, accuracy)).values() for metric in metrics]
        for pair in zip(*found, strict=True):
            said = agreement.verdict(*together(pair, CONFIDENCE))
            decided, right = not said.startswith("undecided"), effect and "more collapse" not in said
            kind = f"page: NC1 beside train variance, {name}"
            tally.add(kind, decided=decided, wrong=decided and not right)
