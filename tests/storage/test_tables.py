import json
import logging
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plasticity.errors import PlasticityError
from plasticity.storage import tables
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import SCHEMAS, Column, Table, find_table
from plasticity.storage.tables import arrow_schema, read_provenance, read_table, read_tables, write_table

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=8),
    "int": st.none() | st.integers(-(2**40), 2**40),
    "float": st.none() | st.floats(),
    "bool": st.booleans(),
}
_PANDAS = {"str": "object", "int": "Int64", "float": "float64", "bool": "bool"}
_ROWS = {
    name: st.lists(st.tuples(*(_VALUES[column.kind] for column in columns)), max_size=5)
    for name, columns in SCHEMAS.items()
}


def _frame(schema: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = SCHEMAS[schema]
    values = zip(*rows, strict=True) if rows else [[] for _ in columns]
    return pd.DataFrame(
        {c.name: pd.Series(list(v), dtype=_PANDAS[c.kind]) for c, v in zip(columns, values, strict=True)}
    )


def _one_row(schema: str) -> pd.DataFrame:
    return _frame(
        schema, [tuple({"str": "a", "int": 3, "float": 0.125, "bool": True}[c.kind] for c in SCHEMAS[schema])]
    )


def _plain(value: Any) -> Any:
    """Missing in any of pandas' forms is None; numbers are Python's."""
    return None if pd.isna(value) else value


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_table_comes_back(tmp_path: Path, schema: str, data: st.DataObject) -> None:
    rows = data.draw(_ROWS[schema])
    path = tmp_path / "table.parquet"
    write_table(_frame(schema, rows), path, schema)
    found = read_table(path, schema)
    assert list(found.columns) == [column.name for column in SCHEMAS[schema]]
    for position, column in enumerate(SCHEMAS[schema]):
        expected = [_plain(row[position]) for row in rows]
        assert [_plain(value) for value in found[column.name]] == expected, column.name


def test_the_order_of_a_frames_columns_does_not_matter(tmp_path: Path) -> None:
    frame = _one_row("fine_tune")
    write_table(frame.iloc[:, ::-1], tmp_path / "table", "fine_tune")
    assert list(read_table(tmp_path / "table", "fine_tune").columns) == list(frame.columns)


def test_the_same_table_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_table(_one_row("metrics"), tmp_path / name, "metrics", {"commit": "abc"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_column_of_lists_that_no_row_has_is_missing(tmp_path: Path) -> None:
    table = find_table("collapse").with_columns([Column("probe_curve", "floats", "1", "a learning curve")])
    for lists in (np.nan, None):
        write_table(_one_row("collapse").assign(probe_curve=lists), tmp_path / "t", table)
        assert read_table(tmp_path / "t", table)["probe_curve"].isna().to_numpy().all()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_units_and_meanings_are_in_the_fields(tmp_path: Path, schema: str) -> None:
    write_table(_one_row(schema), tmp_path / "table", schema)
    stored = pq.read_schema(tmp_path / "table")
    assert stored.metadata[b"plasticity_table"] == schema.encode()
    for column in SCHEMAS[schema]:
        metadata = stored.field(column.name).metadata
        assert metadata[b"unit"].decode() == column.unit != ""
        assert metadata[b"description"].decode() == column.description != ""


def test_accuracies_are_fractions_and_names_are_unique() -> None:
    for schema, columns in SCHEMAS.items():
        names = [column.name for column in columns]
        assert len(set(names)) == len(names), schema
        assert {c.unit for c in columns if c.name.endswith("accuracy")} <= {"fraction"}
    first = [column.name for column in SCHEMAS["metrics"]][:13]
    assert first[:7] == ["arm", "seed", "warm_up_epoch", "nc1", "nc2", "nc3", "nc4"]
    assert first[7:9] == ["warm_up_train_accuracy", "warm_up_test_accuracy"]
    assert first[9:] == ["full_train_accuracy", "full_test_accuracy", "fine_tune_epochs", "converged"]


def test_provenance_is_in_the_files_metadata(tmp_path: Path) -> None:
    record = provenance({"model": {"name": "mlp"}}, "cpu, 1 thread(s)")
    write_table(_one_row("collapse"), tmp_path / "table", "collapse", record)
    assert read_provenance(tmp_path / "table") == record
    assert set(record) == {"commit", "versions", "device", "settings"}
    write_table(_one_row("collapse"), tmp_path / "bare", "collapse")
    assert read_provenance(tmp_path / "bare") == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda frame: frame.drop(columns="label"), r"missing \['label'\], unknown \[\]"),
        (lambda frame: frame.rename(columns={"label": "class"}), r"missing \['label'\], unknown \['class'\]"),
        (lambda frame: frame.assign(label="seven"), "does not fit the split table: .*seven"),
        (lambda frame: frame.assign(label=1.5), "does not fit the split table: .*1.5"),
        (lambda frame: frame.assign(label=pd.Series([2**70], dtype=object)), "does not fit the split table"),
        (lambda frame: frame.assign(warm_up="yes"), "does not fit the split table: .*yes"),
    ],
    ids=["missing", "renamed", "text", "fraction", "too large", "no bool"],
)
def test_a_frame_that_is_not_the_table_is_refused_in_one_line(tmp_path: Path, change: Any, told: str) -> None:
    path = tmp_path / "table.parquet"
    with pytest.raises(PlasticityError, match=told) as error:
        write_table(change(_one_row("split")), path, "split")
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def _refused(path: Path, schema: str) -> str:
    with pytest.raises(PlasticityError) as error:
        read_table(path, schema)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_another_tables_file_is_refused(tmp_path: Path) -> None:
    write_table(_one_row("split"), tmp_path / "table", "split")
    assert "table history: expected its own columns" in _refused(tmp_path / "table", "history")


