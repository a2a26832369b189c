from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plasticity.analysis.correlation import METHODS
from plasticity.config.analysis_section import ContinualAnalysis
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, write_table
from plasticity.studies.continual.correlate import (
    CONTROL,
    RUN_METRICS,
    RUN_OUTCOMES,
    correlate_permuted,
)
from plasticity.studies.continual.quantities import METRICS
from single_series import estimate

SETTINGS = {"confidence": 0.95}
LENGTH = "first_task_epochs"
KEYS = ["metric", "outcome", "arm", "method", "window_kind", "window_end", "aggregate", "seed"]

# Bonifazi et al. (2024), notebook NC_thresh: NC1 after the first task, accuracy on tasks 1 and 2, first-task epochs
PUBLISHED = np.array(
    [
        (0.1707, 0.9736, 0.9142, 9),
        (0.1783, 0.9696, 0.9176, 7),
        (0.1783, 0.9878, 0.8945, 35),
        (0.1793, 0.9876, 0.8944, 34),
        (0.1800, 0.9536, 0.9226, 3),
        (0.1900, 0.9543, 0.9227, 3),
        (0.1908, 0.9442, 0.9245, 2),
        (0.1933, 0.9533, 0.9237, 3),
        (0.1950, 0.9529, 0.9235, 3),
        (0.1973, 0.9451, 0.9236, 2),
        (0.2042, 0.9434, 0.9245, 2),
        (0.2129, 0.9256, 0.9250, 1),
        (0.2164, 0.9243, 0.9254, 1),
        (0.2180, 0.9245, 0.9261, 1),
    ]
)


