from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from permuted_tables import make_permuted
from plasticity.analysis.published_effects import PERMUTED, WARM_START
from plasticity.analysis.verdict import VERDICTS
from plasticity.config.analysis_section import CausesSettings, WarmStartCausesSettings
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table
from plasticity.studies.continual.causes import find_causes_permuted
from plasticity.studies.warm_start.causes import find_causes
from simulated_transitions import EPOCHS, simulated

DESIGN: dict[str, Any] = {
    "control": "control",
    "treatments": ["collapse", "spread"],
    "series": [{"name": "NC1 penalty weight", "doses": {"spread": -0.05, "control": 0.0, "collapse": 0.05}}],
}
SETTINGS = {"confidence": 0.95, "phase_boundary": 8, **DESIGN}


def _metrics(seeds: int = 4, **truth: float) -> pd.DataFrame:
    rows = simulated(np.random.default_rng(1), seeds=seeds, **truth).rows
    frame = pd.DataFrame(
        {c.name: {"float": 0.5, "int": 1, "bool": False}.get(c.kind) for c in SCHEMAS["metrics"]}, rows.index
    )
    renamed = rows.rename(columns={"length": "warm_up_epoch", "outcome": "full_test_accuracy"})
    renamed["nc1"] = np.exp(renamed.pop("log_nc1"))
    return frame.assign(**{str(name): renamed[name] for name in renamed})