def test_a_file_with_other_types_is_refused(tmp_path: Path) -> None:
    columns = {name: ["1"] for name in arrow_schema("split").names}
    pq.write_table(pa.table(columns), tmp_path / "table")
    assert "expected column types" in _refused(tmp_path / "table", "split")


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    assert "expected a split table, got no file" in _refused(tmp_path / "table", "split")
    (tmp_path / "text").write_text("arm,seed\n")
    assert "expected a split table, got a damaged file" in _refused(tmp_path / "text", "split")
    (tmp_path / "empty").write_text("")
    assert "got a damaged file" in _refused(tmp_path / "empty", "split")


def test_a_truncated_file_is_refused_at_any_length(tmp_path: Path) -> None:
    path = tmp_path / "table"
    write_table(_one_row("fine_tune"), path, "fine_tune")
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert "got a damaged file" in _refused(path, "fine_tune")


def test_a_flipped_byte_of_a_number_is_found_by_its_pages_checksum(tmp_path: Path) -> None:
    path, value = tmp_path / "table", 0.8437281694
    write_table(_one_row("fine_tune").assign(full_test_accuracy=value), path, "fine_tune")
    content = bytearray(path.read_bytes())
    position = content.find(struct.pack("<d", value))
    assert position > 0
    content[position] ^= 1
    path.write_bytes(content)
    assert "expected a fine_tune table, got a damaged file" in _refused(path, "fine_tune")


def test_no_flipped_byte_changes_a_number_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "table"
    write_table(_one_row("fine_tune").assign(full_train_accuracy=math.nan), path, "fine_tune")
    whole, expected = path.read_bytes(), read_table(path, "fine_tune")
    found = 0
    for position in range(0, len(whole), 9):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x80]) + whole[position + 1 :])
        try:
            assert read_table(path, "fine_tune").equals(expected), position
        except PlasticityError as error:
            assert "\n" not in str(error)
            found += 1
    assert found > len(whole) / 36


def test_damaged_provenance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="expected a table, got no file"):
        read_provenance(tmp_path / "table")
    (tmp_path / "table").write_bytes(b"PAR1 and nothing more PAR1")
    with pytest.raises(PlasticityError, match="expected a table, got a damaged file"):
        read_provenance(tmp_path / "table")
    schema = pa.schema([pa.field("a", pa.int64())], metadata={"provenance": json.dumps({})[:-1]})
    pq.write_table(pa.table({"a": [1]}, schema=schema), tmp_path / "half")
    with pytest.raises(PlasticityError, match="expected a table, got a damaged file"):
        read_provenance(tmp_path / "half")


def test_tables_of_one_schema_stand_one_after_another(tmp_path: Path) -> None:
    lost = _one_row("first_task").astype({"approximate_rank": "object"}).assign(diverged=True, approximate_rank=None)
    frames = [
        _one_row("first_task").assign(seed=2, diverged=False),
        lost.assign(nc1=math.nan),
        _one_row("first_task").iloc[:0],
    ]
    for position, frame in enumerate(frames):
        write_table(frame, tmp_path / str(position), "first_task")
    for order in ((0, 1, 2), (2, 1, 0)):
        found = read_tables([tmp_path / str(position) for position in order], "first_task")
        assert len(found) == 2
        assert found.index.tolist() == [0, 1]
        assert {str(found[name].dtype) for name in ("seed", "epoch", "approximate_rank")} == {"Int64"}
        assert found.loc[found["diverged"], "approximate_rank"].isna().all()
        assert found.loc[~found["diverged"], "seed"].tolist() == [2]
        write_table(found, tmp_path / "all", "first_task")


