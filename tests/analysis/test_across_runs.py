from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from plasticity.analysis.across_runs import LENGTH, Runs, compares, runs_of, within
from plasticity.analysis.blocks import Summary, pooled
from plasticity.analysis.correlation import METHODS, coefficients
from plasticity.errors import PlasticityError
from single_series import estimate

OUTCOMES = ["online_accuracy", LENGTH]
SUMMARY = Summary(confidence=0.9)
RUN_METHODS = METHODS[:4]


def _rows(seeds: int = 4, tasks: int = 3, lengths: tuple[int, ...] = (1, 2, 5, 10), *, key: int = 0) -> Any:
    """An experiment whose runs of a seed have a level in common; values repeat, so that ranks have ties."""
    generator = np.random.default_rng(key)
    rows: list[dict[str, Any]] = []
    for seed, length in product(range(seeds), lengths):
        nc1 = round(0.3 / length + 0.1 * seed + 0.05 * generator.normal(), 2)
        for task in range(1, tasks + 1):
            accuracy = round(0.9 - 0.01 * length - 0.02 * seed + 0.02 * generator.normal(), 2)
            rows.append({"arm": f"length_{length}", "seed": seed, LENGTH: length, "task": task, "nc1": nc1})
            rows[-1] |= {"online_accuracy": accuracy}
    rest = {"experiment": "length", "nc1_threshold": np.nan, "threshold_reached": None, "diverged": False}
    return pd.DataFrame(rows).assign(**rest)


def _runs(rows: Any, *, first: bool = False) -> Runs:
    runs = runs_of(rows, ["nc1"], OUTCOMES)
    return runs.at((runs.tasks == 1) == first)


def _levels(rows: Any) -> np.ndarray:
    """Seed dummies, without those of seeds with one run."""
    counts = rows["seed"].value_counts()
    return np.stack([rows["seed"] == seed for seed in counts.index[counts > 1]], axis=1).astype(float)


def _slow(method: str, rows: Any, *, by_seed: bool) -> float:
    """The definition: residuals of ordinary least squares on an intercept or seed dummies, and the control."""
    rows = rows[rows.groupby("seed")["seed"].transform("size") > 1] if by_seed else rows
    x, y = rows["nc1"].to_numpy(), rows["online_accuracy"].to_numpy()
    if method == "spearman":
        if by_seed:
            groups = rows.groupby("seed")[["nc1", "online_accuracy"]]
            x, y = np.round((rows[["nc1", "online_accuracy"]] - groups.transform("mean")).to_numpy(), 10).T
        return float(np.asarray(stats.spearmanr(x, y))[0])
    t = rows[LENGTH].to_numpy(np.float64)
    control = {"pearson": [], "partial_linear": [t], "partial_log": [np.log(t)]}[method]
    basis = np.column_stack([_levels(rows) if by_seed else np.ones_like(t), *control])
    rest = [v - basis @ np.linalg.lstsq(basis, v, rcond=None)[0] for v in (x, y)]
    return float(rest[0] @ rest[1] / np.sqrt((rest[0] @ rest[0]) * (rest[1] @ rest[1])))


@pytest.mark.parametrize("by_seed", [False, True])
@pytest.mark.parametrize("method", RUN_METHODS)
def test_estimate_and_interval_agree_with_leaving_out_seeds_in_a_loop(method: str, by_seed: bool) -> None:
    rows = _rows(seeds=3)
    points = _runs(rows).points(method, "nc1", "online_accuracy")
    found = pooled(within(points) if by_seed else points, SUMMARY)
    for index, task in enumerate((2, 3)):
        chosen = rows[rows["task"] == task]
        assert found.found.value[index] == pytest.approx(_slow(method, chosen, by_seed=by_seed), abs=1e-9)
        z = np.arctanh(_slow(method, chosen, by_seed=by_seed))
        without = [
            _slow(method, chosen[chosen["seed"] != seed], by_seed=by_seed) for seed in sorted(set(chosen["seed"]))
        ]
        pseudo = 3 * z - 2 * np.arctanh(without)
        half = stats.t.ppf(0.95, 2) * stats.sem(pseudo)
        np.testing.assert_allclose(
            found.ends[:, index], np.tanh([pseudo.mean() - half, pseudo.mean() + half]), atol=1e-9
        )


