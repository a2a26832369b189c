"""The question of mediation of both tables of causes, of many studies: their rows without the tables around them.

What is simulated and what is true are as in `causes`; verdicts are the signs that Holm's correction leaves.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from simulated import EFFECTS, sequences, warm_starts

from plasticity.analysis.inference import Inference, Level
from plasticity.analysis.mediation import Pairs, effects
from plasticity.analysis.verdict import holm
from rates import CONFIDENCE
from rates.causes import SEQUENCES, WARM_STARTS, Design
from rates.tally import Tally

_LEVEL = Level(confidence=CONFIDENCE)
_PATHS = ("direct", "indirect", "mediator_slope")

Study = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Length, ln NC1 and accuracy of networks, each of shape (arms, seeds, checkpoints), the control first."""


def of_warm_starts(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count warm starts; with the effect, a quarter as many."""
    _count(WARM_STARTS, partial(_warm_start, random, seeds), studies, tally)


def of_sequences(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count sequences of tasks; with the effect, a quarter as many."""
    _count(SEQUENCES, partial(_sequence, random, seeds), studies, tally)


def _warm_start(random: np.random.Generator, seeds: int, *, effect: bool) -> Study:
    rows = warm_starts.warm_start_table(random, seeds, effect=effect)
    columns = (rows[name].to_numpy(float) for name in ("warm_up_epoch", "nc1", "full_test_accuracy"))
    length, nc1, accuracy = (values.reshape(len(warm_starts.ARMS), seeds, -1) for values in columns)
    return length, np.log(nc1), accuracy


def _sequence(random: np.random.Generator, seeds: int, *, effect: bool) -> Study:
    found = (values[0].T[..., None] for values in sequences.first_tasks(random, 1, seeds, effect=effect))
    length, nc1, accuracy = found
    return length, np.log(nc1), accuracy


def _count(design: Design, simulate: Callable[..., Study], studies: int, tally: Tally) -> None:
    for effect, name in EFFECTS.items():
        ends: dict[tuple[str, str], list[tuple[float, float]]] = {
            key: [] for key in design.shown.items() if key[0] in _PATHS and design.true(key, effect=effect) is not None
        }
        for _ in range(max(1, studies // 4) if effect else studies):
            found = dict(_found(design, _pairs_of(*simulate(effect=effect))))
            tested = [(key, each) for key, each in found.items() if np.isfinite(each.p_value) and each.n_seeds > 2]
            adjusted = holm(np.array([each.p_value for _, each in tested]))
            decided = [pair for pair, p_value in zip(tested, adjusted, strict=True) if p_value < 1 - CONFIDENCE]
            wrong = any(_wrong(design.true(key, effect=effect), each.estimate) for key, each in decided)
            tally.add(f"mediation in {design.name}, {name}", decided=bool(decided), wrong=wrong)
            for key in found.keys() & ends.keys():
                ends[key].append((found[key].low, found[key].high))
        for (quantity, treatment), held in ends.items():
            truth = design.true((quantity, treatment), effect=effect)
            kind = f"mediation in {design.name}: {quantity.replace('_', ' ')}, {name}"
            tally.intervals(kind, np.array(held).reshape(-1, 2).T, float(truth or 0.0))


def _wrong(truth: float | None, estimate: float) -> bool:
    return truth is not None and np.sign(estimate) != np.sign(truth)


def _pairs_of(length: np.ndarray, mediator: np.ndarray, outcome: np.ndarray) -> Pairs:
    """Return all treated networks with their controls; of those that have an accuracy."""
    arm, seed, place = (index.ravel() for index in np.indices(length.shape))
    moved, gained = ((values - values[:1]).ravel() for values in (mediator, outcome))
    cell = np.unique(np.stack([arm, length.ravel()]), axis=1, return_inverse=True)[1].ravel()
    kept = (arm > 0) & np.isfinite(gained)
    return Pairs(arm, seed, seed * length.shape[2] + place, cell, moved, gained).where(kept)


def _found(design: Design, pairs: Pairs) -> Iterator[tuple[tuple[str, str], Inference]]:
    """Yield the paths of every treatment and every dose series that the table has, by quantity and treatment."""
    arms = design.arms
    names = np.array([arms.control, *arms.treatments])
    asked = [(arm, {arm: 1.0}, 0.0) for arm in arms.treatments]
    for series in arms.series:
        if arms.control in series.doses:
            doses = dict(zip(series.doses, series.scaled(list(series.doses)).tolist(), strict=True))
            asked.append((series.name, doses, doses.pop(arms.control)))
    for name, doses, none in asked:
        own = pairs.where(np.isin(names[pairs.arm], list(doses)) & ((pairs.moved != 0) | (pairs.gained != 0)))
        if own.spare >= 2:
            own = own.shared()
            dose = np.array([doses[arm] for arm in names[own.arm]]) - none
            yield from (((path, name), found) for path, found in effects(own, dose, _LEVEL).items() if path in _PATHS)
