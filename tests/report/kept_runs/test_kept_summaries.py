from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from permuted_tables import SMALL
from plasticity.storage.tables import read_table
from plasticity.studies.continual import kept as continual
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.warm_start import kept as warm_start

ROOT = Path(__file__).resolve().parents[3]
LABELS = {arm: arm for arm in SMALL}


@pytest.fixture(scope="module")
def tables(table_makers: Mapping[str, Callable[..., Any]]) -> PermutedTables:
    """Tables of a small permuted study."""
    return table_makers["permuted"]()


def test_outcomes_of_the_permuted_study_are_means_with_students_intervals(tables: PermutedTables) -> None:
    frame = continual.outcomes(tables.metrics, {arm: arm for arm in tables.arms}, 0.9).set_index("arm")
    rows = tables.metrics
    values = rows.loc[(rows["arm"] == "continual") & (rows["task"] == 2), "plasticity_gap"].to_numpy() * 100
    low, high = stats.t.interval(0.9, 2, values.mean(), stats.sem(values))
    assert frame.loc["continual", "gap, task 2, pp"] == f"{values.mean():+.2f} [{low:+.2f}, {high:+.2f}]"
    assert frame.loc["first_task_length_10", "epochs, task 1"] == "10"  # equal seeds leave no interval
    assert list(frame.index) == list(tables.arms)


def test_gaps_are_means_over_the_tasks_that_all_arms_have(tables: PermutedTables) -> None:
    own = tables.metrics.loc[tables.metrics["arm"] == "continual"]
    metrics = pd.concat([tables.metrics, own.loc[own["task"] < 5].assign(arm="shorter")])
    names = [*tables.arms, "shorter"]
    frame = continual.outcomes(metrics, {arm: arm for arm in names}, 0.9).set_index("arm")
    assert frame.loc["shorter", "gap, tasks 2 to 4, pp"] == frame.loc["continual", "gap, tasks 2 to 4, pp"]
    assert frame["last task"].loc[["shorter", "continual"]].tolist() == [4, 6]


def test_means_are_of_seeds_that_have_all_tasks_or_checkpoints(tables: PermutedTables) -> None:
    rows = tables.metrics
    lost = (rows["arm"] == "continual") & (rows["seed"] == 1) & (rows["task"] == 6)
    metrics = rows.assign(diverged=lost, plasticity_gap=rows["plasticity_gap"].mask(lost))
    cell = continual.outcomes(metrics, LABELS, 0.9).set_index("arm").loc["continual", "gap, tasks 2 to 6, pp"]
    rest = rows.loc[(rows["arm"] == "continual") & (rows["seed"] != 1) & (rows["task"] > 1)]
    assert cell.startswith(f"{100 * rest['plasticity_gap'].mean():+.2f} (")
    assert cell.endswith(") (n = 2 of 3)")

    kept = read_table(ROOT / "docs/reproduction/warm_start_cifar10_small/metrics.parquet", "metrics")
    lost = (kept["arm"] == "warm_start") & (kept["seed"] == kept["seed"].min()) & (kept["warm_up_epoch"] == 48)
    metrics = kept.assign(diverged=lost, plasticity_gap=kept["plasticity_gap"].mask(lost))
    row = warm_start.outcomes(metrics, {arm: arm for arm in kept["arm"]}, 0.9).set_index("arm").loc["warm_start"]
    assert row["gap to random init, pp"].endswith(") (n = 2 of 3)")
    assert row["full test accuracy, %"].endswith(") (n = 2 of 3)")
    assert row["gap of each seed"].count(",") == 1


def test_a_single_seed_has_no_interval(table_makers: Mapping[str, Callable[..., Any]]) -> None:
    tables = table_makers["permuted"](seeds=(1,))
    frame = continual.outcomes(tables.metrics, {arm: arm for arm in tables.arms}, 0.9)
    assert not any("[" in cell or "nan" in cell for cell in frame["NC1 there"])


def test_arms_of_a_list_are_compared_and_not_told_one_by_one(tables: PermutedTables) -> None:
    frame = continual.correlations(tables.correlations, {arm: arm for arm in tables.arms})
    assert set(frame["arm or experiment"]) == {"continual", "first task length", "first task collapse"}
    assert set(frame["metric"]) == {"nc1", "task", "first_task_epochs"}
    assert np.isin(frame["outcome"], ["online_accuracy", "first_task_epochs"]).all()


def test_correlations_of_the_warm_start_are_those_over_the_whole_warm_up() -> None:
    table = read_table(ROOT / "docs/reproduction/warm_start_cifar10_small/correlations.parquet", "correlations")
    labels = {arm: arm for arm in table["arm"].unique()}
    frame = warm_start.correlations(table, labels)
    assert len(frame) == 2 * len(labels)
    chosen = table.loc[
        (table["aggregate"] == "mean") & (table["window_kind"] == "all") & (table["method"] == "pearson")
    ]
    row = chosen.loc[(chosen["arm"] == "warm_start") & (chosen["metric"] == "nc1")].iloc[0]
    (cell,) = frame.loc[(frame["arm"] == "warm_start") & (frame["metric"] == "nc1"), "pearson"]
    assert cell == f"{row['estimate']:+.2f} [{row['ci_low']:+.2f}, {row['ci_high']:+.2f}]"
    assert cell.startswith("+0.0") and pytest.approx(0.04, abs=0.005) == row["estimate"]
