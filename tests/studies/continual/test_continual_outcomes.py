from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from of_studies import write_pages
from page_rows import rows_of_page
from permuted_tables import SMALL, experiment_of, make_permuted
from plasticity.report.tabulate_causes import causes
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.continual.pages.correlations import rows as correlations
from plasticity.studies.continual.pages.outcomes import rows as outcomes
from plasticity.studies.continual.pages.outcomes import shared_end

LABELS = {arm: f"<{arm}> & co" for arm in SMALL}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PermutedTables:
    return make_permuted(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    make_permuted(folder)
    _tabulate(folder)
    return folder


def _tabulate(folder: Path) -> dict[str, Path]:
    tables = {name: folder / f"{file}.parquet" for name, file in PermutedTables.SCHEMAS.items()}
    return write_pages("permuted", tables, folder, LABELS)


def _cell(values: pd.Series, form: str, scale: float) -> str:
    numbers = values.to_numpy(float) * scale
    return f"{form.format(numbers.mean())} ± {form.replace('+', '').format(numbers.std(ddof=1))}"


def test_a_row_per_arm_in_the_order_of_the_table(study: PermutedTables) -> None:
    found = outcomes(study.metrics, LABELS)
    assert found["arm"].tolist() == [LABELS[arm] for arm in SMALL]
    assert set(found["seeds"]) == {3}


def test_cells_are_means_and_deviations_over_seeds(study: PermutedTables) -> None:
    rows = outcomes(study.metrics, LABELS).set_index("arm")
    metrics = study.metrics
    own = metrics.loc[metrics["arm"] == "first_task_length_10"]
    row = rows.loc[LABELS["first_task_length_10"]]
    first, second, later = own.loc[own["task"] == 1], own.loc[own["task"] == 2], own.loc[own["task"] > 2]
    assert row["first-task epochs"] == "10.0 ± 0.0"
    assert row["NC1 after it"] == _cell(first["nc1"], "{:.4f}", 1)
    assert row["accuracy on it, %"] == _cell(first["online_accuracy"], "{:.1f}", 100)
    assert row["second task: accuracy, %"] == _cell(second["online_accuracy"], "{:.1f}", 100)
    assert row["second task: gap"] == _cell(second["plasticity_gap"], "{:+.2f}", 100)
    assert row["second task: published loss"] == _cell(second["published_plasticity_loss"], "{:+.2f}", 100)
    per_seed = later.groupby("seed")["plasticity_gap"].mean()  # tasks of one seed are no independent numbers
    assert row["tasks 3 to 6: gap"] == _cell(per_seed, "{:+.2f}", 100)


def test_later_tasks_are_those_that_all_arms_have(study: PermutedTables) -> None:
    """The same network under two arms, of which one goes on for longer, has one mean."""
    rows = study.metrics
    own = rows.loc[rows["arm"] == "continual"]
    metrics = pd.concat([rows, own.loc[own["task"] < 5].assign(arm="shorter")])
    found = outcomes(metrics, {**LABELS, "shorter": "shorter"}).set_index("arm")
    columns = [name for name in found if name.startswith("tasks 3 to 4: ")]
    assert "tasks 3 to 4: accuracy, %" in columns
    assert found.loc["shorter", columns].tolist() == found.loc[LABELS["continual"], columns].tolist()
    both = own.loc[own["task"].isin([3, 4])].groupby("seed")["online_accuracy"].mean()
    assert found.loc["shorter", "tasks 3 to 4: accuracy, %"] == _cell(both, "{:.1f}", 100)


def test_arms_that_break_off_shorten_the_later_tasks_of_no_other(study: PermutedTables) -> None:
    metrics = study.metrics
    broken, missed = metrics["arm"] == "continual", metrics["arm"] == "first_task_length_1"
    metrics = metrics.assign(diverged=broken & (metrics["task"] == 4))
    metrics = metrics.loc[~(broken & (metrics["task"] > 4)) & ~(missed & (metrics["task"] > 1))]
    assert shared_end(metrics) == 6
    assert shared_end(metrics.loc[metrics["task"] < 3]) == 2
    assert "later tasks: gap" in outcomes(metrics.loc[metrics["task"] < 3], LABELS)


def test_thresholds_not_reached_are_counted_and_have_no_later_tasks(study: PermutedTables) -> None:
    metrics = study.metrics
    missed = (metrics["arm"] == "first_task_collapse_0.18") & (metrics["task"] == 1)
    changed = metrics.copy()
    changed.loc[missed, "threshold_reached"] = False
    changed = changed.loc[(changed["arm"] != "first_task_collapse_0.18") | (changed["task"] == 1)]
    table = outcomes(changed, LABELS)
    missing = dict(zip(table["arm"], table["not reached"], strict=True))
    assert missing[LABELS["first_task_collapse_0.18"]] == 3
    assert [missing[LABELS[arm]] for arm in ("random_init", "continual", "first_task_length_1")] == [0, 0, 0]
    later = outcomes(changed, LABELS).set_index("arm").loc[LABELS["first_task_collapse_0.18"]]
    assert later[["second task: accuracy, %", "tasks 3 to 6: gap"]].isna().all()
    assert later["NC1 after it"] == _cell(metrics.loc[missed, "nc1"], "{:.4f}", 1)


def test_a_run_that_diverges_is_counted_and_leaves_its_seed_out(study: PermutedTables) -> None:
    metrics = study.metrics.copy()
    own = metrics["arm"] == "continual"
    metrics = metrics.loc[~(own & (metrics["seed"] == 2) & (metrics["task"] > 2))]
    lost = (metrics["arm"] == "continual") & (metrics["seed"] == 2) & (metrics["task"] == 2)
    numbers = metrics.select_dtypes("float").columns
    metrics.loc[lost, numbers] = np.nan
    metrics.loc[lost, "diverged"] = True
    row = outcomes(metrics, LABELS).set_index("arm").loc[LABELS["continual"]]
    rest = study.metrics.loc[own & (study.metrics["seed"] != 2) & (study.metrics["task"] == 2)]
    assert (row["diverged"], row["seeds"]) == (1, 3)
    assert row["second task: accuracy, %"] == _cell(rest["online_accuracy"], "{:.1f}", 100)


def test_a_run_that_breaks_off_is_in_no_mean_over_tasks(study: PermutedTables) -> None:
    metrics = study.metrics.copy()
    own = metrics["arm"] == "continual"
    metrics = metrics.loc[~(own & (metrics["seed"] == 2) & (metrics["task"] > 5))]
    lost = (metrics["arm"] == "continual") & (metrics["seed"] == 2) & (metrics["task"] == 5)
    metrics.loc[lost, ["online_accuracy", "plasticity_gap", "published_plasticity_loss"]] = np.nan
    metrics.loc[lost, "diverged"] = True
    row = outcomes(metrics, LABELS).set_index("arm").loc[LABELS["continual"]]
    rest = study.metrics.loc[own & (study.metrics["seed"] != 2) & (study.metrics["task"] > 2)]
    means = rest.groupby("seed")["online_accuracy"].mean()
    assert row["tasks 3 to 6: accuracy, %"] == _cell(means, "{:.1f}", 100)
    assert (row["second task: seeds"], row["tasks 3 to 6: seeds"], row["diverged"]) == (3, 2, 1)


def test_correlations_over_tasks_and_across_runs_are_those_of_the_table(study: PermutedTables) -> None:
    found = correlations(study.correlations, LABELS)
    table = study.correlations
    first = table.loc[(table["window_kind"] == "task") & (table["window_end"] == 2) & (table["aggregate"] == "pooled")]
    chosen = first.loc[(first["metric"] == "nc1") & (first["outcome"] == "online_accuracy")]
    expected = chosen.loc[(chosen["arm"] == "first_task_collapse") & (chosen["method"] == "pearson")].iloc[0]
    keys = ["arm or experiment", "outcome", "metric", "when", "points"]
    assert list(found)[:7] == [*keys, "seeds", "n"]
    assert found["n"].gt(0).to_numpy().all()
    assert not found.duplicated(keys).any()
    row = found.set_index(keys).loc[("first task collapse", "online_accuracy", "nc1", "task 2", "runs")]
    assert row["pearson"] == f"{expected['estimate']:+.2f} [{expected['ci_low']:+.2f}, {expected['ci_high']:+.2f}]"
    assert set(found["points"]) == {"runs", "tasks, within seeds", "tasks, averaged"}
    assert set(found["when"]) == {"task 1", "task 2", "all tasks"}
    arms = {LABELS[arm] for arm in SMALL if arm != "random_init"}
    assert set(found["arm or experiment"]) == {*arms, "first task length", "first task collapse"}
    assert {experiment_of(arm) for arm in SMALL} > {"first_task_length", "first_task_collapse"}


def test_pages_hold_the_frames_and_escape_what_a_label_says(study: PermutedTables, pages: Path) -> None:
    for name, frame in (
        ("outcomes", outcomes(study.metrics, LABELS)),
        ("correlations", correlations(study.correlations, LABELS)),
        ("causes", causes(study.causes, LABELS)),
    ):
        rows = rows_of_page(pages / f"{name}.html")
        assert len(rows) == len(frame)
        assert list(rows[0]) == list(frame)
        text = (pages / f"{name}.html").read_text(encoding="utf-8")
        assert "&lt;first_task_length_10&gt; &amp; co" in text
        assert "<first_task_length_10>" not in text
        assert "NaN" not in text
    assert rows_of_page(pages / "outcomes.html")[0]["arm"] == "<random_init> & co"


def test_a_study_of_the_baseline_alone_has_pages(tmp_path: Path) -> None:
    make_permuted(tmp_path, arms=("random_init",), seeds=(1,))
    outputs = _tabulate(tmp_path)
    (row,) = rows_of_page(outputs["outcomes"])
    assert row["seeds"] == "1"
    assert not any("±" in cell for cell in row.values())
    assert rows_of_page(outputs["correlations"]) == []
    assert rows_of_page(outputs["causes"]) == []
    assert rows_of_page(outputs["explanations"]) == []
