"""Skills in sections beside closed forms and beside predictions that are fitted one by one."""

import numpy as np
import pytest
from scipy.stats import rankdata

from plasticity.analysis.across_sections import predictions_across
from plasticity.analysis.basis import natural_spline
from plasticity.analysis.inference import Level
from plasticity.analysis.next_losses import NextLosses

LEVEL = Level(confidence=0.95)
ARMS, SEEDS = 3, 4


def _points(
    *slopes: float, seeds: int = SEEDS, tasks: tuple[int, ...] = (12, 12, 12), disjoint: bool = False
) -> tuple[NextLosses, np.ndarray]:
    """Sections in which the loss follows a quantity with these slopes; scales of losses and quantities differ."""
    random, parts = np.random.default_rng(0), []
    for section, (slope, number) in enumerate(zip(slopes, tasks, strict=False)):
        arm, seed, task = (index.ravel() for index in np.indices((ARMS, seeds, number)))
        quantity = 0.1 * task + random.normal(size=task.size)
        loss = slope * quantity + 0.03 * task + 0.5 * random.normal(size=task.size)
        seed = seed + disjoint * section * seeds
        of_section = np.full(task.size, section)
        parts.append((arm + ARMS * section, of_section, seed, task + 1.0, (1 + section) * loss - section, quantity))
    *columns, quantity = map(np.concatenate, zip(*parts, strict=True))
    return NextLosses(*columns), quantity * 10.0 ** columns[1]


def _within(points: NextLosses, values: np.ndarray, of: str) -> np.ndarray:
    """Ranks in each section between -1/2 and 1/2, or standard scores."""
    found = np.empty(len(values))
    for section in np.unique(points.experiment):
        mine = points.experiment == section
        each = values[mine]
        found[mine] = (rankdata(each) - 0.5) / each.size - 0.5 if of == "ranks" else (each - each.mean()) / each.std()
    return found


def _one_by_one(points: NextLosses, quantity: np.ndarray) -> np.ndarray:
    """Skill and gain of each section, every seed in it predicted by a weighted fit of its own; shape (2, sections)."""
    loss, rank = _within(points, points.loss, "scores"), _within(points, quantity, "ranks")
    rival = natural_spline(_within(points, points.task, "ranks"))
    one = np.ones((len(loss), 1))
    models = (one, rival, np.column_stack([one, rank]), np.column_stack([rival, rank]))
    weight = 1 / np.sqrt(np.bincount(points.experiment)[points.experiment])[:, None]
    errors = np.zeros((4, len(np.unique(points.experiment))))
    for section, seed in np.unique(np.stack([points.experiment, points.seed]), axis=1).T:
        held = (points.experiment == section) & (points.seed == seed)
        fitted = (points.experiment != section) & (points.seed != seed)
        for place, columns in enumerate(models):
            coefficients = np.linalg.lstsq((weight * columns)[fitted], (weight[:, 0] * loss)[fitted], rcond=None)[0]
            errors[place, section] += np.square(loss[held] - columns[held] @ coefficients).sum()
    mean, of_rival, of_quantity, of_both = errors
    return np.stack([1 - of_quantity / mean, (of_rival - of_both) / mean])


def test_skill_and_gain_are_those_of_fits_one_by_one() -> None:
    points, quantity = _points(1.0, 0.3, 0.6, tasks=(12, 8, 20))
    found, expected = predictions_across(points, quantity, LEVEL), _one_by_one(points, quantity)
    for place, name in enumerate(("skill", "gain")):
        values = [getattr(each, name).estimate for each in found]
        np.testing.assert_allclose(values, [expected[place].mean(), *expected[place]], atol=1e-9)
    assert [each.n_arms for each in found] == [9, 3, 3, 3]
    assert [each.n_points for each in found] == [480, 144, 96, 240]
    assert {each.skill.n_seeds for each in found} == {SEEDS}
    assert found[0].skill.low < found[0].skill.estimate < found[0].skill.high


@pytest.mark.parametrize("slopes", [(1.0, 1.0), (1.0, -1.0)])
def test_of_two_sections_the_skill_follows_from_their_correlations(slopes: tuple[float, float]) -> None:
    """With correlations r here and q there, the skill here is 2rq − q²: it is negative where the signs differ."""
    points, quantity = _points(*slopes, disjoint=True)
    loss, rank = _within(points, points.loss, "scores"), _within(points, quantity, "ranks")
    r, q = (np.corrcoef(loss[points.experiment == each], rank[points.experiment == each])[0, 1] for each in (0, 1))
    mean, first, second = (each.skill for each in predictions_across(points, quantity, LEVEL))
    assert first.estimate == pytest.approx(2 * r * q - q**2)
    assert second.estimate == pytest.approx(2 * r * q - r**2)
    assert mean.estimate == pytest.approx((first.estimate + second.estimate) / 2)
    assert (mean.low > 0) == (slopes[0] == slopes[1])
    assert (mean.high < 0) == (slopes == (1.0, -1.0))


def test_neither_the_scale_of_a_section_nor_the_unit_of_its_quantity_counts() -> None:
    points, quantity = _points(1.0, 0.5)
    second = points.experiment == 1
    other = NextLosses(**{**vars(points), "loss": np.where(second, 7 + 100 * points.loss, points.loss)})
    changed = predictions_across(other, np.where(second, np.exp(quantity / 50), quantity), LEVEL)
    for each, before in zip(changed, predictions_across(points, quantity, LEVEL), strict=True):
        for name in ("estimate", "low", "high"):
            assert getattr(each.gain, name) == pytest.approx(getattr(before.gain, name))


def test_identical_sections_never_predict_a_run_from_itself() -> None:
    """Noise that both sections share would be predicted if a seed stood on both sides."""
    points, quantity = _points(0.0)
    noise = np.random.default_rng(1).normal(size=len(quantity))
    twice = {name: np.tile(values, 2) for name, values in vars(points).items()}
    twice |= {"experiment": np.repeat([0, 1], len(noise)), "arm": np.concatenate([points.arm, points.arm + ARMS])}
    twice["loss"] = np.tile(noise, 2)
    mean, first, second = predictions_across(NextLosses(**twice), np.tile(noise > 1, 2) + 0.0, LEVEL)
    assert first.skill == second.skill == mean.skill
    assert 0 < mean.skill.estimate < 0.6  # of a quantity that says whether the loss is large
    lost = predictions_across(NextLosses(**twice), np.tile(np.arange(len(noise)), 2) + 0.0, LEVEL)[0]
    assert lost.skill.estimate < 0.05


@pytest.mark.parametrize(
    ("seeds", "disjoint", "note"),
    [
        (1, False, "undefined"),
        (2, False, "undefined without one of the seeds (2 of 2), no t interval"),
        (1, True, "undefined without one of the seeds (2 of 2), no t interval"),
        (2, True, ""),
    ],
)
def test_too_few_seeds_have_no_interval(seeds: int, disjoint: bool, note: str) -> None:
    points, quantity = _points(1.0, 1.0, seeds=seeds, disjoint=disjoint)
    mean = predictions_across(points, quantity, LEVEL)[0]
    assert mean.skill.note == mean.gain.note == note
    assert mean.skill.n_seeds == (0 if note == "undefined" else seeds)