def test_tables_without_rows_make_one_without_rows(tmp_path: Path) -> None:
    for name in "ab":
        write_table(_one_row("first_task").iloc[:0], tmp_path / name, "first_task")
    assert len(read_tables([tmp_path / "a", tmp_path / "b"], "first_task")) == 0


def test_one_damaged_table_among_several_is_named(tmp_path: Path) -> None:
    write_table(_one_row("first_task"), tmp_path / "whole", "first_task")
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:100])
    with pytest.raises(PlasticityError, match=r"half: expected a first_task table, got a damaged file"):
        read_tables([tmp_path / "whole", tmp_path / "half"], "first_task")


def test_a_changed_footer_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    frame = pd.DataFrame({"position": [0, 1], "index": [5, 3], "label": [1, 0], "warm_up": [True, False]})
    write_table(frame, path, "split", {"commit": "abcdef"})
    content = path.read_bytes()
    assert content.count(b"abcdef") >= 1
    path.write_bytes(content.replace(b"abcdef", b"abcdeg"))
    with pytest.raises(
        PlasticityError, match=r"split\.parquet: (damaged table, expected digest|expected a split table)"
    ):
        read_table(path, "split")


def _rewritten(path: Path, change: Callable[[pa.Table], pa.Table], schema: str = "collapse") -> None:
    """Write a table as another version of the package would have: other columns, and a digest that fits them."""
    write_table(pd.concat([_one_row(schema)] * 2, ignore_index=True), path, schema, {"commit": "abc"})
    table = change(pq.read_table(path))
    metadata = {**(table.schema.metadata or {}), b"provenance": b"{}"}
    digest = tables._digest(table, "{}").encode()
    pq.write_table(table.replace_schema_metadata({**metadata, b"digest": digest}), path, write_page_checksum=True)


def test_a_column_that_an_older_table_lacks_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tables._tell.cache_clear()
    lost = ["cdnv", "approximate_rank", "diverged", "arm"]
    for name in "ab":
        _rewritten(tmp_path / name, lambda table: table.drop_columns(lost))
    found = read_tables([tmp_path / "a", tmp_path / "b"], "collapse")
    assert list(found.columns) == find_table("collapse").names
    assert found[lost].isna().to_numpy().all()
    assert (str(found["cdnv"].dtype), str(found["approximate_rank"].dtype)) == ("float64", "Int64")
    assert found["nc1"].tolist() == [0.125] * 4
    assert [record.getMessage() for record in caplog.records] == [
        "collapse tables of an older version: no value for arm, cdnv, approximate_rank, diverged, read as missing"
    ]
    write_table(found, tmp_path / "again", "collapse")


