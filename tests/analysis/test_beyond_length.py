import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.beyond_length import FORMS, Form, adjusted, beyond_length, correlation
from plasticity.analysis.inference import Level
from plasticity.analysis.published_effects import Effect
from plasticity.analysis.transitions import METRICS, Transitions
from simulated_transitions import simulated
from single_series import partial, pearson

LEVEL = Level(confidence=0.95)


def _found(transitions: Transitions, form: str) -> dict:
    return next(row for row in beyond_length(transitions, (form,), LEVEL, {}) if row["metric"] == "log_nc1")


def _residuals(rows: pd.DataFrame, form: Form) -> np.ndarray:
    """The slow oracle: residuals of both variables on dummies of the groups and on the covariate."""
    length = rows["length"].to_numpy(float)
    columns = [np.ones(len(rows))]
    if form.covariate:
        columns.append(length if form.covariate == "linear" else np.log(length))
    if form.groups:
        keys = rows[list(form.groups)].astype(str).agg("/".join, axis=1)
        columns += [(keys == key).to_numpy(float) for key in keys.unique()]
    design, values = np.column_stack(columns), rows[["log_nc1", "outcome"]].to_numpy(float)
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_correlation_of_residuals(form: str) -> None:
    transitions = simulated(np.random.default_rng(1), through=0.01)
    expected = np.corrcoef(_residuals(transitions.rows, FORMS[form]).T)[0, 1]
    assert _found(transitions, form)["estimate"] == pytest.approx(expected, abs=1e-9)


def test_plain_and_partial_forms_are_those_of_the_table_of_correlations() -> None:
    rows = simulated(np.random.default_rng(2)).rows
    x, y, t = (rows[name].to_numpy(float) for name in ("log_nc1", "outcome", "length"))
    expected = {
        "total": pearson(x, y),
        "partial_linear": partial(x, y, t),
        "partial_log": partial(x, y, t, basis="log"),
    }
    for form, estimate in expected.items():
        assert correlation(adjusted(rows, "log_nc1", FORMS[form]), LEVEL).estimate == pytest.approx(estimate.value)


def test_length_that_drives_both_leaves_nothing_at_equal_length() -> None:
    """The paper's doubt: NC1 does nothing, and yet it correlates. 30 studies of six seeds."""
    random = np.random.default_rng(3)
    totals, covered = [], dict.fromkeys(("partial_log", "within_length", "across_arms", "across_seeds"), 0)
    for _ in range(30):
        transitions = simulated(random, seeds=6, through=0.0, by_length=-0.05)
        totals.append(_found(transitions, "total")["estimate"])
        for form in covered:
            row = _found(transitions, form)
            covered[form] += row["ci_low"] <= 0 <= row["ci_high"]
    assert min(totals) > 0.5
    assert min(covered.values()) >= 26


def test_collapse_that_drives_accuracy_is_seen_at_equal_length() -> None:
    transitions = simulated(np.random.default_rng(4), seeds=6, through=0.03, by_length=0.0)
    for form in ("partial_log", "within_length", "across_arms"):
        row = _found(transitions, form)
        assert row["ci_low"] > 0.5
        assert row["p_value"] < 0.01


def test_a_row_says_where_it_comes_from() -> None:
    transitions = simulated(np.random.default_rng(5))
    published = {("correlation", "total", "all", "nc2"): Effect(size=0.4)}
    rows = list(beyond_length(transitions, ("total", "across_seeds"), LEVEL, published))
    assert [(row["method"], row["metric"]) for row in rows] == [
        (f, m) for f in ("total", "across_seeds") for m in METRICS
    ]
    row = rows[1]
    assert (row["published"], row["expected_sign"], row["n_seeds"], row["n_points"]) == (0.4, 1.0, 4, 48)
    assert (row["window_kind"], row["window_start"], row["window_end"]) == ("all", 4, 32)
    assert np.isnan(rows[4]["expected_sign"])  # the account is about collapse alone


def test_too_few_points_are_said_to_be() -> None:
    transitions = simulated(np.random.default_rng(6), seeds=1)
    row = _found(transitions, "across_seeds")
    assert np.isnan(row["estimate"])
    assert row["note"] == "12 points leave 0"


def _null(random: np.random.Generator, seeds: int) -> Transitions:
    """One network per seed, whose collapse has nothing to do with what it learns."""
    rows = simulated(random, seeds=seeds).rows.query("arm == 'control' and length == 4").reset_index(drop=True)
    rows["length"] = random.permutation(np.arange(2, 2 + seeds))
    rows["outcome"] = random.normal(size=seeds)
    return Transitions(rows, "all", 4, 4)


@pytest.mark.parametrize(("form", "seeds"), [("total", 3), ("partial_log", 4)])
def test_what_is_certain_without_a_seed_is_not_tested(form: str, seeds: int) -> None:
    """Two points, or three given length, lie on a line: r = ±1 however little they say."""
    row = _found(_null(np.random.default_rng(7), seeds), form)
    assert abs(row["estimate"]) < 1
    assert np.isnan([row["ci_low"], row["ci_high"], row["p_value"]]).all()
    assert row["note"] == f"undefined without one of the seeds ({seeds} of {seeds}), no t interval"


@pytest.mark.parametrize(("form", "seeds"), [("total", 4), ("partial_log", 5)])
def test_the_fewest_networks_that_are_tested_raise_few_false_alarms(form: str, seeds: int) -> None:
    random = np.random.default_rng(8)
    p_values = np.array([_found(_null(random, seeds), form)["p_value"] for _ in range(100)])
    assert np.isfinite(p_values).all()
    assert (p_values < 0.05).mean() < 0.1
    assert p_values.min() > 1e-6


def test_a_seed_without_a_network_of_equal_length_is_no_observation() -> None:
    transitions = simulated(np.random.default_rng(9), seeds=5, through=0.02)
    rows = transitions.rows.copy()
    rows.loc[rows["seed"] == 4, "length"] = 100 + np.arange(12)
    row = _found(Transitions(rows, "all", 4, 111), "within_length")
    without = _found(Transitions(rows.loc[rows["seed"] != 4], "all", 4, 32), "within_length")
    assert (row["n_seeds"], row["n_points"]) == (4, 60)
    for name in ("estimate", "ci_low", "ci_high", "p_value"):
        assert row[name] == pytest.approx(without[name])


def test_a_metric_that_a_network_has_not_leaves_the_others() -> None:
    transitions = simulated(np.random.default_rng(10))
    transitions.rows["dead_units"] = np.nan  # a perceptron without ReLU
    transitions.rows.loc[0, "nc2"] = np.nan
    found = {row["metric"]: row for row in beyond_length(transitions, ("total",), LEVEL, {})}
    assert (found["log_nc1"]["n_points"], found["log_nc1"]["n_excluded"]) == (48, 0)
    assert (found["nc2"]["n_points"], found["nc2"]["n_excluded"]) == (47, 1)
    assert (found["dead_units"]["n_points"], found["dead_units"]["n_excluded"]) == (0, 48)
    assert np.isnan(found["dead_units"]["estimate"])