def _causes(folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    write_table(frame, folder / "metrics.parquet", "metrics")
    find_causes(folder / "metrics.parquet", folder / "causes.parquet", settings=WarmStartCausesSettings.of(SETTINGS))
    return read_table(folder / "causes.parquet", "causes")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """The table of four seeds, and its folder."""
    folder = tmp_path_factory.mktemp("causes")
    return folder, _causes(folder, _metrics(through=0.03))


def test_the_whole_table_of_warm_starting(made: tuple[Path, pd.DataFrame]) -> None:
    folder, table = made
    assert set(table["question"]) == {"beyond_length", "dose_response", "mediation", "power"}
    assert set(table["verdict"]) <= set(VERDICTS)
    of_windows = table.query("quantity == 'correlation' and metric == 'log_nc1'").groupby("window_kind")
    assert of_windows["method"].nunique().to_dict() == {"all": 8, "first_phase": 8, "second_phase": 8}
    alone = table.query("method == 'within_seed' and window_kind == 'all'")
    assert set(alone["treatment"]) == {"control"}
    assert set(alone["n_points"]) == {4 * 4}
    keys = ["question", "quantity", "treatment", "metric", "outcome", "method", "window_kind"]
    assert not table.duplicated(keys).any()
    assert read_provenance(folder / "causes.parquet")["settings"] == SETTINGS


def test_every_estimate_has_its_method_window_and_numbers(made: tuple[Path, pd.DataFrame]) -> None:
    _, table = made
    given = ["method", "window_kind", "window_start", "window_end", "n_seeds", "n_points", "unit"]
    assert not table[given].isna().to_numpy().any()
    assert "" not in set(table["unit"])
    known = table.query("question != 'power'").dropna(subset=["estimate"])
    assert min(known["n_points"]) > 0
    low, estimate, high = known[["ci_low", "estimate", "ci_high"]].to_numpy(float).T
    assert ((low <= estimate) & (estimate <= high)).all()
    assert "" not in set(table.loc[table["estimate"].isna(), "note"])


@pytest.mark.parametrize(("through", "expected"), [(0.03, "supports"), (-0.03, "contradicts")])
def test_verdicts_follow_what_was_put_in(tmp_path: Path, through: float, expected: str) -> None:
    table = _causes(tmp_path, _metrics(seeds=6, through=through, by_length=0.0))
    chosen = table.query("metric == 'log_nc1' and method in ('within_length', 'across_arms') and window_kind == 'all'")
    assert chosen["verdict"].tolist() == [expected] * 2
    slopes = table.query("quantity == 'slope' and outcome == 'accuracy'")
    assert slopes["verdict"].tolist() == [expected]


def test_length_alone_supports_nothing_at_equal_length(tmp_path: Path) -> None:
    table = _causes(tmp_path, _metrics(seeds=6, through=0.0, by_length=-0.05))
    of_nc1 = table.query("metric == 'log_nc1' and window_kind == 'all'").set_index("method")["verdict"].to_dict()
    assert of_nc1["total"] == "supports"  # what a plain correlation would have us believe
    assert {of_nc1[form] for form in ("within_length", "across_arms", "across_seeds")} == {"undecided"}


def test_few_seeds_decide_nothing(tmp_path: Path) -> None:
    for seeds in (1, 2):
        table = _causes(tmp_path, _metrics(seeds=seeds, through=0.03))
        assert set(table["verdict"]) == {"too few seeds"}


def test_published_sizes_and_the_seeds_they_take(made: tuple[Path, pd.DataFrame]) -> None:
    _, table = made
    row = table.query("published.notna()", engine="python").iloc[0]
    assert (row["window_kind"], row["method"], row["published"]) == ("first_phase", "within_seed", 0.904)
    assert row["seeds_needed"] >= 2
    assert 0 < row["power"] <= 1
    (independent,) = table.query("question == 'power'").to_dict("records")
    assert independent["estimate"] == 7  # (2.80/1.47)² + 3 = 6.6
    assert len(WARM_START) == 3


def test_an_empty_or_baseline_study_has_an_empty_table(tmp_path: Path) -> None:
    assert _causes(tmp_path, _metrics().head(0)).empty
    assert _causes(tmp_path, _metrics().assign(warm_up_epoch=0)).empty


def test_the_same_table_in_another_order(tmp_path: Path, made: tuple[Path, pd.DataFrame]) -> None:
    frame = _metrics(through=0.03).sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(_causes(tmp_path, frame), made[1])


def test_the_permuted_study(tmp_path: Path) -> None:
    lengths = tuple(f"first_task_length_{n}" for n in (1, 2, 5, 10, 50))
    ends = {f"first_task_collapse_{nc1:g}": nc1 for nc1 in (0.22, 0.2, 0.18)}
    arms = ("random_init", "continual", *lengths, *ends)
    make_permuted(tmp_path, arms=arms, seeds=(1, 2, 3, 4), tasks=6, lazy=True)
    doses = {"continual": 1.0} | {f"first_task_length_{n}": float(n) for n in (2, 5, 10, 50)}
    design = {
        "control": "continual",
        "treatments": list(arms[2:]),
        "series": [{"name": "first-task epochs", "doses": doses}, {"name": "first-task NC1 threshold", "doses": ends}],
    }
    settings = CausesSettings.of({"confidence": 0.95, **design})
    find_causes_permuted(tmp_path / "permuted.parquet", tmp_path / "causes.parquet", settings=settings)
    table = read_table(tmp_path / "causes.parquet", "causes")
    assert set(table["window_kind"]) == {"second_task", "thresholds", "all"}
    compared = table.query("published.notna()", engine="python")
    assert dict(zip(compared["method"], compared["published"], strict=True)) == {
        key[1]: effect.size for key, effect in PERMUTED.items()
    }
    assert set(compared["window_kind"]) == {"thresholds"}
    assert max(compared["n_points"]) < len(ends) * 4  # runs that never reach their threshold have no second task
    learnt = table.query("quantity == 'slope' and outcome == 'accuracy'").iloc[0]
    assert learnt["estimate"] == pytest.approx(-0.009, abs=0.002)  # what the tables were made with
    assert np.isnan(learnt["expected_sign"])
    over = table.query("window_kind == 'all' and method == 'total' and metric == 'log_nc1'").iloc[0]
    assert (over["window_start"], over["window_end"], over["n_points"]) == (2, 6, 4 * 5)
    assert len(EPOCHS) == 4
