from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.analysis.onset import onset
from plasticity.report.published.measures import RunTables, measured, t_interval

SEEDS = (1, 2, 3, 4)
TASKS = (1, 2, 5)


def _tables(**changed: Any) -> RunTables:
    rows = [
        {
            "arm": arm,
            "experiment": "lengths",
            "seed": seed,
            "task": task,
            "first_task_epochs": {"a": 1, "b": 2, "c": 9}[arm],
            "nc1": 1 / task + 0.01 * seed + {"a": 0.0, "b": 0.5, "c": 0.7}[arm] + 0.003 * seed * task,
            "acc": np.random.default_rng([seed, task]).random(),
        }
        for arm in "abc"
        for seed in SEEDS
        for task in TASKS
    ]
    keys = {"metric": "nc1", "outcome": "acc", "arm": "a", "method": "pearson", "aggregate": "pooled"}
    correlations = [
        {**keys, "window_kind": "sliding", "window_start": end - 2, "window_end": end, "estimate": end / 10}
        | {"ci_low": end / 10 - 0.1, "ci_high": end / 10 + 0.1, "n_seeds": 4, "note": ""}
        for end in (3, 6, 9)
    ]
    correlations[2] |= {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan, "note": "constant nc1"}
    frame = pd.DataFrame(rows).assign(**changed)
    return RunTables(frame, pd.DataFrame(correlations), "task", 0.9)


def _values(tables: RunTables, arm: str, task: int, column: str = "nc1") -> np.ndarray:
    frame = tables.metrics
    return frame.loc[(frame["arm"] == arm) & (frame["task"] == task), column].to_numpy(float)


def test_a_level_is_the_mean_over_seeds_with_students_interval() -> None:
    tables = _tables()
    found = measured({"of": "level", "column": "nc1", "arm": "b", "at": 5}, tables)
    values = _values(tables, "b", 5)
    low, high = stats.t.interval(0.9, 3, values.mean(), stats.sem(values))
    assert (found.estimate, found.low, found.high) == pytest.approx((values.mean(), low, high))
    assert (found.n_seeds, found.place, found.missing) == (4, "task 5", "")


@pytest.mark.parametrize(
    ("at", "task", "missing"),
    [("first", 1, ""), ("last", 5, ""), (4, 5, "published at task 4, nearest in this run 5"), (2, 2, "")],
)
def test_a_place_that_the_run_has_not_is_replaced_by_the_nearest_and_told(
    at: int | str, task: int, missing: str
) -> None:
    tables = _tables()
    found = measured({"of": "level", "column": "nc1", "arm": "a", "at": at}, tables)
    assert found.estimate == pytest.approx(_values(tables, "a", task).mean())
    assert found.missing == missing


def test_a_contrast_is_paired_by_seed() -> None:
    tables = _tables()
    found = measured({"of": "contrast", "column": "nc1", "arm": "b", "minus_arm": "a", "at": "last"}, tables)
    assert found.estimate == pytest.approx(0.5)
    assert (np.isnan(found.low), found.alike) == (True, True)  # all seeds the same: no spread to judge by
    logs = measured({"of": "contrast", "column": "nc1", "log": True, "arm": "b", "minus_arm": "a", "at": 2}, tables)
    assert logs.estimate == pytest.approx(np.log(_values(tables, "b", 2) / _values(tables, "a", 2)).mean())


def test_an_association_is_the_mean_of_the_seeds_coefficients() -> None:
    tables = _tables()
    found = measured({"of": "association", "method": "pearson", "x": "nc1", "y": "acc", "arm": "a"}, tables)
    each = []
    for seed in SEEDS:
        rows = tables.metrics.loc[(tables.metrics["arm"] == "a") & (tables.metrics["seed"] == seed)]
        each.append(stats.pearsonr(rows["nc1"], rows["acc"])[0])
    assert found.estimate == pytest.approx(np.mean(each))
    assert found.place == "all of task"
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    measure = {"of": "association", "method": "spearman", "x": "task", "y": "nc1", "arm": "c"}
    assert measured(measure, tables).estimate == pytest.approx(-1)


def test_an_association_across_arms_is_taken_at_one_task() -> None:
    measure = {"of": "association", "method": "spearman", "x": "first_task_epochs", "y": "nc1"}
    found = measured({**measure, "experiment": "lengths", "at": 2}, _tables())
    assert (found.estimate, found.n_seeds, found.place) == (pytest.approx(1), 4, "task 2")


def test_a_logarithm_is_taken_of_x_alone() -> None:
    tables = _tables()
    tables = _tables(acc=np.log(tables.metrics["nc1"]))
    measure = {"of": "association", "method": "pearson", "x": "nc1", "y": "acc", "log_x": True, "arm": "a"}
    assert measured(measure, tables).estimate == pytest.approx(1)


def test_a_correlation_is_a_row_of_its_table() -> None:
    keys = {"of": "correlation", "metric": "nc1", "outcome": "acc", "arm": "a", "method": "pearson"}
    keys |= {"aggregate": "pooled", "window_kind": "sliding"}
    found = measured({**keys, "at": 6}, _tables())
    assert (found.estimate, found.low, found.high, found.n_seeds) == pytest.approx((0.6, 0.5, 0.7, 4))
    assert (found.place, found.missing) == ("sliding 4 to 6", "")
    assert measured({**keys, "at": 100}, _tables()).missing == "published at window end 100, nearest in this run 9"
    assert measured({**keys, "at": "last"}, _tables()).missing == "constant nc1"
    assert measured({**keys, "metric": "nc2", "at": 6}, _tables()).missing == "no such row in correlations.parquet"


