"""Pairs of classes and classes that are added, as a user runs them."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from checkouts import checkout, snakemake
from plasticity.storage.tables import read_table

pytestmark = pytest.mark.slow


def _numbers(classes: str) -> list[int]:
    return [int(label) for label in classes.split()]


def test_sequences_of_classes_run_side_by_side(tmp_path: Path) -> None:
    folder, files = checkout(tmp_path), {name: f"results/{name}/digits" for name in ("pairs", "growing")}
    names = ("metrics.parquet", "explanations.parquet", "figures")
    targets = [f"{results}/{name}" for results in files.values() for name in names]
    targets.append("results/across_sections/digits/summary.json")
    snakemake(folder, "--configfile", "tests/config/tiny_classes.yaml", "--", *targets)
    tables = {name: read_table(folder / results / "metrics.parquet", "permuted") for name, results in files.items()}
    for rows in tables.values():
        assert len(rows) == 5 * 2 * 4
        assert set(rows["diverged"]) == {False}
        landscape = ["gradient_rank", "gauss_newton_largest"]
        assert rows[[*landscape, *(f"start_{name}" for name in landscape)]].notna().to_numpy().all()
        assert set(rows["test_accuracy"].between(0, 1)) == {True}
        np.testing.assert_array_equal(rows["test_gap"], rows["fresh_test_accuracy"] - rows["test_accuracy"])
        assert set(rows.groupby(["seed", "task"])["classes"].nunique()) == {1}  # all arms of a seed see the same task
    pairs, growing = (tables[name].loc[tables[name]["arm"] == "continual"] for name in ("pairs", "growing"))
    _check_pairs(pairs)
    for _, run in growing.groupby("seed"):
        classes = [_numbers(each) for each in run.sort_values("task")["classes"]]
        assert [len(each) for each in classes] == [4, 6, 8, 10]
        assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(classes))
    # Chance is 1 / 2 and 1 / 10; digits are easier than that, for fresh networks and for those that go on.
    assert pairs["test_accuracy"].mean() > 0.8
    assert growing.loc[growing["task"] == 4, "test_accuracy"].mean() > 0.5
    for results in files.values():
        found = read_table(folder / results / "explanations.parquet", "explanations")
        assert {"plasticity_gap", "test_gap"} == set(found["loss"])
        assert {"task", "nc1", "weight_norm", "dead_units"} <= set(found["quantity"])
        assert (folder / results / "figures/explanations.png").is_file()
    across = read_table(folder / "results/across_sections/digits/explanations.parquet", "explanations_across")
    assert {"", *files} == set(across["section"])
    assert set(across.loc[across["quantity"].eq("task"), "n_arms"]) == {3, 6}
    assert (folder / "results/across_sections/digits/figures/explanations_across.png").is_file()


def _check_pairs(rows: pd.DataFrame) -> None:
    for _, run in rows.groupby("seed"):
        pairs = [tuple(sorted(_numbers(each))) for each in run["classes"]]
        assert len(set(pairs)) == 4
        assert {len(set(pair)) for pair in pairs} == {2}
