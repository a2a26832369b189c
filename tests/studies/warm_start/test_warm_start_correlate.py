from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.correlation import METHODS
from plasticity.analysis.jackknife import mean_interval
from plasticity.config.analysis_section import WarmStartAnalysis
from plasticity.errors import PlasticityError
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table
from plasticity.studies.warm_start.correlate import CONTROL, METRICS, correlate
from single_series import estimate

SETTINGS = {"window": 32, "phase_boundary": 24, "confidence": 0.95}


def _arm(
    name: str, seeds: tuple[int, ...] = (7, 8, 9), epochs: tuple[int, ...] = tuple(range(8, 49, 8))
) -> pd.DataFrame:
    generator = np.random.default_rng(len(name))
    t = np.tile(np.array(epochs), len(seeds))
    columns: dict[str, Any] = {}
    for column in SCHEMAS["metrics"]:
        noise = generator.normal(size=t.size)
        of_kind = {"float": 1 / (t + 1) + 0.01 * noise, "int": 40 - t // 8 + np.arange(t.size) % 3, "bool": noise > 9}
        columns[column.name] = of_kind.get(column.kind)
    return pd.DataFrame(columns | {"arm": name, "seed": np.repeat(seeds, len(epochs)), "warm_up_epoch": t})


def _correlations(folder: Path, frame: pd.DataFrame, **settings: Any) -> pd.DataFrame:
    write_table(frame, folder / "metrics.parquet", "metrics")
    correlate(
        folder / "metrics.parquet", folder / "correlations.parquet", settings=WarmStartAnalysis.of(SETTINGS | settings)
    )
    return read_table(folder / "correlations.parquet", "correlations")


def _only(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    for name, value in wanted.items():
        table = table.loc[np.asarray(table[name] == value)]
    return table


def test_the_metrics_are_all_numbers_measured_before_fine_tuning() -> None:
    assert {"nc1", "nc4_disagreement", "weight_norm", "approximate_rank"} <= set(METRICS)
    assert {"warm_up_train_accuracy", "warm_up_test_accuracy"} <= set(METRICS)
    assert not {"seed", CONTROL, "diverged", "full_test_accuracy"} & set(METRICS)
    assert not {"plasticity_gap", "fine_tune_epochs"} & set(METRICS)
    assert set(METRICS) <= {column.name for column in SCHEMAS["metrics"]}


def test_a_study_from_table_to_table(tmp_path: Path) -> None:
    frame = pd.concat([_arm("random_init", epochs=(0,)), _arm("warm_start"), _arm("nc1_spread")])
    table = _correlations(tmp_path, frame.sample(frac=1, random_state=0))
    assert set(table["arm"]) == {"warm_start", "nc1_spread"}
    assert set(table["metric"]) == {*METRICS, CONTROL}
    kinds = table.groupby("window_kind")["method"].agg(set).to_dict()
    assert kinds["sliding"] == set(METHODS[:4])
    assert kinds["all"] == kinds["first_phase"] == kinds["second_phase"] == set(METHODS)
    assert set(_only(table, metric=CONTROL)["method"]) == {"pearson", "spearman"}
    ends = _only(table, window_kind="sliding")[["window_start", "window_end"]].drop_duplicates()
    assert sorted(map(tuple, ends.to_numpy().tolist())) == [(8, 32), (16, 40), (24, 48)]
    keys = ["metric", "outcome", "arm", "method", "window_kind", "window_end", "aggregate", "seed"]
    assert len(table.drop_duplicates(keys)) == len(table)
    rows_per_arm = (3 * 4 + 3 * 6) * len(METRICS) * 4 + (3 + 3) * 2 * 4
    assert len(table) == 2 * rows_per_arm
    assert table["seed"].isna().equals(table["aggregate"] != "seed")
    assert read_provenance(tmp_path / "correlations.parquet")["settings"] == {**SETTINGS, "outcomes": None}


@pytest.mark.parametrize("method", METHODS)
def test_rows_hold_what_the_points_of_the_table_give(tmp_path: Path, method: str) -> None:
    frame = _arm("warm_start")
    rows = _only(_correlations(tmp_path, frame), metric="nc1", method=method, window_kind="all")
    expected = []
    for seed in (7, 8, 9):
        one = _only(frame, seed=seed)
        found = estimate(
            method,
            one["nc1"].to_numpy(),
            one["full_test_accuracy"].to_numpy(),
            one["warm_up_epoch"].to_numpy(),
        )
        row = _only(rows, seed=seed).iloc[0]
        assert row["estimate"] == pytest.approx(found.value, abs=1e-12)
        assert (row["n_points"], row["n_excluded"], row["n_seeds"], row["note"]) == (found.n_points, 0, 1, "")
        assert np.isnan(row["ci_low"])
        expected.append(found.value)
    (mean,) = _only(rows, aggregate="mean").to_dict("records")
    assert mean["estimate"] == pytest.approx(np.mean(expected), abs=1e-12)
    low, high = mean_interval(np.array([expected]), SETTINGS["confidence"])
    assert (mean["ci_low"], mean["ci_high"]) == pytest.approx((low[0], high[0]), abs=1e-12)
    assert mean["n_points"] == (15 if method == "first_difference" else 18)
    assert mean["n_seeds"] == 3


def test_the_papers_first_window(tmp_path: Path) -> None:
    frame = _arm("warm_start", seeds=(7, 8), epochs=tuple(range(5, 121, 5)))
    table = _correlations(tmp_path, frame, window=100, phase_boundary=100)
    rows = _only(table, metric="nc1", method="pearson", window_kind="sliding", seed=8)
    assert rows["window_end"].tolist() == [100, 105, 110, 115, 120]
    assert rows["window_start"].tolist() == [5, 10, 15, 20, 25]
    assert rows["n_points"].tolist() == [20] * 5


def test_diverged_and_missing_values_are_counted_with_a_note(tmp_path: Path) -> None:
    frame = _arm("nc1_spread")
    frame.loc[(frame["seed"] == 7) & (frame["warm_up_epoch"] >= 24), "diverged"] = True
    frame.loc[(frame["seed"] == 8) & (frame["warm_up_epoch"] == 8), "nc1"] = np.inf
    frame.loc[(frame["seed"] == 9) & (frame["warm_up_epoch"] == 8), "full_test_accuracy"] = np.nan
    rows = _only(_correlations(tmp_path, frame), metric="nc1", method="pearson", window_kind="all")
    by_seed = rows.set_index("seed")
    assert by_seed.loc[7, ["n_points", "n_excluded", "note"]].tolist() == [2, 4, "2 points; excluded: 4 diverged"]
    assert by_seed.loc[8, ["n_points", "n_excluded", "note"]].tolist() == [5, 1, "excluded: 1 not finite"]
    assert np.isfinite(by_seed.loc[8, "estimate"])
    (mean,) = _only(rows, aggregate="mean").to_dict("records")
    assert (mean["n_seeds"], mean["n_points"], mean["n_excluded"]) == (2, 10, 6)
    assert mean["note"] == "undefined for seed 7: 2 points; excluded: 4 diverged, 2 not finite"
    assert mean["estimate"] == pytest.approx(by_seed.loc[[8, 9], "estimate"].mean())


def test_constant_and_absent_metrics_keep_their_rows(tmp_path: Path) -> None:
    frame = _arm("warm_start").assign(nc4=1.0, nc1_train_mode=np.nan)
    frame["dead_units"] = frame["warm_up_epoch"] / 100
    table = _only(_correlations(tmp_path, frame), window_kind="all")
    constant = _only(table, metric="nc4", method="pearson")
    assert np.isnan(constant["estimate"].to_numpy()).all()
    assert np.isnan(constant["ci_low"].to_numpy()).all()
    notes = ["constant nc4"] * 3 + ["undefined for seed 7, 8, 9: constant nc4"]
    assert constant["note"].tolist() == notes
    absent = _only(table, metric="nc1_train_mode", method="spearman")
    assert absent["n_points"].tolist() == [0] * 4
    assert absent["n_excluded"].tolist() == [6, 6, 6, 18]
    assert absent["note"].iloc[0] == "0 points; excluded: 6 not finite"
    trend = _only(table, metric="dead_units", method="partial_linear")
    assert trend["note"].iloc[0] == "constant dead_units residuals"
    assert np.isnan(trend["estimate"].to_numpy()).all()


def test_a_single_seed_has_estimates_but_no_interval(tmp_path: Path) -> None:
    table = _only(_correlations(tmp_path, _arm("warm_start", seeds=(7,))), metric="nc2", method="pearson")
    rows = _only(table, window_kind="all")
    assert len(set(rows["estimate"].round(12))) == 1
    assert np.isnan(rows["ci_low"].to_numpy()).all()
    assert rows["note"].tolist() == ["", "1 seed, no interval"]


def test_an_undefined_estimate_has_no_interval(tmp_path: Path) -> None:
    frame = _arm("warm_start")
    one_each = frame["warm_up_epoch"] == 8 * (frame["seed"] - 6)
    table = _correlations(tmp_path, frame.assign(diverged=~one_each))
    row = _only(table, metric="nc1", method="partial_linear", window_kind="all", aggregate="mean").iloc[0]
    assert row["note"] == "undefined for seed 7, 8, 9: 1 point; excluded: 15 diverged"
    assert np.isnan([row["estimate"], row["ci_low"], row["ci_high"]]).all()


def test_epoch_0_is_left_out_of_the_logarithm_alone(tmp_path: Path) -> None:
    table = _correlations(tmp_path, _arm("warm_start", epochs=(0, 8, 16, 24, 32, 40)))
    rows = _only(table, metric="nc1", window_kind="all", seed=7).set_index("method")
    assert rows.loc["partial_log", ["n_points", "n_excluded", "note"]].tolist() == [5, 1, "excluded: 1 at epoch 0"]
    assert rows.loc["partial_linear", ["n_points", "n_excluded", "note"]].tolist() == [6, 0, ""]


def test_other_outcomes_may_be_asked_for(tmp_path: Path) -> None:
    frame = _arm("warm_start")
    frame["plasticity_gap"] = 0.7 - frame["full_test_accuracy"]
    outcomes = ["full_test_accuracy", "plasticity_gap"]
    table = _correlations(tmp_path, frame, outcomes=outcomes)
    accuracy, gap = (_only(table, outcome=name)["estimate"].to_numpy() for name in outcomes)
    np.testing.assert_allclose(gap, -accuracy, atol=1e-9)


def test_the_same_table_gives_the_same_bytes_in_any_order_of_rows(tmp_path: Path) -> None:
    frame = _arm("warm_start", seeds=tuple(range(9)))  # nine seeds: resamples are drawn
    contents = []
    for name, rows in (("a", frame), ("b", frame), ("c", frame.iloc[::-1])):
        (tmp_path / name).mkdir()
        _correlations(tmp_path / name, rows)
        contents.append((tmp_path / name / "correlations.parquet").read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_a_study_without_anything_to_correlate_gives_an_empty_table(tmp_path: Path) -> None:
    assert _correlations(tmp_path, _arm("random_init", epochs=(0,))).empty


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="expected a metrics table, got no file"):
        correlate(tmp_path / "none", tmp_path / "out", settings=WarmStartAnalysis.of(SETTINGS))