def _arm(experiment: str, name: str = "", *, seeds: tuple[int, ...] = (1, 2, 3), tasks: int = 6, **columns: Any) -> Any:
    """One arm's rows; noise depends on arm and seed, all columns drift with the task."""
    frames = []
    for seed in seeds:
        generator = np.random.default_rng([seed, *map(ord, name or experiment)])
        t = np.arange(1, tasks + 1)
        of_kind = {"bool": np.zeros(tasks, dtype=bool), "str": np.full(tasks, name or experiment, dtype=object)}
        values: dict[str, Any] = {}
        for column in SCHEMAS["permuted"]:
            noise = generator.normal(size=tasks)
            of_kind |= {"float": 0.3 + 0.01 * t + 0.02 * noise, "int": 50 - t // 2 + generator.integers(0, 3, tasks)}
            values[column.name] = of_kind[column.kind]
        frames.append(pd.DataFrame(values | {"seed": seed, "task": t}))
    rows = pd.concat(frames, ignore_index=True)
    rows = rows.assign(**{LENGTH: 1, "nc1_threshold": np.nan, "threshold_reached": None, "experiment": experiment})
    return rows.assign(**columns)


def _lengths(**options: Any) -> list[Any]:
    return [_arm("first_task_length", f"first_task_length_{k}", **options).assign(**{LENGTH: k}) for k in (1, 2, 5, 10)]


def _correlations(folder: Path, *frames: pd.DataFrame, **settings: Any) -> Any:
    frame = pd.concat(frames, ignore_index=True)
    frame["threshold_reached"] = frame["threshold_reached"].astype("boolean")
    write_table(frame, folder / "metrics.parquet", "permuted")
    correlate_permuted(
        folder / "metrics.parquet", folder / "correlations.parquet", settings=ContinualAnalysis.of(SETTINGS | settings)
    )
    return read_table(folder / "correlations.parquet", "correlations")


def _only(table: Any, **wanted: Any) -> Any:
    for name, value in wanted.items():
        table = table.loc[np.asarray(table[name] == value)]
    return table


def _published() -> list[Any]:
    """Return the published runs; which seed each belongs to is not published."""
    frames = []
    for index, (nc1, first, second, epochs) in enumerate(PUBLISHED):
        arm = _arm("first_task_collapse", f"arm{index // 5}", seeds=(index % 5,), tasks=2, threshold_reached=True)
        arm = arm.assign(nc1=nc1, online_accuracy=[first, second], published_plasticity_loss=[0.0, first - second])
        frames.append(arm.assign(**{LENGTH: int(epochs), "nc1_threshold": 0.18 + 0.02 * (index // 5)}))
    return frames


def test_the_metrics_are_what_is_measured_of_a_network() -> None:
    assert {"nc1", "nc4", "nc4_disagreement", "cdnv", "weight_norm", "approximate_rank", "dead_units"} <= set(METRICS)
    keys = {"experiment", "arm", "seed", "task", LENGTH, "nc1_threshold", "threshold_reached", "diverged"}
    outcomes = {column.name for column in SCHEMAS["permuted"]} - {*METRICS, *keys}
    assert set(RUN_OUTCOMES) <= outcomes


def test_a_study_from_table_to_table(tmp_path: Path) -> None:
    table = _correlations(tmp_path, _arm("random_init", plasticity_gap=0.0), _arm("continual", tasks=8), *_lengths())
    assert len(table.drop_duplicates(KEYS)) == len(table)
    over = _only(table, window_kind="all")
    assert len(over) == 6 * 2 * ((len(METRICS) + 1) * len(METHODS) + 2) * 5
    assert set(over["aggregate"]) == {"seed", "mean", "averaged"}
    assert set(_only(over, metric=CONTROL)["method"]) == {"pearson", "spearman"}
    assert over.groupby("arm")["window_end"].max().to_dict()["continual"] == 8
    across = _only(table, window_kind="task")
    assert set(across["arm"]) == {"first_task_length"}
    assert set(across["aggregate"]) == {"pooled", "within"}
    first = _only(across, window_start=1)
    assert set(first["outcome"]) == {LENGTH}
    assert len(first) == 4 * 2 * 2
    assert set(across[across["window_start"] > 1]["outcome"]) == set(RUN_OUTCOMES)
    assert len(across) - len(first) == 5 * len(RUN_OUTCOMES) * (len(RUN_METRICS) * 4 + 2) * 2
    assert set(_only(across, metric=LENGTH)["method"]) == {"pearson", "spearman"}
    assert (across["window_start"] == across["window_end"]).all()
    asked = read_provenance(tmp_path / "correlations.parquet")["settings"]
    assert asked == {**SETTINGS, "outcomes": None, "beyond": None}


@pytest.fixture(scope="module")
def nine_tasks(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Any]:
    """The rows of an arm, and its correlations of one metric with one outcome."""
    frame = _arm("continual", tasks=9)
    found = _correlations(tmp_path_factory.mktemp("nine"), frame)
    return frame, _only(found, metric="nc1", outcome="online_accuracy")


@pytest.mark.parametrize("method", METHODS)
def test_rows_over_the_tasks_hold_what_the_seeds_and_their_means_give(
    nine_tasks: tuple[pd.DataFrame, Any], method: str
) -> None:
    frame, rows = nine_tasks[0], _only(nine_tasks[1], method=method)

    def slow(part: Any) -> float:
        return estimate(method, *(part[name].to_numpy(float) for name in ("nc1", "online_accuracy", "task"))).value

    def of_means(seeds: tuple[int, ...]) -> float:
        drawn = pd.concat([frame[frame["seed"] == seed] for seed in seeds])
        return slow(drawn.groupby("task", as_index=False)[["nc1", "online_accuracy"]].mean())

    per_seed = [slow(frame[frame["seed"] == seed]) for seed in (1, 2, 3)]
    assert _only(rows, aggregate="seed")["estimate"].tolist() == pytest.approx(per_seed, abs=1e-9)
    assert _only(rows, aggregate="mean")["estimate"].tolist() == pytest.approx([np.mean(per_seed)], abs=1e-9)
    averaged = _only(rows, aggregate="averaged").iloc[0]
    assert averaged["estimate"] == pytest.approx(of_means((1, 2, 3)), abs=1e-9)
    assert averaged[["n_seeds", "n_points", "n_excluded", "note"]].tolist() == [3, 9 - (method == METHODS[5]), 0, ""]
    whole, without = np.arctanh(of_means((1, 2, 3))), np.arctanh([of_means(kept) for kept in ((2, 3), (1, 3), (1, 2))])
    error = np.std(3 * whole - 2 * without, ddof=1) / np.sqrt(3)
    ends = np.tanh(stats.t.interval(0.95, 2, whole, error))
    assert averaged[["ci_low", "ci_high"]].tolist() == pytest.approx(ends.tolist(), abs=1e-9)


def test_the_published_threshold_experiment(tmp_path: Path) -> None:
    table = _only(_correlations(tmp_path, *_published()), aggregate="pooled", arm="first_task_collapse")
    second = _only(table, outcome="online_accuracy", window_start=2)

    def found(metric: str, method: str = "pearson", rows: Any = second) -> float:
        (row,) = _only(rows, metric=metric, method=method).to_dict("records")
        assert (row["n_points"], row["n_seeds"], row["note"]) == (14, 5, "")
        return row["estimate"]

    assert found("nc1") == pytest.approx(0.606, abs=1e-3)  # the published table is rounded
    assert found(LENGTH) == pytest.approx(-0.994, abs=1e-3)
    assert found("nc1", "partial_linear") == pytest.approx(0.74, abs=1e-2)
    assert found("nc1", "partial_log") == pytest.approx(-0.82, abs=5e-3)
    length = _only(table, outcome=LENGTH)
    assert found("nc1", rows=length) == pytest.approx(-0.54, abs=5e-3)
    assert found("nc1", "spearman", rows=length) == pytest.approx(-0.91, abs=0.02)  # rounding made two of the NC1 equal
    loss = _only(table, outcome="published_plasticity_loss", window_start=2)
    assert found("nc1", rows=loss) == pytest.approx(-0.83, abs=5e-3)
    assert found(LENGTH, rows=loss) == pytest.approx(0.90, abs=5e-3)


def test_a_reference_without_a_gap_says_so(tmp_path: Path) -> None:
    table = _correlations(tmp_path, _arm("random_init", plasticity_gap=0.0))
    gap = _only(table, outcome="plasticity_gap", metric="nc1", method="pearson")
    assert gap["estimate"].isna().all()
    assert gap["ci_low"].isna().all()
    assert gap["note"].tolist()[2:] == [
        "constant plasticity_gap",
        "undefined for seed 1, 2, 3: constant plasticity_gap",
        "constant plasticity_gap",
    ]


def test_runs_that_end_early_are_counted(tmp_path: Path) -> None:
    frames = _lengths()
    capped = frames[3].assign(nc1_threshold=0.1, threshold_reached=(frames[3]["seed"] != 2))
    frames[3] = capped[(capped["seed"] != 2) | (capped["task"] == 1)]
    short = frames[2][(frames[2]["seed"] != 1) | (frames[2]["task"] < 5)]
    frames[2] = short.assign(diverged=(short["seed"] == 3) & (short["task"] > 2))
    again = frames[0][frames[0]["seed"] == 3].assign(arm="first_task_length_again")
    rows = _only(_correlations(tmp_path, *frames, again), metric="nc1", method="pearson")
    runs = _only(rows, arm="first_task_length", outcome="online_accuracy", aggregate="pooled").set_index("window_end")
    assert runs["n_points"].tolist() == [11, 10, 10, 9, 9]
    assert runs["n_excluded"].tolist() == [1, 2, 2, 2, 2]
    assert runs.loc[2, "note"] == "excluded: 1 threshold not reached; counted once: 1 repeated"
    assert runs.loc[6, "note"] == "excluded: 1 threshold not reached, 1 diverged; counted once: 1 repeated"
    first = _only(rows, outcome=LENGTH, aggregate="within").iloc[0]
    assert (first["n_points"], first["n_seeds"]) == (11, 3)
    arm = _only(rows, arm="first_task_length_5", outcome="online_accuracy")
    assert arm["n_points"].tolist() == [4, 6, 2, 10, 6]
    assert _only(arm, seed=3)["note"].tolist() == ["2 points; excluded: 4 diverged"]


def test_arms_of_one_task_have_no_rows_and_one_seed_no_interval(tmp_path: Path) -> None:
    table = _correlations(tmp_path, _arm("continual", tasks=1), *_lengths(seeds=(4,)))
    assert "continual" not in set(table["arm"])
    whole = table[table["aggregate"] != "seed"]
    assert whole["ci_low"].isna().all()
    assert whole["note"].str.startswith("1 seed, no interval").all()
    pooled, within = (
        _only(table, window_kind="task", metric="nc1", method="spearman", aggregate=name)["estimate"].to_numpy()
        for name in ("pooled", "within")
    )
    np.testing.assert_allclose(pooled, within, atol=1e-12)


def test_missing_metrics_and_first_tasks_alone_keep_their_rows(tmp_path: Path) -> None:
    table = _correlations(tmp_path, *_lengths(tasks=1, nc2=np.nan))
    assert set(table["window_kind"]) == {"task"}
    assert set(table["outcome"]) == {LENGTH}
    absent = _only(table, metric="nc2")
    assert absent["note"].tolist() == ["0 points; excluded: 12 not finite"] * 4
    assert np.isfinite(_only(table, metric="nc1")["ci_low"].to_numpy()).all()


def test_the_same_table_gives_the_same_bytes_in_any_order_of_rows(tmp_path: Path) -> None:
    contents = []
    for name, step in (("a", 1), ("b", -1)):
        (tmp_path / name).mkdir()
        frames = [frame.iloc[::step] for frame in _lengths(tasks=4)]
        _correlations(tmp_path / name, *frames)
        contents.append((tmp_path / name / "correlations.parquet").read_bytes())
    assert contents[0] == contents[1]


def test_an_empty_study_gives_an_empty_table(tmp_path: Path) -> None:
    assert _correlations(tmp_path, _arm("continual", tasks=2)).empty
