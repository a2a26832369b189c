from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from of_studies import write_pages
from page_rows import rows_of_page
from plasticity.config.analysis_section import WarmStartAnalysis, WarmStartCausesSettings
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.warm_start.causes import find_causes
from plasticity.studies.warm_start.correlate import correlate
from plasticity.studies.warm_start.pages.correlations import rows as correlations
from plasticity.studies.warm_start.pages.outcomes import rows as outcomes

LABELS = {"random_init": "random init", "warm_start": "warm & <cold>"}
ANALYSIS = {"window": 12, "phase_boundary": 8, "confidence": 0.95}
EPOCHS = (2, 4, 6, 8, 10, 12, 14, 16)
Made = tuple[Path, dict[str, list[dict[str, str]]]]


def _metrics(diverged: tuple[tuple[str, int, int], ...] = ()) -> pd.DataFrame:
    rows = []
    for arm, epochs in (("random_init", (0,)), ("warm_start", EPOCHS)):
        for seed in (7, 8, 9):
            for epoch in epochs:
                random = np.random.default_rng([seed, epoch])
                row: dict[str, Any] = {"arm": arm, "seed": seed, "warm_up_epoch": epoch}
                lost = (arm, seed, epoch) in diverged
                for column in SCHEMAS["metrics"]:
                    number = None if lost and column.kind == "float" else random.random()
                    made = {"float": number, "int": epoch + seed, "bool": lost, "str": arm}[column.kind]
                    row.setdefault(column.name, made)
                rows.append({**row, "converged": not lost and seed > 7, "diverged": lost})
    return pd.DataFrame(rows)


