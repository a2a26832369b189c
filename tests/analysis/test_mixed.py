import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from plasticity.analysis.inference import Level
from plasticity.analysis.mixed import FORMS, fitted, mixed_effects
from plasticity.analysis.transitions import Transitions
from simulated_transitions import simulated

LEVEL = Level(confidence=0.95)


def _slopes(transitions: Transitions, forms: tuple[str, ...] = tuple(FORMS)) -> dict:
    return {row["method"]: row for row in mixed_effects(transitions, forms, LEVEL)}


def test_a_large_effect_of_the_seed_makes_it_the_fit_with_a_level_per_seed() -> None:
    """With τ² far above the error, REML's slope is that of fixed levels: the closed-form limit."""
    rows = simulated(np.random.default_rng(1), through=0.03).rows
    rows["outcome"] += np.array([0.0, 5.0, -4.0, 9.0])[rows["seed"]]
    levels = pd.get_dummies(rows["seed"]).to_numpy(float)
    design = np.column_stack([rows["log_nc1"], np.log(rows["length"]), levels])
    expected = np.linalg.lstsq(design, rows["outcome"].to_numpy(float), rcond=None)[0][0]
    assert fitted(rows, "mixed_log") == pytest.approx(expected, rel=1e-3)


def test_a_known_slope_is_recovered_and_length_alone_gives_none() -> None:
    """Six studies each; intervals of 95 % miss one in twenty."""
    random, forms = np.random.default_rng(2), ("mixed_log", "mixed_log_arms")
    for truth in (0.03, 0.0):
        studies = [_slopes(simulated(random, seeds=5, through=truth, by_length=-0.05), forms) for _ in range(6)]
        for form in forms:
            rows = [study[form] for study in studies]
            assert np.mean([row["estimate"] for row in rows]) == pytest.approx(truth, abs=0.001)
            assert sum(row["ci_low"] <= truth <= row["ci_high"] for row in rows) >= 5
            assert not truth or min(row["ci_low"] for row in rows) > 0


def test_what_cannot_be_fitted_is_missing_with_a_reason() -> None:
    one = simulated(np.random.default_rng(3), seeds=1)
    assert _slopes(one)["mixed_log"]["note"] == "a random effect of the seed needs two seeds"
    flat = simulated(np.random.default_rng(4))
    flat.rows["log_nc1"] = 1.0
    row = _slopes(flat)["mixed_log"]
    assert np.isnan(row["estimate"])
    assert row["note"] == "undefined"
    for constant in (0.5, 0.6):  # the second has a standard deviation of rounding
        assert np.isnan(fitted(simulated(np.random.default_rng(4)).rows.assign(outcome=constant), "mixed_log"))


@pytest.mark.parametrize("key", range(4))
def test_a_perfect_fit_gives_its_slope(key: int) -> None:
    rows = simulated(np.random.default_rng(key)).rows
    exact = 0.7 + 0.02 * rows["log_nc1"] - 0.01 * np.log(rows["length"])
    for levels in (0.0, np.array([0.1, -0.2, 0.0, 0.05])[rows["seed"]]):
        assert fitted(rows.assign(outcome=exact + levels), "mixed_log") == pytest.approx(0.02, rel=1e-4)


def test_slopes_are_those_of_statsmodels() -> None:
    rows = simulated(np.random.default_rng(5), through=0.02).rows
    rows["outcome"] += 0.01 * np.array([0.0, 1.0, -2.0, 0.5])[rows["seed"]]
    arms = pd.get_dummies(rows["arm"]).to_numpy(float)[:, 1:]
    columns = [np.ones(len(rows)), rows["log_nc1"], np.log(rows["length"]), *arms.T]
    for form, design in (("mixed_log", columns[:3]), ("mixed_log_arms", columns)):
        model = MixedLM(rows["outcome"].to_numpy(float) * 100, np.column_stack(design), groups=rows["seed"].to_numpy())
        expected = model.fit(reml=True, method="powell").fe_params[1] / 100
        assert fitted(rows, form) == pytest.approx(expected, rel=1e-6)


def _profiled(rows: pd.DataFrame) -> float:
    """The slow oracle for `mixed_log`: REML over a fine grid of τ²/σ², its end at zero included."""
    design = np.column_stack([np.ones(len(rows)), rows["log_nc1"], np.log(rows["length"])])
    outcome = rows["outcome"].to_numpy(float)
    same = np.equal.outer(rows["seed"].to_numpy(), rows["seed"].to_numpy()).astype(float)
    found = []
    for ratio in [0.0, *np.geomspace(1e-4, 1e3, 300)]:
        inverse = np.linalg.inv(np.eye(len(rows)) + ratio * same)
        inner = design.T @ inverse @ design
        slopes = np.linalg.solve(inner, design.T @ inverse @ outcome)
        rest = outcome - design @ slopes
        loss = (len(rows) - 3) * np.log(rest @ inverse @ rest) + np.linalg.slogdet(inner)[1]
        found.append((loss - np.linalg.slogdet(inverse)[1], slopes[1]))
    return min(found)[1]


@pytest.mark.parametrize("key", range(20, 26))
def test_the_fit_is_the_best_one_also_where_seeds_do_not_differ(key: int) -> None:
    """Few networks, among them one study in which a method that follows the gradient stops 3 % away."""
    rows = simulated(np.random.default_rng(key), seeds=3, through=0.02).rows.query("arm == 'control'")
    assert fitted(rows, "mixed_log") == pytest.approx(_profiled(rows), rel=2e-3)
