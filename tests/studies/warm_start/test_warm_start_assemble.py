from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.config.analysis_section import WarmStartAnalysis
from plasticity.config.slices import AssembleMetricsSettings
from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import read_checkpoint, write_checkpoint
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table
from plasticity.studies.warm_start.assemble import assemble_histories, assemble_metrics, plasticity_gap
from plasticity.studies.warm_start.correlate import correlate
from tiny_study import MLP, SEED, TinyStudy, checkpoints_of, fine_tune_settings, measure_settings

STARTS = {"random_init": "plain", "warm_start": "plain", "decayed": "weight_decay0.1"}
EPOCHS = {"random_init": [0], "warm_start": [4, 8], "decayed": [4, 8]}


def _settings(starts: dict[str, str], epochs: dict[str, list[int]]) -> AssembleMetricsSettings:
    arms = [{"name": name, "start": start, "epochs": epochs[name]} for name, start in starts.items()]
    return AssembleMetricsSettings.of({"arms": arms})


SETTINGS = _settings(STARTS, EPOCHS)
MEASURED = {"plain": (0, 4, 8), "weight_decay0.1": (4, 8)}
SEEDS = (7, 8)


def _value(name: str, *parts: Any) -> float:
    """A number that names its place: no two cells are alike."""
    return np.random.default_rng(list(f"{name}{parts}".encode())).random()


def _table(schema: str, keys: list[dict[str, Any]], **fixed: Any) -> pd.DataFrame:
    rows = []
    for key in keys:
        row = {**key, **fixed}
        for column in SCHEMAS[schema]:
            number = _value(column.name, *key.values())
            made = {"float": number, "int": int(number * 1000), "bool": False, "str": "a"}[column.kind]
            row.setdefault(column.name, made)
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def study(tmp_path: Path):
    """Write the tables of the jobs, after a change of their frames; return their paths."""

    def write(change: Callable[[str, pd.DataFrame], pd.DataFrame] = lambda name, frame: frame) -> tuple[list, list]:
        collapse, fine_tune = [], []
        for seed in SEEDS:
            for start, epochs in MEASURED.items():
                keys = [{"arm": start, "seed": seed, "warm_up_epoch": epoch} for epoch in epochs]
                path = tmp_path / f"collapse_{start}_{seed}"
                write_table(change(path.name, _table("collapse", keys)), path, "collapse")
                collapse.append(path)
            for arm, epochs in EPOCHS.items():
                for epoch in epochs:
                    path = tmp_path / f"fine_tune_{arm}_{seed}_{epoch}"
                    frame = _table("fine_tune", [{"arm": arm, "seed": seed, "warm_up_epoch": epoch}])
                    write_table(change(path.name, frame), path, "fine_tune")
                    fine_tune.append(path)
        return collapse, fine_tune

    return write


def _assembled(paths: tuple[list, list], output: Path, settings: AssembleMetricsSettings = SETTINGS) -> pd.DataFrame:
    assemble_metrics(*paths, output, settings=settings)
    return read_table(output, "metrics")


def test_every_checkpoint_has_what_was_measured_on_its_start_and_its_own_outcome(study, tmp_path: Path) -> None:
    table = _assembled(study(), tmp_path / "metrics")
    assert len(table) == 2 * (1 + 2 + 2)
    measured = {column.name for column in SCHEMAS["collapse"]} - {"arm", "seed", "warm_up_epoch", "diverged"}
    outcome = {"full_train_accuracy", "full_test_accuracy"}
    for row in table.to_dict("records"):
        place = (row["seed"], row["warm_up_epoch"])
        for name in measured - {"approximate_rank"}:
            assert row[name] == _value(name, STARTS[row["arm"]], *place), name
        for name in outcome:
            assert row[name] == _value(name, row["arm"], *place), name
        assert row["fine_tune_epochs"] == int(_value("fine_tune_epochs", row["arm"], *place) * 1000)