def test_runs_of_two_levels_on_parallel_lines() -> None:
    """Within a seed longer is worse; between seeds the level hides it."""
    rows = _rows(seeds=2)
    length = np.log(rows[LENGTH])
    rows["nc1"] = 0.2 - 0.01 * length + rows["seed"]
    rows["online_accuracy"] = 0.5 + 0.02 * length - 0.5 * rows["seed"]
    points = _runs(rows).points("pearson", "nc1", "online_accuracy")
    assert coefficients(within(points).pooled()).value == pytest.approx(-1.0)
    rows["online_accuracy"] = 0.5 - 0.02 * length - 0.5 * rows["seed"]
    points = _runs(rows).points("pearson", "nc1", "online_accuracy")
    assert coefficients(points.pooled()).value == pytest.approx(-1.0, abs=0.01)
    assert coefficients(within(points).pooled()).value == pytest.approx(1.0)


def test_a_covariate_that_is_all_there_is_leaves_nothing() -> None:
    rows = _rows()
    rows["nc1"] = 1 - 0.1 * np.log(rows[LENGTH]) + rows["seed"]
    points = within(_runs(rows).points("partial_log", "nc1", "online_accuracy"))
    found = coefficients(points.pooled())
    assert np.isnan(found.value).all()
    assert found.reason((0,), ("nc1", "y")) == "constant nc1 residuals"


def test_the_seeds_own_levels_cost_degrees_of_freedom() -> None:
    points = _runs(_rows(seeds=4, lengths=(1, 9))).points("partial_linear", "nc1", "online_accuracy")
    assert np.isfinite(coefficients(within(points).pooled()).value).all()
    points = _runs(_rows(seeds=2, lengths=(1, 9))).points("partial_linear", "nc1", "online_accuracy")
    assert coefficients(within(points).pooled()).reason((0,), ("x", "y")) == "4 points for a fit of 3 terms"


def test_a_seed_with_one_run_says_nothing_within() -> None:
    rows = _rows()
    alone = rows[(rows["seed"] > 0) | (rows[LENGTH] == 5)]
    without = rows[rows["seed"] > 0]
    for method in RUN_METHODS:
        one, other = (within(_runs(part).points(method, "nc1", "online_accuracy")) for part in (alone, without))
        np.testing.assert_allclose(coefficients(one.pooled()).value, coefficients(other.pooled()).value, atol=1e-12)
        assert coefficients(one.pooled()).n_points.tolist() == [12, 12]
        found = pooled(one, SUMMARY), pooled(other, SUMMARY)
        np.testing.assert_allclose(found[0].ends, found[1].ends, atol=1e-12)


def test_nested_runs_have_a_wider_interval_than_independent_ones() -> None:
    generator = np.random.default_rng(3)
    rows = _rows(seeds=6, tasks=2)
    level = generator.normal(size=(6, 2))
    rows["nc1"] = level[rows["seed"], 0] + 0.01 * generator.normal(size=len(rows))
    rows["online_accuracy"] = level[rows["seed"], 1] + 0.01 * generator.normal(size=len(rows))
    nested = pooled(_runs(rows).points("pearson", "nc1", "online_accuracy"), SUMMARY)
    rows["seed"] = 100 * rows["seed"] + rows[LENGTH]
    naive = pooled(_runs(rows).points("pearson", "nc1", "online_accuracy"), SUMMARY)
    np.testing.assert_allclose(nested.found.value, naive.found.value, atol=1e-12)
    assert np.diff(nested.ends, axis=0).item() > 1.4 * np.diff(naive.ends, axis=0).item()


def test_the_length_is_an_outcome_of_the_first_task() -> None:
    rows = _rows()
    points = _runs(rows, first=True).points("spearman", "nc1", LENGTH)
    first = rows[rows["task"] == 1]
    expected = np.asarray(stats.spearmanr(first["nc1"], first[LENGTH]))[0]
    assert coefficients(points.pooled()).value.tolist() == pytest.approx([expected])


def test_runs_that_stopped_at_the_same_epoch_count_once() -> None:
    rows = _rows()
    copied = rows[(rows["seed"] == 1) & (rows[LENGTH] == 5)].assign(arm="length_7")
    runs = _runs(pd.concat([rows, copied]))
    assert runs.twins.sum() == 1
    again, once = (each.points("pearson", "nc1", "online_accuracy") for each in (runs, _runs(rows)))
    assert again.mask.sum(axis=(1, 2)).tolist() == [16, 16]
    np.testing.assert_allclose(coefficients(again.pooled()).value, coefficients(once.pooled()).value, atol=1e-12)
    other = copied.assign(nc1=copied["nc1"] + 0.01)  # as long, but another run
    assert not _runs(pd.concat([rows, other])).twins.any()
    shorter = copied[copied["task"] < 3]  # the same run, of fewer tasks
    assert _runs(pd.concat([rows, shorter])).twins.sum() == 1


