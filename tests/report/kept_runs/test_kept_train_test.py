"""Numbers of a kept train-test run's page are those of its tables."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from plasticity.report.kept_runs.cells import geometric_mean_text, mean_text
from plasticity.report.kept_runs.kept_page import page_of, read_content
from plasticity.studies.kept_runs import read_run
from plasticity.studies.train_test_collapse.kept import correlations, outcomes, reached
from train_test_tables import ARMS, make_train_test

LABELS = {arm: arm for arm in ARMS}
KEPT = sorted(Path(__file__).resolve().parents[3].glob("docs/reproduction/train_test_collapse_*/run.yaml"))


def test_outcomes_have_a_row_per_layer_with_geometric_means(tmp_path: Path) -> None:
    tables = make_train_test(tmp_path)
    frame = outcomes(tables.metrics, LABELS, 0.9)
    assert len(frame) == len(ARMS) * 3
    row = frame.query("arm == 'cascade' and layer == 2").iloc[0]
    rows = tables.metrics.query("arm == 'cascade' and layer == 2 and iteration == 1000")
    logs = np.log(rows["train_variance"].to_numpy())
    low, high = np.exp(stats.t.interval(0.9, 2, logs.mean(), stats.sem(logs)))
    assert row["train variance"] == f"{np.exp(logs.mean()):.3g} [{low:.3g}, {high:.3g}]"
    assert (row["seeds"], row["training images"], row["diverged"]) == (3, 1000, 0)


def test_two_seeds_stand_in_place_of_their_interval() -> None:
    assert mean_text([-2867.0, np.nan, -1133.0], 0.95, ",.2g") == "-2,000 (-2,900, -1,100)"
    assert geometric_mean_text([1.0, 4.0], 0.95) == "2 (1, 4)"
    assert mean_text([0.5], 0.95, ".1f") == "0.5"


def test_next_tasks_have_a_row_per_checkpoint_at_either_choice_of_the_rate(tmp_path: Path) -> None:
    tables = make_train_test(tmp_path)
    frame = reached(tables.transfer, LABELS, 0.9)
    assert frame["iteration"].tolist() == ["before training", "1", "3", "10", "30", "100", "300", "1000"]
    for choice, words in (("chosen", "rate chosen on held-out images"), ("chosen_on_test", "chosen on test")):
        rows = tables.transfer[tables.transfer[choice] & tables.transfer["iteration"].eq(30)]
        mean = rows["test_accuracy"].mean() * 100
        assert frame.loc[4, f"test accuracy, %, {words}"].startswith(f"{mean:.1f} [")
    assert reached(tables.transfer.head(0), LABELS, 0.9).empty


def test_correlations_are_those_of_collapse_and_of_the_control(tmp_path: Path) -> None:
    tables = make_train_test(tmp_path)
    frame = correlations(tables.correlations, LABELS)
    assert set(frame["metric"]) == {"train_variance", "own_train_variance", "nc1", "iteration"}
    chosen = tables.coefficients(
        arm="transfer", metric="nc1", outcome="test_accuracy", method="pearson", aggregate="mean", window_kind="all"
    )
    (shown,) = frame.loc[(frame["metric"] == "nc1") & frame["outcome"].str.contains("held-out"), "pearson"]
    assert shown.startswith(f"{chosen['estimate'].iloc[0]:+.2f} [")


def test_geometric_means_leave_out_what_has_no_logarithm() -> None:
    assert geometric_mean_text([4.0, 6.0, 9.0, np.nan, 0.0], 0.95).startswith("6 [")
    assert geometric_mean_text([4.0], 0.95) == "4"
    assert geometric_mean_text([np.nan], 0.95) == "–"


def goes_on(record: Path) -> bool:
    """Whether an arm of a kept run goes on to a next task."""
    return bool(read_run(record.parent).plan.transfers)


@pytest.mark.slow
@pytest.mark.parametrize("record", KEPT, ids=lambda path: path.parent.name)
def test_a_kept_page_has_the_next_task_of_the_arms_that_have_one(record: Path) -> None:
    text = page_of(read_content(read_run(record.parent)))
    places = [text.find(f"## {title}") for title in ("Published beside this run", "Outcomes", "Next task")]
    assert -1 < places[0] < places[1]
    assert (places[1] < places[2]) == goes_on(record)
    assert ("| transfer | before training |" in text) == goes_on(record)


def test_some_kept_run_goes_on_to_a_next_task() -> None:
    assert any(map(goes_on, KEPT))
