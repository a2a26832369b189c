import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.beyond_length import FORMS, Form, adjusted, beyond_length, correlation
from plasticity.analysis.correlation import partial, pearson
from plasticity.analysis.inference import Level
from plasticity.analysis.transitions import METRICS, Transitions
from trials import simulated

LEVEL = Level(confidence=0.95, samples=200)


def _found(transitions: Transitions, form: str) -> dict:
    rows = [row for row in beyond_length(transitions, (form,), LEVEL, {}) if row["metric"] == "log_nc1"]
    return rows[0]


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
    """The paper's doubt: NC1 does nothing, and yet it correlates. 60 studies of six seeds."""
    random = np.random.default_rng(3)
    totals, covered = [], dict.fromkeys(("partial_log", "within_length", "across_arms", "across_seeds"), 0)
    for _ in range(60):
        transitions = simulated(random, seeds=6, through=0.0, by_length=-0.05)
        totals.append(_found(transitions, "total")["estimate"])
        for form in covered:
            row = _found(transitions, form)
            covered[form] += row["ci_low"] <= 0 <= row["ci_high"]
    assert min(totals) > 0.5
    assert min(covered.values()) >= 52


def test_collapse_that_drives_accuracy_is_seen_at_equal_length() -> None:
    transitions = simulated(np.random.default_rng(4), seeds=6, through=0.03, by_length=0.0)
    for form in ("partial_log", "within_length", "across_arms"):
        row = _found(transitions, form)
        assert row["ci_low"] > 0.5
        assert row["p_value"] < 0.01


def test_a_row_says_where_it_comes_from() -> None:
    transitions = simulated(np.random.default_rng(5))
    published = {("correlation", "total", "all", "nc2"): 0.4}
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
