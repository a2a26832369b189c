"""Frozen tables: what counts as the same value, and what is said of a difference."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frozen_tables import freeze, main

COLUMNS: dict[str, Any] = {
    "arm": pa.array(["plain", None, ""]),
    "seed": pa.array([1, None, 3], pa.int64()),
    "nc1": pa.array([0.5, float("nan"), None]),
    "diverged": pa.array([True, False, None]),
}
PATH = "warm_start/digits/metrics.parquet"
SAME = "1 tables equal, 0 differ, 0 missing"
DIFFERS = "0 tables equal, 1 differ, 0 missing"


def put(folder: Path, columns: Mapping[str, Any] = COLUMNS, *, path: str = PATH, **options: Any) -> Path:
    """Write a table below a folder; return the folder."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(dict(columns)).replace_schema_metadata({"plasticity_table": "metrics", "provenance": str(folder)})
    pq.write_table(table, target, **options)
    return folder


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Digests of a folder with one table, which lies beside them."""
    assert main(["write", str(tmp_path / "before.json"), str(put(tmp_path / "before"))]) == 0
    return tmp_path / "before.json"


def said(capsys: pytest.CaptureFixture[str], before: Path, *arguments: Path | str) -> tuple[int, list[str]]:
    """Compare; return the exit status and the lines."""
    status = main(["compare", *map(str, (before, *arguments))])
    return status, capsys.readouterr().out.splitlines()


def test_layout_provenance_and_order_of_columns_say_nothing(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = put(tmp_path / "now", dict(reversed(COLUMNS.items())), row_group_size=1, compression="gzip")
    assert said(capsys, before, now) == (0, [SAME])


def test_what_another_program_wrote_is_left_out(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "other.parquet")
    assert freeze(tmp_path / "other.parquet") is None
    with pytest.raises(SystemExit, match="got none in"):
        main(["write", str(tmp_path / "before.json"), str(tmp_path)])


@pytest.mark.parametrize(
    ("column", "values", "what"),
    [
        ("nc1", [np.nextafter(0.5, 1), float("nan"), None], "other values, 1 of 3, by 1.11e-16 at most"),
        ("nc1", [0.5, float("nan"), float("nan")], "other values, 1 of 3"),
        ("nc1", [0.5, None, None], "other values, 1 of 3"),
        ("seed", [1, 0, 3], "other values, 1 of 3"),
        ("seed", [1, None, 5], "other values, 1 of 3, by 2 at most"),
        ("seed", [1.0, None, 3.0], "other type, int64 then, double now"),
        ("diverged", [True, True, None], "other values, 1 of 3, by 1 at most"),
        ("arm", ["plain", "", ""], "other values, 1 of 3"),
    ],
)
def test_a_value_that_changed(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, values: list[Any], what: str
) -> None:
    now = put(tmp_path / "now", {**COLUMNS, column: pa.array(values)})
    line = f"{PATH} (metrics) {column}: "
    assert said(capsys, before, now) == (1, [line + what, DIFFERS])
    assert said(capsys, before, now, "--ignore", f"*:{column}") == (0, [SAME])
    put(tmp_path / "before", {**COLUMNS, column: pa.array(values)})  # what was written down is there no more
    assert said(capsys, before, now) == (1, [line + re.sub(r"(values), .*", r"\1", what), DIFFERS])


def test_zero_has_a_sign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["write", str(tmp_path / "zero.json"), str(put(tmp_path / "zero", {"nc1": [0.0]}))])
    status, lines = said(capsys, tmp_path / "zero.json", put(tmp_path / "now", {"nc1": [-0.0]}))
    assert (status, lines[-1]) == (1, DIFFERS)


def test_columns_and_rows_that_came_and_went(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = put(tmp_path / "more", {**COLUMNS, "nc2": pa.array([1.0, 2.0, 3.0])})
    assert said(capsys, before, more) == (0, [f"{PATH} (metrics) nc2: new column", SAME])
    less = put(tmp_path / "less", {name: values for name, values in COLUMNS.items() if name != "arm"})
    assert said(capsys, before, less) == (1, [f"{PATH} (metrics) arm: missing column", DIFFERS])
    rows = put(tmp_path / "rows", {name: values[:2] for name, values in COLUMNS.items()})
    assert said(capsys, before, rows) == (1, [f"{PATH} (metrics) *: other rows, 3 then, 2 now", DIFFERS])


def test_files_that_came_and_went(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = put(tmp_path / "now", path="warmed/digits/metrics.parquet")
    lines = [f"{PATH} (metrics) *: missing file", "warmed/digits/metrics.parquet (metrics) *: new file"]
    assert said(capsys, before, now) == (1, [*lines, "0 tables equal, 0 differ, 1 missing"])
    assert said(capsys, before, now, "--ignore", "warm_start/*")[0] == 0
    assert said(capsys, before, "--rename", "warm_start=warmed", now) == (0, [SAME])


def test_nothing_is_compared_by_halves(before: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="one table of this path"):
        main(["write", str(tmp_path / "twice.json"), str(tmp_path / "before"), str(put(tmp_path / "now"))])
    put(tmp_path / "before", path="b/metrics.parquet")
    put(tmp_path / "before", path="a/metrics.parquet")
    main(["write", str(before), str(tmp_path / "before")])
    with pytest.raises(SystemExit, match="keep 3 tables apart, got 2 paths"):
        main(["compare", str(before), str(tmp_path / "before"), "--rename", "a=b"])
    (tmp_path / "before" / PATH).write_bytes(b"PAR1")
    with pytest.raises(SystemExit, match=r"metrics\.parquet: expected a table"):
        main(["compare", str(before), str(tmp_path / "before")])
