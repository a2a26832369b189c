"""Seeds that were kept apart, put together again, give the run that was kept whole."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.kept_run import read_record, write_record
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_provenance, read_table, table_name, unknown_columns, write_table
from plasticity.studies.add_seeds import add_seeds, main

DOCS = Path(__file__).resolve().parents[2] / "docs/reproduction"
MEASURED = {"metrics", "histories", "returns", "transfer"}


def part_of(whole: Path, folder: Path, keep: Callable[[int], bool]) -> Path:
    """Copy a kept run with a part of its seeds and one figure, without its notes, which link to other pages."""
    _, *others = sorted(path.name for path in whole.glob("*.png"))
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("notes.md", *others))
    for path in folder.glob("*.parquet"):
        if path.stem in MEASURED:
            name = table_name(path)
            rows, schema = read_table(path, name), find_table(name).with_columns(unknown_columns(path, name))
            write_table(rows.loc[rows["seed"].map(keep).to_numpy(dtype=bool)], path, schema, read_provenance(path))
    record = read_record(folder)
    section = record["config"][record["study"]]
    section["seeds"] = [seed for seed in section["seeds"] if keep(seed)]
    write_record(folder, record | {"command": f"the command of {folder.name}"})
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["warm_start_cifar10_small", "train_test_collapse_mnist_small", "slippery_ant_small"])
def test_parts_give_the_whole(tmp_path: Path, name: str) -> None:
    whole = DOCS / name
    seeds = read_record(whole)["config"][read_record(whole)["study"]]["seeds"]
    middle = sorted(seeds)[1]
    first = part_of(whole, tmp_path / "first", lambda seed: seed != middle)
    second = part_of(whole, tmp_path / "second", lambda seed: seed == middle)
    page = add_seeds(first, second)
    for path in whole.glob("*.parquet"):
        got, expected = (read_table(file, table_name(path)) for file in (first / path.name, path))
        measured = path.stem in MEASURED  # the others were computed by an earlier version
        pd.testing.assert_frame_equal(got, expected, check_exact=measured, rtol=1e-9, atol=1e-12, obj=path.name)
    record = read_record(first)
    assert record["config"] == read_record(whole)["config"]
    assert record["command"].splitlines()[:2] == ["the command of first", "the command of second"]
    assert f"(n = {len(seeds)})" in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "first.md", "second"]


def _other_seed(record: dict[str, Any]) -> None:
    record["config"]["warm_start"]["seeds"] = [7]


def _other_size(record: dict[str, Any]) -> None:
    record["config"]["warm_start"]["train_size"] = 5


def _other_data(record: dict[str, Any]) -> None:
    record["config"]["dataset"]["name"] = "digits"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_other_seed, r"expected seeds that .* does not have, got \[7\]"),
        (_other_size, r"expected warm_start\.train_size as in .*, 3000, got 5"),
        (_other_data, r"expected dataset\.name as in .*, 'cifar10_jpeg', got 'digits'"),
    ],
)
def test_what_does_not_belong_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict[str, Any]], None], message: str
) -> None:
    first = part_of(DOCS / "warm_start_cifar10_small", tmp_path / "first", lambda seed: seed == 7)
    second = part_of(DOCS / "warm_start_cifar10_small", tmp_path / "second", lambda seed: seed == 8)
    record, before = read_record(second), {path: path.read_bytes() for path in first.iterdir()}
    change(record)
    write_record(second, record)
    with pytest.raises(PlasticityError, match=message):
        add_seeds(first, second)
    assert main([str(first), str(second)]) == 1
    assert capsys.readouterr().err.startswith("plasticity: ")
    assert {path: path.read_bytes() for path in first.iterdir()} == before


def test_a_missing_table(tmp_path: Path) -> None:
    first = part_of(DOCS / "warm_start_cifar10_small", tmp_path / "first", lambda seed: seed == 7)
    second = part_of(DOCS / "warm_start_cifar10_small", tmp_path / "second", lambda seed: seed == 8)
    (second / "histories.parquet").unlink()
    with pytest.raises(PlasticityError, match=r"expected the tables histories\.parquet, metrics\.parquet, got metrics"):
        add_seeds(first, second)
