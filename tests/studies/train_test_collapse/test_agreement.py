"""NC1 beside train variance: what their correlations with later accuracy say, and what weight decay changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.report.figures.summaries import rows_where
from plasticity.report.published.measures import Value
from plasticity.report.summary.finding import correlation
from plasticity.studies.train_test_collapse.agreement import differences, relations, verdict
from plasticity.studies.train_test_collapse.correlate import ACROSS
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables
from train_test_tables import DECAYS, WITH_DECAYS, make_train_test

LABELS = {arm: arm.upper() for arm in WITH_DECAYS}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> TrainTestTables:
    return make_train_test(tmp_path_factory.mktemp("decays"), arms=WITH_DECAYS)


def chosen_at_the_end(tables: TrainTestTables) -> pd.DataFrame:
    rows = tables.transfer
    return rows_where(rows, rows["chosen"].eq(True) & rows["iteration"].eq(1000))


def ends(low: float, high: float, n_seeds: int = 3) -> Value:
    return correlation({"estimate": (low + high) / 2, "ci_low": low, "ci_high": high, "n_seeds": n_seeds, "note": ""})


@pytest.mark.parametrize(
    ("nc1", "variance", "said"),
    [
        (ends(0.1, 0.9), ends(0.2, 0.3), "agree: less collapse, more accuracy"),
        (ends(-0.9, -0.1), ends(-0.3, -0.2), "agree: more collapse, more accuracy"),
        (ends(-0.9, -0.1), ends(0.2, 0.3), "disagree: more collapse, more accuracy by NC1, less collapse"),
        (ends(-0.9, -0.1), ends(-0.2, 0.3), "more collapse, more accuracy by NC1; the other is undecided"),
        (ends(-0.9, 0.1), ends(0.2, 0.3), "less collapse, more accuracy by train variance; the other"),
        (ends(-0.9, 0.1), ends(0.0, 0.3), "undecided: the interval includes zero"),
        (ends(-0.9, 0.1), ends(np.nan, np.nan), "undecided"),
        (ends(0.1, 0.9, 2), ends(0.2, 0.3), "less collapse, more accuracy by train variance"),
        (ends(0.1, 0.9, 2), ends(0.2, 0.3, 2), "undecided: 2 seeds are too few to decide"),
    ],
)
def test_the_sides_of_both_intervals_say_whether_the_metrics_agree(nc1: Value, variance: Value, said: str) -> None:
    assert verdict(nc1, variance).startswith(said)


def test_relations_are_over_checkpoints_and_across_weight_decays(tables: TrainTestTables) -> None:
    rows = relations(tables.correlations, LABELS, 0.95).set_index(["compared", "method"])
    assert len(rows) == 3 * 3 + 2
    within = rows.loc[("checkpoints of TRANSFER", "Pearson")]
    assert within["conclusion"].startswith("undecided: not significant after Holm")  # of three seeds, 21 tests
    assert within["r(NC1, accuracy)"].startswith("+")  # as the tables were made
    across = rows.loc[("weight decays of TRANSFER, last checkpoint", "Pearson")]
    assert across["r(NC1, accuracy)"].startswith("-")
    assert across["control"].startswith("weight decay: +1.00")
    assert rows.loc[("checkpoints of TRANSFER", "adjusted for log iteration"), "control"] == "held fixed"


def test_two_seeds_relate_nothing(tmp_path: Path) -> None:
    found = relations(make_train_test(tmp_path, arms=WITH_DECAYS, seeds=(1, 2)).correlations, LABELS, 0.95)
    assert len(found)
    assert found["conclusion"].str.startswith("undecided").all()


def test_relations_of_nothing_have_their_columns(tables: TrainTestTables) -> None:
    assert relations(tables.correlations.head(0), LABELS, 0.95).columns.tolist() == [
        "compared",
        "method",
        "conclusion",
    ]


def test_correlations_across_weight_decays_are_those_of_scipy_at_the_last_checkpoint(tables: TrainTestTables) -> None:
    found = tables.coefficients(metric="nc1", outcome="test_accuracy", method="pearson", window_kind=ACROSS)
    assert set(found["arm"]) == {"transfer"}
    assert set(found["window_start"]) == set(found["window_end"]) == {1000}
    last = chosen_at_the_end(tables)
    each = []
    for seed in (1, 2, 3):
        rows = rows_where(last, last["seed"].eq(seed))
        assert len(rows) == len(DECAYS)
        each.append(stats.pearsonr(rows["nc1"], rows["test_accuracy"])[0])
        assert found.loc[found["seed"].eq(seed), "estimate"].item() == pytest.approx(each[-1])
    mean = found.loc[found["aggregate"].eq("mean")]
    assert mean["estimate"].item() == pytest.approx(np.mean(each))
    assert mean["ci_low"].item() <= mean["estimate"].item() <= mean["ci_high"].item()


def test_one_weight_decay_has_nothing_across(tmp_path: Path) -> None:
    found = make_train_test(tmp_path).correlations
    assert set(found["window_kind"]) == {"all"}


def test_differences_are_paired_with_the_least_weight_decay(tables: TrainTestTables) -> None:
    rows = differences(tables.transfer, tables.weight_decays, LABELS, 0.9).set_index("arm")
    assert rows.index.tolist() == ["WEIGHT_DECAY_0.0005", "WEIGHT_DECAY_0.01"]
    last = chosen_at_the_end(tables)
    one, other = (rows_where(last, last["arm"].eq(arm)).set_index("seed") for arm in ("weight_decay_0.01", "transfer"))
    change = (one["test_accuracy"] - other["test_accuracy"]).to_numpy() * 100
    low, high = stats.t.interval(0.9, 2, change.mean(), stats.sem(change))
    row = rows.loc["WEIGHT_DECAY_0.01"]
    assert row["accuracy, rate chosen on held-out images, pp"] == f"{change.mean():+.1f} [{low:+.1f}, {high:+.1f}]"
    ratio = np.exp((np.log(one["nc1"]) - np.log(other["nc1"])).mean())
    assert row["NC1, ratio"].startswith(f"{ratio:.3g} [")
    assert (row["weight decay"], row["relative to"], row["seeds"]) == (0.01, "TRANSFER", 3)


def test_a_diverged_network_is_in_no_difference(tmp_path: Path) -> None:
    def diverge(frames: Any) -> Any:
        rows = frames["transfer"]["arm"].eq("weight_decay_0.01") & frames["transfer"]["seed"].eq(2)
        frames["transfer"].loc[rows & frames["transfer"]["iteration"].eq(1000), "diverged"] = True
        return frames

    tables = make_train_test(tmp_path, arms=WITH_DECAYS, edit=diverge)
    rows = differences(tables.transfer, tables.weight_decays, LABELS, 0.9).set_index("arm")
    assert rows["seeds"].tolist() == [3, 2]