def test_runs_that_are_intervened_on_after_the_same_first_task_are_different_runs() -> None:
    rows = _rows()
    shrunk = rows[rows[LENGTH] == 5].assign(arm="length_5_shrunk")
    shrunk["online_accuracy"] -= 0.01 * (shrunk["task"] > 1)
    runs = _runs(pd.concat([rows, shrunk]))
    assert not runs.twins.any()
    assert runs.points("pearson", "nc1", "online_accuracy").mask.sum(axis=(1, 2)).tolist() == [20, 20]


def test_runs_without_the_threshold_are_left_out_and_hide_no_twin() -> None:
    rows = _rows()
    capped = rows[(rows["seed"] == 1) & (rows[LENGTH] == 10)].assign(arm="a", threshold_reached=False)
    runs = _runs(pd.concat([rows, capped[capped["task"] == 1]]))
    left_out = runs.excluded("nc1", "online_accuracy")
    assert left_out.total.tolist() == [[1], [1]]
    assert left_out.note(0, slice(None)) == "excluded: 1 threshold not reached"
    assert not runs.twins.any()
    assert runs.points("pearson", "nc1", "online_accuracy").mask.sum() == 32


def test_a_run_that_diverges_is_left_out_from_then_on_alone() -> None:
    rows = _rows()
    rows.loc[(rows["seed"] == 1) & (rows[LENGTH] == 10) & (rows["task"] == 3), "diverged"] = True
    rows.loc[(rows["seed"] == 2) & (rows[LENGTH] == 10) & (rows["task"] == 1), "diverged"] = True
    rows.loc[(rows["seed"] == 3) & (rows[LENGTH] == 10) & (rows["task"] == 2), "online_accuracy"] = np.nan
    runs = _runs(rows)
    left_out = runs.excluded("nc1", "online_accuracy")
    assert [left_out.note(task, slice(None)) for task in (0, 1)] == [
        "excluded: 1 diverged, 1 not finite",
        "excluded: 2 diverged",
    ]
    assert runs.points("pearson", "nc1", "online_accuracy").mask.sum(axis=(1, 2)).tolist() == [14, 14]


def test_only_arms_of_other_lengths_or_thresholds_are_compared() -> None:
    rows = _rows()
    one = rows[rows[LENGTH] == 5]
    assert compares(rows)
    assert not compares(one)
    assert not compares(pd.concat([one, one.assign(arm="other")]))
    assert compares(pd.concat([one.assign(nc1_threshold=0.2), one.assign(arm="other", nc1_threshold=0.3)]))


def test_a_run_with_two_rows_of_a_task_is_refused() -> None:
    rows = _rows()
    line = r"expected one row per arm, seed and task, got two of length_1, seed 0, task 2"
    with pytest.raises(PlasticityError, match=line):
        runs_of(pd.concat([rows, rows.iloc[[1]]]), ["nc1"], OUTCOMES)


@settings(max_examples=25, deadline=None)
@given(key=st.integers(0, 99), shuffle=st.integers(0, 99), method=st.sampled_from(RUN_METHODS))
def test_the_order_of_rows_and_the_names_of_seeds_change_nothing(key: int, shuffle: int, method: str) -> None:
    rows = _rows(seeds=3, key=key)
    mixed = rows.sample(frac=1, random_state=shuffle)
    mixed["seed"] = 10 - mixed["seed"]
    for part in (lambda points: points, within):
        one, other = (pooled(part(_runs(r).points(method, "nc1", "online_accuracy")), SUMMARY) for r in (rows, mixed))
        np.testing.assert_allclose(one.found.value, other.found.value, atol=1e-9)
        np.testing.assert_allclose(one.ends, other.ends, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    key=st.integers(0, 99),
    levels=st.lists(st.integers(-5, 5), min_size=4, max_size=4),
    method=st.sampled_from(RUN_METHODS),
)
def test_a_seeds_level_changes_nothing_within(key: int, levels: list[int], method: str) -> None:
    rows = _rows(key=key)
    lifted = rows.assign(nc1=rows["nc1"] + np.array(levels)[rows["seed"]])
    one, other = (within(_runs(each).points(method, "nc1", "online_accuracy")) for each in (rows, lifted))
    np.testing.assert_allclose(coefficients(one.pooled()).value, coefficients(other.pooled()).value, atol=1e-8)
    if method == "pearson":
        means = rows.groupby(["seed", "task"])[["nc1", "online_accuracy"]].transform("mean")
        demeaned = rows[["nc1", "online_accuracy"]] - means
        for index, task in enumerate((2, 3)):
            part = demeaned[rows["task"] == task]
            plain = estimate("pearson", part["nc1"].to_numpy(), part["online_accuracy"].to_numpy())
            assert coefficients(one.pooled()).value[index] == pytest.approx(plain.value, abs=1e-9)
