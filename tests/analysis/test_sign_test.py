"""The test of signs over groups: closed forms, and how often it is wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from plasticity.analysis.sign_test import ALL, falsification, standardised_slope

SEEDS = np.repeat(np.arange(6), 3)
QUANTITIES = {"first": False, "second": True}


def agents(slopes: dict[str, tuple[float, float]], generator: np.random.Generator, noise: float = 1.0) -> pd.DataFrame:
    """A row per agent; the outcome is a sum of the quantities, with a slope each in every group, and of noise.

    Agents of a seed share a part of the noise and of the quantities, as agents that start from one network do.
    """
    parts = []
    for group, (first, second) in slopes.items():
        x = generator.normal(size=(2, len(SEEDS))) + generator.normal(size=(2, 6))[:, SEEDS]
        error = generator.normal(size=len(SEEDS)) + generator.normal(size=6)[SEEDS]
        y = first * x[0] + second * x[1] + noise * error
        columns = {"first": x[0], "second": np.exp(x[1]), "loss": y, "seed": SEEDS, "diverged": False}
        parts.append(pd.DataFrame(columns).assign(environment=group))
    return pd.concat(parts, ignore_index=True)


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    rows = falsification(frame, QUANTITIES, outcome="loss", kind="environment", confidence=0.95)
    return pd.DataFrame(rows).set_index(["quantity", "group"])


def test_slope_is_that_of_least_squares_in_standard_deviations() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, len(SEEDS)))
    found = standardised_slope(x, y, SEEDS, 0.95)
    assert found.estimate == pytest.approx(np.polyfit(x, y, 1)[0] * x.std())
    assert found.low < found.estimate < found.high
    assert found.n_seeds == 6


def test_a_seed_that_weighs_most_leaves_fewer_degrees_of_freedom() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, len(SEEDS)))
    x[SEEDS == 0] *= 10
    found = standardised_slope(x, y, SEEDS, 0.95)
    weights = np.bincount(SEEDS, (x - x.mean()) ** 2)
    freedom = max(weights.sum() ** 2 / (weights**2).sum() - 1, 1)
    half = (found.high - found.low) / 2
    assert freedom < 2
    assert half == pytest.approx(stdtrit(freedom, 0.975) * found.deviation / np.sqrt(6))


def test_opposite_signs_falsify_and_one_sign_does_not() -> None:
    found = judged(agents({"easy": (2.0, 0.0), "hard": (-2.0, 0.0)}, np.random.default_rng(1), noise=0.3))
    assert found.loc[("first", "easy"), "verdict"] == "positive"
    assert found.loc[("first", "hard"), "verdict"] == "negative"
    assert found.loc[("first", ALL), "verdict"] == "falsified"
    assert set(found["n_tests"]) == {4}
    assert found.loc[("first", ALL), "n_agents"] == 2 * len(SEEDS)
    alike = judged(agents({"easy": (0.0, 2.0), "hard": (0.0, 2.0)}, np.random.default_rng(1), noise=0.3))
    assert alike.loc[("second", ALL), "verdict"] == "one sign"


def test_what_cannot_be_computed_says_why() -> None:
    frame = agents({"easy": (1.0, 1.0)}, np.random.default_rng(2))
    frame["first"] = 1.0
    frame.loc[:4, "second"] = -1.0
    frame.loc[5, "diverged"] = True
    with np.errstate(all="raise"):
        found = judged(frame)
    constant, partial = found.loc[("first", "easy")], found.loc[("second", "easy")]
    assert np.isnan(constant["slope"])
    assert constant["note"] == "undefined"
    assert (constant["n_excluded"], partial["n_excluded"]) == (1, 6)
    assert found.loc[("first", ALL), "note"] == "one group alone"
    assert set(found["verdict"]) <= {"undecided", "positive"}


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_quantities_whose_sign_is_the_same_are_rarely_falsified(slope: float) -> None:
    """In 80 studies without a change of sign, 5 % may be wrong; 10 of 80 are three standard errors above."""
    generator = np.random.default_rng(3)
    slopes: dict[str, tuple[float, float]] = dict.fromkeys(("easy", "hard", "sparse"), (slope, 0.0))
    wrong = decided = 0
    for _ in range(80):
        found = judged(agents(slopes, generator))
        wrong += bool(found["verdict"].eq("falsified").any()) or bool(
            found.loc["second", "verdict"].ne("undecided").any()
        )
        decided += bool(found.loc["first", "verdict"].eq("positive").any())
    assert wrong <= 10
    assert (decided > 20) == (slope > 0)
