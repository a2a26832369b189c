"""A section with random labels, of the study of many tasks, as a user runs it."""

from pathlib import Path

import pandas as pd
import pytest

from checkouts import checkout, snakemake
from plasticity.storage.tables import read_table, unknown_columns

pytestmark = pytest.mark.slow


def test_a_section_with_other_tasks_has_tables_of_its_own(tmp_path: Path) -> None:
    folder, results = checkout(tmp_path), "results/labels/digits"
    targets = [f"{results}/{name}" for name in ("published.parquet", "figures")]
    snakemake(folder, "--configfile", "tests/config/tiny_labels.yaml", "--", *targets)
    rows = read_table(folder / results / "metrics.parquet", "permuted")
    fresh_convnet = {arm for arm in rows["arm"].unique() if arm.startswith("random_init_convnet_lyle_")}
    assert {arm: sorted(set(part["task"])) for arm, part in rows.groupby("arm")} == {
        arm: [1, 2, 3, 4]
        for arm in ("random_init", "random_init_batch_size10", "continual", "batches", "convnet", *fresh_convnet)
    }
    assert len(fresh_convnet) == 1
    convnet = rows.loc[rows["arm"] == "convnet"]
    assert convnet[["nc1", "effective_rank", "dead_units", "weight_norm"]].notna().to_numpy().all()
    assert convnet.loc[convnet["task"] > 1, "plasticity_gap"].notna().to_numpy().all()
    (log,) = (folder / "logs/labels/digits/following_tasks/convnet").glob("*.log")
    assert "using one network after another in batches instead of" in log.read_text(encoding="utf-8")
    assert rows["online_accuracy"].to_numpy().mean() < 0.2  # ten labels that nothing but memory tells
    assert (folder / results / "figures/accuracy_and_collapse_by_task.png").is_file()
    published = read_table(folder / results / "published.parquet", "published")
    assert set(published["verdict"]) == {"not comparable"}
    _has_a_landscape(folder / results, rows)
    assert published["reason"].str.contains("dataset.reader digits (random_labels)", regex=False).any()


def _has_a_landscape(results: Path, rows: pd.DataFrame) -> None:
    """Check the columns of all three measures, at starts and ends of tasks, and that they are correlated."""
    for name in ("gradient_rank", "gauss_newton_largest", "trainable"):
        assert rows[[name, f"start_{name}"]].notna().to_numpy().all(), name
    for name in ("hessian_trace", "probe_loss"):
        assert rows[name].notna().tolist() == [task % 2 == 1 for task in rows["task"]], name
    assert set(rows["start_trainable"]) <= {0.0, 1.0}
    meaning = {column.name: column.description for column in unknown_columns(results / "metrics.parquet", "permuted")}
    assert "2 noise targets on 50 images, batches of 25, renewed head" in meaning["start_probe_loss"]
    metrics = set(read_table(results / "correlations.parquet", "correlations")["metric"])
    assert {"start_gradient_rank", "gauss_newton_rank_above_0.01", "start_probe_relative_loss"} <= metrics
    assert not [name for name in metrics if name.endswith("_error")]
    (log,) = results.parents[2].glob("logs/labels/digits/first_task/plain/*.log")
    assert "measuring a checkpoint: gradients about " in log.read_text(encoding="utf-8")
