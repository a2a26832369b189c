import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.report.figures.summaries import (
    coefficient_text,
    few_seeds,
    missing_notes,
    over_seeds,
    single_seed_note,
    with_deviation,
)


def test_over_seeds_gives_mean_and_students_t_interval():
    values = [0.5, 0.61, 0.57]
    rows = pd.DataFrame({"warm_up_epoch": [16, 16, 16], "seed": [7, 8, 9], "nc1": values})
    found = over_seeds(rows, "warm_up_epoch", "nc1", 0.9).iloc[0]
    low, high = stats.t.interval(0.9, 2, loc=np.mean(values), scale=stats.sem(values))
    assert (found["x"], found["n"]) == (16, 3)
    assert found["error"] == pytest.approx(stats.sem(values), rel=1e-12)
    assert [found["mean"], found["low"], found["high"]] == pytest.approx([np.mean(values), low, high], rel=1e-12)


def test_over_seeds_leaves_out_what_is_not_finite_and_has_no_interval_for_one_seed():
    rows = pd.DataFrame({"epoch": [2, 1, 1, 3], "seed": [7, 7, 8, 7], "loss": [1.0, 2.0, np.inf, np.nan]})
    found = over_seeds(rows, "epoch", "loss", 0.95)
    assert found["x"].tolist() == [1, 2]
    assert found["mean"].tolist() == [2.0, 1.0]
    assert found["n"].tolist() == [1, 1]
    assert np.isnan(found[["error", "low", "high"]].to_numpy()).all()


def test_of_two_seeds_the_seeds_stand_in_place_of_an_interval():
    rows = pd.DataFrame({"epoch": [1, 1, 2], "seed": [7, 8, 7], "loss": [1.0, 2.0, 3.0]})
    found = over_seeds(rows, "epoch", "loss", 0.95)
    assert found[["low", "high"]].to_numpy()[0].tolist() == [1.0, 2.0]
    assert found.loc[1, ["low", "high"]].isna().all()
    assert few_seeds(rows) == ["Two seeds: too few to decide anything."]
    assert few_seeds(rows.head(1)) == ["One seed: no intervals."]
    assert few_seeds(pd.DataFrame({"seed": [1, 2, 3]})) == []


def test_missing_notes_count_the_tables_own_reasons():
    notes = ["2 points", "undefined for seed 7: 2 points", "undefined for seed 7, 8: 2 points"]
    notes += ["", "constant nc1", "constant nc4", "1 point"]
    rows = pd.DataFrame({"estimate": [np.nan] * 7 + [0.5], "note": [*notes, ""], "n_seeds": 1})
    assert missing_notes(rows) == [
        "7 of 8 coefficients undefined: 2 points (3); 1 point (1); constant nc1 (1); other reasons (2)."
    ]
    assert missing_notes(rows.tail(1)) == []


def test_single_seed_note_counts_coefficients_without_an_interval():
    rows = pd.DataFrame({"estimate": [0.5, 0.1, np.nan], "n_seeds": [1, 1, 0]})
    assert single_seed_note(rows) == ["One seed: no intervals."]
    some = single_seed_note(rows.assign(n_seeds=[1, 3, 0]))
    assert some == ["No interval (single seed): 1 of 3 coefficients."]
    assert single_seed_note(rows.assign(n_seeds=3)) == []
    assert single_seed_note(rows.head(0)) == []


def test_deviation_is_that_of_the_seeds_and_not_of_their_mean():
    values = [0.5, 0.61, 0.57]
    rows = pd.DataFrame({"task": [3, 3, 3], "seed": [1, 2, 3], "nc1": values})
    found = with_deviation(over_seeds(rows, "task", "nc1", 0.95)).iloc[0]
    spread = np.std(values, ddof=1)
    assert [found["low"], found["high"]] == pytest.approx([np.mean(values) - spread, np.mean(values) + spread])


@pytest.mark.parametrize(
    ("estimate", "low", "high", "text"),
    [
        (-0.944, -0.98, -0.7, "−0.94 [−0.98, −0.70]"),
        (0.6, np.nan, np.nan, "0.60"),
        (np.nan, np.nan, np.nan, "undefined"),
    ],
)
def test_a_coefficient_is_written_with_its_interval(estimate, low, high, text):
    rows = pd.DataFrame({"estimate": [estimate, 0.1], "ci_low": [low, 0], "ci_high": [high, 0.2]})
    assert coefficient_text(rows) == text
    assert coefficient_text(rows.head(0)) == "undefined"