def _pages(folder: Path, metrics: pd.DataFrame, **analysis: Any) -> dict[str, list[dict[str, str]]]:
    write_table(metrics, folder / "metrics", "metrics")
    correlate(folder / "metrics", folder / "correlations", settings=WarmStartAnalysis.of(ANALYSIS | analysis))
    design = {"control": "warm_start", "treatments": [], "series": []}
    shared = {key: (ANALYSIS | analysis)[key] for key in ("confidence", "phase_boundary")}
    find_causes(folder / "metrics", folder / "causes", settings=WarmStartCausesSettings.of(shared | design))
    tables = {name: folder / name for name in ("metrics", "correlations", "causes")}
    return {name: rows_of_page(path) for name, path in write_pages("warm_start", tables, folder, LABELS).items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The folder of the study's pages, and their rows."""
    folder = tmp_path_factory.mktemp("pages")
    return folder, _pages(folder, _metrics())


def test_a_row_per_arm_and_checkpoint_in_the_order_of_the_table(made: Made) -> None:
    rows = made[1]["outcomes"]
    found = [(row["arm"], row["warm-up epoch"]) for row in rows]
    assert found == [("random init", "0"), *[("warm & <cold>", str(epoch)) for epoch in EPOCHS]]
    assert {(row["seeds"], row["diverged"], row["converged"]) for row in rows} == {("3", "0", "2")}


def test_cells_are_means_and_standard_deviations_over_seeds(made: Made) -> None:
    metrics = _metrics()
    row = made[1]["outcomes"][3]
    chosen = metrics.loc[(metrics["arm"] == "warm_start") & (metrics["warm_up_epoch"] == 6)]
    values = {name: chosen[name].to_numpy(float) for name in ("nc1", "nc4", "full_test_accuracy", "plasticity_gap")}
    mean, spread = ({k: f(v) for k, v in values.items()} for f in (np.mean, lambda v: np.std(v, ddof=1)))
    assert row["NC1"] == f"{mean['nc1']:.2f} ± {spread['nc1']:.2f}"  # two digits of the deviation
    for name, unit in (("nc4", ", %"), ("full_test_accuracy", ", %"), ("plasticity_gap", ", pp")):
        expected = f"{100 * mean[name]:.1f} ± {100 * spread[name]:.1f}"
        assert row[name.replace("nc4", "NC4").replace("_", " ") + unit] == expected
    assert row["fine-tuning epochs"] == "14.0 ± 1.0"


def test_a_single_seed_has_no_deviation(tmp_path: Path) -> None:
    metrics = _metrics()
    rows = _pages(tmp_path, metrics.loc[metrics["seed"] == 7])["outcomes"]
    assert {row["seeds"] for row in rows} == {"1"}
    assert not any("±" in cell or "nan" in cell.lower() for row in rows for cell in row.values())


def test_diverged_runs_are_counted_and_left_out(tmp_path: Path) -> None:
    whole = tuple(("warm_start", seed, 4) for seed in (7, 8, 9))
    metrics = _metrics((("warm_start", 8, 2), *whole))
    metrics.loc[metrics["diverged"], "fine_tune_epochs"] = 0
    some, all_lost = _pages(tmp_path, metrics)["outcomes"][1:3]
    assert (some["diverged"], all_lost["diverged"]) == ("1", "3")
    rest = metrics.loc[(metrics["warm_up_epoch"] == 2) & (metrics["seed"] != 8), "nc1"].to_numpy(float)
    assert some["NC1"] == f"{rest.mean():.3f} ± {rest.std(ddof=1):.3f}"
    assert some["fine-tuning epochs"] == "10.0 ± 1.4"
    missing = {name for name, cell in all_lost.items() if cell == "–"}
    assert missing == {
        *("NC1", "NC2", "NC3", "NC4, %", "warm up train accuracy, %", "warm up test accuracy, %"),
        *("full test accuracy, %", "plasticity gap, pp", "fine-tuning epochs"),
    }


def test_correlations_are_the_tables_means_with_their_intervals(made: Made) -> None:
    folder, pages = made
    rows, table = pages["correlations"], read_table(folder / "correlations", "correlations")
    kept = table.loc[(table["aggregate"] == "mean") & (table["window_kind"] != "sliding")]
    kept = kept.loc[kept["metric"].isin(["nc1", "nc2", "nc3", "nc4", "warm_up_epoch"])]
    expected = {
        (row["metric"], row["window_kind"].replace("_", " "), row["method"].replace("_", " ")): row
        for row in kept.to_dict("records")
    }
    cells = {
        (row["metric"], row["phase"], method): cell
        for row in rows
        for method, cell in list(row.items())[7:]
        if not (row["metric"] == "warm_up_epoch" and cell == "–")
    }
    assert set(cells) == set(expected)
    for key, row in expected.items():
        if np.isfinite(row["estimate"]):
            interval = f" [{row['ci_low']:+.2f}, {row['ci_high']:+.2f}]" if np.isfinite(row["ci_low"]) else ""
            assert cells[key] == f"{row['estimate']:+.2f}{interval}"
        else:
            assert cells[key] == f"– ({row['note']})"
    assert sum("[" in cell for cell in cells.values()) > 20


def test_a_metric_has_one_row_per_phase_although_methods_lose_seeds(tmp_path: Path) -> None:
    rows = _pages(tmp_path, _metrics((("warm_start", 9, 2), ("warm_start", 9, 4))))["correlations"]
    names = list(rows[0])
    assert names[:7] == ["arm", "outcome", "metric", "phase", "epochs", "seeds", "points"]
    assert names[7:] == [
        *("pearson", "spearman", "partial linear", "partial log", "partial spline", "first difference"),
    ]
    keys = [(row["arm"], row["metric"], row["phase"]) for row in rows]
    assert len(set(keys)) == len(keys) == 5 * 3
    assert {row["arm"] for row in rows} == {"warm & <cold>"}
    assert {row["seeds"] for row in rows if row["phase"] == "second phase"} == {"3"}
    windows = {row["phase"]: (row["epochs"], row["points"]) for row in rows if row["metric"] == "nc1"}
    assert windows == {"all": ("2–16", "22"), "first phase": ("2–8", "8"), "second phase": ("10–16", "12")}


def test_several_outcomes_are_told_apart(tmp_path: Path) -> None:
    both = ["full_test_accuracy", "plasticity_gap"]
    rows = _pages(tmp_path, _metrics(), outcomes=both)["correlations"]
    assert [row["outcome"] for row in rows] == [name for name in both for _ in range(15)]


def test_a_study_of_the_baseline_alone_has_a_page_without_correlations(tmp_path: Path) -> None:
    metrics = _metrics()
    pages = _pages(tmp_path, metrics.loc[metrics["arm"] == "random_init"])
    assert len(pages["outcomes"]) == 1
    assert pages["correlations"] == []
    assert pages["causes"] == []


@pytest.mark.parametrize("name", ["outcomes", "correlations"])
def test_pages_need_nothing_else_and_escape_what_a_label_says(made: Made, name: str) -> None:
    text = (made[0] / f"{name}.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("<table") == text.count("</table>") == 1
    assert "warm &amp; &lt;cold&gt;" in text
    assert "<cold>" not in text
    assert "NaN" not in text
    assert not any(word in text for word in ("http:", "https:", "src=", "@import"))


def test_the_frames_behind_the_pages(made: Made) -> None:
    metrics = _metrics()
    assert len(outcomes(metrics, LABELS)) == 1 + len(EPOCHS)
    table = read_table(made[0] / "correlations", "correlations")
    assert len(correlations(table, LABELS)) == 15
    pd.testing.assert_frame_equal(metrics, _metrics())  # they leave what they are given as it was