def test_columns_of_a_newer_table_stay_to_the_right(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tables._tell.cache_clear()
    caplog.set_level(logging.INFO)
    field = pa.field("sharpness", pa.float64(), metadata={"unit": "1", "description": "largest eigenvalue"})
    _rewritten(tmp_path / "t", lambda table: table.add_column(1, field, pa.array([1.5, None])))
    found = read_table(tmp_path / "t", "collapse")
    assert list(found.columns) == [*find_table("collapse").names, "sharpness"]
    assert found["sharpness"].tolist()[0] == 1.5
    assert [record.getMessage() for record in caplog.records] == [
        "collapse tables with custom columns, or columns of another version: sharpness"
    ]
    unknown = tables.unknown_columns(tmp_path / "t", "collapse")
    assert unknown == (Column("sharpness", "float", "1", "largest eigenvalue"),)


def test_of_many_custom_columns_the_first_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tables._tell.cache_clear()
    caplog.set_level(logging.INFO)

    def widened(table: pa.Table) -> pa.Table:
        for layer in range(90):
            table = table.append_column(f"sharpness_of_layer_{layer}", pa.nulls(len(table), pa.float64()))
        return table

    _rewritten(tmp_path / "t", widened)
    assert len(read_table(tmp_path / "t", "collapse").columns) == len(find_table("collapse").names) + 90
    (message,) = [record.getMessage() for record in caplog.records]
    assert len(message) < 300
    assert "sharpness_of_layer_0" in message
    assert message.endswith("[...]")


def test_older_and_newer_tables_stand_one_after_another(tmp_path: Path) -> None:
    write_table(_one_row("collapse"), tmp_path / "now", "collapse")
    _rewritten(tmp_path / "older", lambda table: table.drop_columns(["cdnv", "diverged"]))
    _rewritten(tmp_path / "newer", lambda table: table.append_column("sharpness", pa.array([1.5, 2.5])))
    for order in (["now", "older", "newer"], ["newer", "older", "now"]):
        found = read_tables([tmp_path / name for name in order], "collapse")
        assert list(found.columns) == [*find_table("collapse").names, "sharpness"]
        assert found.isna().sum()[["nc1", "cdnv", "diverged", "sharpness"]].tolist() == [0, 2, 2, 3]


def test_the_order_of_a_files_columns_does_not_matter(tmp_path: Path) -> None:
    _rewritten(tmp_path / "t", lambda table: table.select(table.column_names[::-1]))
    assert list(read_table(tmp_path / "t", "collapse").columns) == find_table("collapse").names


def _retyped(table: pa.Table) -> pa.Table:
    return table.set_column(table.column_names.index("seed"), "seed", pa.array(["1", "2"])).drop_columns("cdnv")


def _renamed(table: pa.Table) -> pa.Table:
    return table.drop_columns("cdnv").replace_schema_metadata({b"plasticity_table": b"metrics"})


def _nameless(table: pa.Table) -> pa.Table:
    return table.drop_columns("cdnv").replace_schema_metadata(None)


def _twice(table: pa.Table) -> pa.Table:
    return table.append_column("nc1", table["nc1"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_retyped, "expected column types"),
        (_renamed, r"table collapse: expected its own columns, got missing \['cdnv'\]"),
        (_nameless, r"table collapse: expected its own columns, got missing \['cdnv'\]"),
        (_twice, r"table collapse: expected its own columns, got missing \[\], unknown \['nc1'\]"),
    ],
)
def test_what_is_no_other_version_of_a_table_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    _rewritten(tmp_path / "t", change)
    assert re.search(told, _refused(tmp_path / "t", "collapse"))


def test_a_column_lost_without_a_new_digest_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_table(_one_row("collapse"), path, "collapse")
    pq.write_table(pq.read_table(path).drop_columns("cdnv"), path)
    assert "damaged table, expected digest" in _refused(path, "collapse")


def test_tables_are_found_by_name_and_given_themselves(tmp_path: Path) -> None:
    table = Table("mine", (Column("seed", "int", "1", "seed"), Column("loss", "float", "nat", "loss")))
    write_table(pd.DataFrame({"loss": [0.5], "seed": [1]}), tmp_path / "t", table)
    assert read_table(tmp_path / "t", table).to_dict("list") == {"seed": [1], "loss": [0.5]}
    assert find_table(table) is table
    assert find_table("split").names == ["position", "index", "label", "warm_up"]
    assert table.of_kind("int", "bool") == ["seed"]
    with pytest.raises(PlasticityError, match=r"expected the name of a table \(.*split.*\), got 'spilt'"):
        find_table("spilt")
    assert "spilt" not in SCHEMAS


def test_a_table_of_the_first_versions_has_no_digest_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    frame = pd.DataFrame({"position": [0], "index": [5], "label": [1], "warm_up": [True]})
    write_table(frame, path, "split")
    table = pq.read_table(path)
    metadata = {key: value for key, value in table.schema.metadata.items() if key != b"digest"}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    pd.testing.assert_frame_equal(read_table(path, "split"), frame)


def test_a_value_may_be_a_list_of_numbers(tmp_path: Path) -> None:
    table = Table("metrics", (Column("arm", "str", "name", "a"), Column("curve", "floats", "1", "losses")))
    values = [[1.0, float("nan")], None, float("nan"), np.array([3.0]), []]
    frame = pd.DataFrame({"arm": list("abcde"), "curve": values})
    write_table(frame, tmp_path / "table", table)
    (curve,) = tables.unknown_columns(tmp_path / "table", Table("metrics", table.columns[:1]))
    assert curve.kind == "floats"
    found = read_tables([tmp_path / "table"] * 2, table)["curve"].tolist()
    assert [None if value is None else list(value) for value in found[5:]] == [
        [1.0, pytest.approx(float("nan"), nan_ok=True)],
        None,
        None,
        [3.0],
        [],
    ]
    assert not tables.unknown_numbers(tmp_path / "table", Table("metrics", table.columns[:1]))