def test_arms_keep_the_order_of_the_configuration(study, tmp_path: Path) -> None:
    paths = study()
    table = _assembled((paths[0][::-1], paths[1][::-1]), tmp_path / "metrics")
    assert list(dict.fromkeys(table["arm"])) == ["random_init", "warm_start", "decayed"]
    keys = list(table[["seed", "warm_up_epoch"]].itertuples(index=False, name=None))
    assert keys == [(7, 0), (8, 0), *[(seed, epoch) for seed in SEEDS for epoch in (4, 8)] * 2]
    turned = _settings(dict(reversed(STARTS.items())), EPOCHS)
    again = _assembled(paths, tmp_path / "turned", turned)
    assert list(dict.fromkeys(again["arm"])) == ["decayed", "warm_start", "random_init"]


def test_the_order_of_the_jobs_tables_does_not_matter(study, tmp_path: Path) -> None:
    paths = study()
    _assembled(paths, tmp_path / "one")
    _assembled((paths[0][::-1], paths[1][3:] + paths[1][:3]), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert read_provenance(tmp_path / "one")["settings"] == SETTINGS.plain()


def test_the_gap_is_what_random_init_reaches_more_at_the_same_seed(study, tmp_path: Path) -> None:
    table = _assembled(study(), tmp_path / "metrics")
    for row in table.to_dict("records"):
        fresh = _value("full_test_accuracy", "random_init", row["seed"], 0)
        own = _value("full_test_accuracy", row["arm"], row["seed"], row["warm_up_epoch"])
        assert row["plasticity_gap"] == fresh - own
    assert set(table.loc[table["arm"] == "random_init", "plasticity_gap"]) == {0.0}


def test_the_gap_in_numbers() -> None:
    rows = pd.DataFrame({"arm": ["warm_start", "random_init", "warm_start", "random_init"], "seed": [7, 8, 8, 7]})
    rows["full_test_accuracy"] = [0.5, 0.75, 0.875, 0.625]
    assert plasticity_gap(rows).tolist() == [0.125, 0.0, -0.125, 0.0]


def _without(table: str, epoch: int) -> Callable[[str, pd.DataFrame], pd.DataFrame]:
    return lambda name, frame: frame.loc[frame["warm_up_epoch"] != epoch] if name == table else frame


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("collapse_weight_decay0.1_8", "arm decayed, seed 8, epoch 4 fine-tuned but not measured"),
        ("fine_tune_warm_start_7_4", "arm warm_start, seed 7, epoch 4 measured but not fine-tuned"),
    ],
)
def test_a_checkpoint_that_lacks_one_side_is_named(study, tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(PlasticityError) as error:
        _assembled(study(_without(table, 4)), tmp_path / "metrics")
    assert str(error.value) == f"expected every checkpoint measured and fine-tuned, got {told}"
    assert not (tmp_path / "metrics").exists()


def test_a_damaged_table_is_named(study, tmp_path: Path) -> None:
    paths = study()
    paths[1][2].write_bytes(paths[1][2].read_bytes()[:-9])
    with pytest.raises(PlasticityError, match=rf"^{paths[1][2]}: expected a fine_tune table, got a damaged file"):
        _assembled(paths, tmp_path / "metrics")


@pytest.mark.parametrize("diverged", ["collapse_plain_7", "collapse_plain_8"])
def test_missing_whole_numbers_of_a_diverged_run_stay_missing(study, tmp_path: Path, diverged: str) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        if name != diverged:
            return frame
        late = frame["warm_up_epoch"] == 8
        return frame.assign(diverged=late, approximate_rank=frame["approximate_rank"].astype("Int64").mask(late))

    table = _assembled(study(change), tmp_path / "metrics")
    seed = int(diverged[-1])
    lost = (table["seed"] == seed) & (table["warm_up_epoch"] == 8) & (table["arm"] == "warm_start")
    assert lost.tolist().count(True) == 1
    assert table["approximate_rank"].isna().tolist() == lost.tolist()
    assert table["diverged"].tolist() == lost.tolist()


def test_a_run_is_diverged_when_either_stage_says_so(study, tmp_path: Path) -> None:
    def change(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(diverged=True) if name == "fine_tune_decayed_7_8" else frame

    table = _assembled(study(change), tmp_path / "metrics")
    (row,) = table.loc[table["diverged"]].to_dict("records")
    assert (row["arm"], row["seed"], row["warm_up_epoch"]) == ("decayed", 7, 8)


def test_a_network_that_is_not_finite_passes_every_stage(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    checkpoints = checkpoints_of(trajectory, 0, 1, 2, 3)
    weights = read_checkpoint(checkpoints[2]).weights
    weights["head.weight"][0, 0] = np.inf
    checkpoints[2] = tmp_path / "broken"
    write_checkpoint(checkpoints[2], weights, {})
    collapse = tiny.measure(tmp_path / "collapse", checkpoints, measure_settings(model=MLP))
    jobs = {arm: fine_tune_settings(arm=arm, max_epochs=1) for arm in ("random_init", "warm_start")}
    epochs = {"random_init": [0], "warm_start": [1, 2, 3]}
    files = [
        tiny.fine_tune(tmp_path / arm, {epoch: checkpoints[epoch] for epoch in epochs[arm]}, settings)
        for arm, settings in jobs.items()
    ]
    starts = {"random_init": "plain", "warm_start": "plain"}
    paths = [collapse], [job.output for job in files]
    table = _assembled(paths, tmp_path / "metrics", _settings(starts, epochs))
    assert table["diverged"].tolist() == [False, False, True, False]
    assert table["plasticity_gap"].isna().tolist() == [False, False, True, False]
    analysis = {"window": 3, "phase_boundary": 1, "confidence": 0.95}
    correlate(tmp_path / "metrics", tmp_path / "correlations", settings=WarmStartAnalysis.of(analysis))
    found = read_table(tmp_path / "correlations", "correlations")
    whole = found.loc[(found["window_kind"] == "all") & (found["method"] == "pearson") & (found["aggregate"] == "mean")]
    assert set(whole["n_excluded"]) == {1}
    assert all("1 diverged" in note for note in whole["note"])
    assemble_histories([job.history for job in files], tmp_path / "histories")
    assert read_table(tmp_path / "histories", "history")["warm_up_epoch"].tolist() == [0, 1, 3]


def test_phases_of_a_single_checkpoint_have_no_correlation_and_no_crash(study, tmp_path: Path) -> None:
    _assembled(study(), tmp_path / "metrics")
    analysis = {"window": 8, "phase_boundary": 4, "confidence": 0.95}
    correlate(tmp_path / "metrics", tmp_path / "correlations", settings=WarmStartAnalysis.of(analysis))
    found = read_table(tmp_path / "correlations", "correlations")
    phases = found.loc[found["window_kind"].isin(["first_phase", "second_phase"]) & (found["aggregate"] == "seed")]
    assert len(phases) > 0
    assert all(phases["estimate"].isna())
    assert set(phases["note"]) <= {"1 point", "0 points"}


def test_histories_are_sorted_whatever_job_they_come_from(tmp_path: Path) -> None:
    def history(name: str, stage: str, run: str, seed: int, start: int, length: int) -> Path:
        keys = [
            {"stage": stage, "run": run, "seed": seed, "warm_up_epoch": start, "epoch": epoch + 1}
            for epoch in range(length)
        ]
        frame = _table("history", keys) if keys else pd.DataFrame(columns=[c.name for c in SCHEMAS["history"]])
        write_table(frame, tmp_path / name, "history")
        return tmp_path / name

    paths = [
        history("a", "warm_up", "plain", 8, 0, 3),
        history("b", "fine_tune", "warm_start", SEED, 8, 2),
        history("c", "fine_tune", "decayed", SEED, 4, 0),
        history("d", "warm_up", "plain", SEED, 0, 12),
        history("e", "fine_tune", "warm_start", SEED, 4, 1),
    ]
    assemble_histories(paths, tmp_path / "one")
    assemble_histories(paths[::-1], tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    table = read_table(tmp_path / "one", "history")
    keys = list(table[["stage", "run", "seed", "warm_up_epoch", "epoch"]].itertuples(index=False, name=None))
    assert keys == sorted(keys)
    assert len(keys) == 3 + 2 + 12 + 1
    assert table["loss"].tolist() == [_value("loss", *key) for key in keys]


def test_histories_without_any_epoch_are_an_empty_table(tmp_path: Path) -> None:
    write_table(pd.DataFrame(columns=[c.name for c in SCHEMAS["history"]]), tmp_path / "a", "history")
    assemble_histories([tmp_path / "a", tmp_path / "a"], tmp_path / "all")
    assert len(read_table(tmp_path / "all", "history")) == 0