def test_values_that_are_not_finite_are_left_out() -> None:
    tables = _tables()
    tables.metrics.loc[tables.metrics["seed"] < 3, "nc1"] = [np.nan, np.inf] * 9
    found = measured({"of": "level", "column": "nc1", "arm": "a", "at": 1}, tables)
    assert (found.n_seeds, np.isfinite(found.low)) == (2, True)
    none = _tables(nc1=np.nan)
    assert (
        measured({"of": "level", "column": "nc1", "arm": "a", "at": 1}, none).missing == "no finite value in any seed"
    )


def test_one_value_has_no_interval() -> None:
    assert np.isnan(t_interval(np.array([1.0]), 0.95)).all()


def _layers() -> RunTables:
    """Two layers whose variances fall as powers of the iteration, to a tenth and to a hundredth."""
    rows = [
        {"arm": "a", "experiment": "a", "seed": seed, "iteration": iteration, "layer": layer, "last_layer": layer == 2}
        | {"train": seed * iteration ** (-0.5 * layer), "test": 3 * seed * iteration ** (-0.5 * layer)}
        for seed in (1, 2, 3)
        for iteration in (1, 10, 30, 100)
        for layer in (1, 2)
    ]
    return RunTables(pd.DataFrame(rows), pd.DataFrame(), "iteration", 0.9)


@pytest.mark.parametrize(
    ("changed", "expected", "place"),
    [
        ({"minus_column": "test", "at": "last"}, -np.log(3), "iteration 100"),
        ({"layer": 2, "minus_layer": 1, "at": "last"}, np.log(0.1), "iteration 100"),
        ({"minus_layer": 1, "at": 10}, np.log(0.1**0.5), "iteration 10"),
        ({"at": "last", "minus_at": "half"}, np.log(0.3), "iteration 100 minus iteration 30"),
        ({"layer": 1, "at": "last", "minus_at": "first"}, np.log(0.1), "iteration 100 minus iteration 1"),
    ],
)
def test_a_contrast_may_be_between_columns_layers_and_checkpoints(
    changed: dict[str, Any], expected: float, place: str
) -> None:
    found = measured({"of": "contrast", "column": "train", "log": True, "arm": "a", **changed}, _layers())
    assert (found.estimate, found.place, found.n_seeds) == (pytest.approx(expected), place, 3)


def test_a_contrast_may_be_between_changes() -> None:
    tables = _tables()
    measure = {"of": "contrast", "column": "acc", "arm": "b", "minus_arm": "a", "at": "last", "since": 1}
    tables.metrics["acc"] += tables.metrics["task"] * (tables.metrics["arm"] == "b") * tables.metrics["seed"]
    found = measured(measure, tables)
    assert found.estimate == pytest.approx(4 * np.mean(SEEDS))  # of five tasks' growth, that since the first
    assert (found.place, found.n_seeds) == ("task 5 since task 1", 4)


def test_an_association_may_be_across_all_arms() -> None:
    tables = _tables()
    measure = {"of": "association", "method": "spearman", "x": "first_task_epochs", "y": "nc1", "at": 2}
    assert measured(measure, tables).estimate == pytest.approx(1)


def test_an_association_is_of_one_layer() -> None:
    measure = {"of": "association", "method": "pearson", "x": "iteration", "y": "train", "arm": "a"}
    values = np.array([1, 10, 30, 100.0])
    for layer in (1, 2):
        expected = stats.pearsonr(values, values ** (-0.5 * layer))[0]
        found = measured({**measure, "layer": layer}, _layers())
        assert found.estimate == pytest.approx(expected)
    assert measured(measure, _layers()).estimate == pytest.approx(expected)  # the last layer


def test_onsets_of_layers_are_compared_by_seed() -> None:
    tables = _layers()
    early = tables.metrics["layer"].eq(2) & tables.metrics["iteration"].gt(1)
    tables.metrics.loc[early, "train"] = 0.001
    found = measured({"of": "onset", "column": "train", "arm": "a", "layer": 2, "minus_layer": 1}, tables)
    logs = [onset(np.array([1.0, 10]), np.array([seed, 0.001])) for seed in (1, 2, 3)]
    assert found.estimate == pytest.approx(np.mean(np.log(logs)) - np.log(10))
    assert found.n_seeds == 3


def test_an_arm_without_rows_is_told() -> None:
    tables = _layers()
    level = {"of": "level", "column": "train", "at": "last"}
    assert measured({**level, "arm": "z"}, tables).missing == "no row of z in metrics.parquet"
    contrast = {**level, "of": "contrast", "arm": "a", "minus_arm": "y"}
    assert measured(contrast, tables).missing == "no row of y in metrics.parquet"
    across = {"of": "association", "method": "pearson", "x": "iteration", "y": "train", "experiment": "x", "at": "last"}
    assert measured(across, tables).missing == "no row of x in metrics.parquet"
