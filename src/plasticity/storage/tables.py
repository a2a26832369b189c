"""How tables are read and written.

A table's file metadata holds the provenance of the run that made it, its schema's field metadata holds unit and
description, and its pages carry checksums that are verified on reading. Those do not cover the file's own index, so a
digest of values and provenance stands beside them.

Tables outlive the version that wrote them. A column that was added since then is missing in every row of an older file;
one that this version does not know stays, to the right of the others.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from plasticity.errors import PlasticityError
from plasticity.storage.files import atomic_path
from plasticity.storage.schemas import Column, Table, find_table

logger = logging.getLogger(__name__)

_TYPES = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "floats": pa.list_(pa.field("element", pa.float64())),  # as Parquet names what is in a list
}


def arrow_schema(schema: str | Table) -> pa.Schema:
    """Return the Arrow schema of a table, with units and descriptions as metadata of its fields."""
    return pa.schema([_field(column) for column in find_table(schema).columns])


def write_table(
    frame: pd.DataFrame, path: str | Path, schema: str | Table, provenance: dict[str, Any] | None = None
) -> None:
    """Write `frame` as the table `schema`, atomically, with provenance in the file's metadata.

    Args:
        frame: Its rows, with the table's columns in any order.
        path: The file.
        schema: The table, or its name.
        provenance: Commit, versions, device and settings that made it.

    Raises:
        PlasticityError: If a column is missing, unknown, or of another type.
    """
    target, name = arrow_schema(schema), find_table(schema).name
    _check_columns(f"{path}: table {name}", target.names, list(frame.columns))
    lists = {column.name: object for column in find_table(schema).columns if column.kind == "floats"}  # may be all NaN
    try:
        table = pa.Table.from_pandas(frame.loc[:, target.names].astype(lists), schema=target, preserve_index=False)
    except (pa.ArrowException, OverflowError) as error:
        raise PlasticityError(f"{path}: a value does not fit the {name} table: {_line(error)}") from None
    text = json.dumps(provenance or {}, sort_keys=True)
    metadata = {"plasticity_table": name, "provenance": text, "digest": _digest(table, text)}
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, write_page_checksum=True)


def read_table(path: str | Path, schema: str | Table) -> pd.DataFrame:
    """Read a table and verify its columns' types, page checksums and digest.

    Columns come in the table's order: what an older file lacks is missing in every row, what this version does not know
    stands to the right, as does what the user's own code has measured.

    Args:
        path: The file.
        schema: The table, or its name.

    Raises:
        PlasticityError: If the file is missing or damaged, or holds another table.
    """
    target, name = arrow_schema(schema), find_table(schema).name
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            names, stored, found = table.schema.names, *_digests(table)
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a {name} table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:  # a column's name may not even be text any more
        raise PlasticityError(f"{path}: expected a {name} table, got a damaged file ({_line(error)})") from None
    if stored is not None and found != stored:
        raise PlasticityError(f"{path}: damaged table, expected digest {stored[:12]}, got {found[:12]}")
    if _name_of(table.schema) != name or len(set(names)) < len(names):
        _check_columns(f"{path}: table {name}", target.names, names)
    _check_types(path, target, table.schema)
    return _as_of_now(table, target, name).to_pandas()


def read_tables(paths: Sequence[str | Path], schema: str | Table) -> pd.DataFrame:
    """Read files of one table and put their rows one after another, integers as pandas' nullable ones.

    A diverged run's numbers are missing in one table and whole numbers in the next.

    Raises:
        PlasticityError: As `read_table`.
    """
    types = dict.fromkeys(find_table(schema).of_kind("int"), "Int64")
    tables = [read_table(path, schema).astype(types) for path in paths]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return the provenance that `write_table` stored in the file's metadata.

    Raises:
        PlasticityError: If the file is missing or damaged.
    """
    try:
        return json.loads((_schema_of(path).metadata or {}).get(b"provenance", b"{}"))
    except ValueError as error:
        raise PlasticityError(f"{path}: expected a table, got a damaged file ({_line(error)})") from None


def table_name(path: str | Path) -> str:
    """Return the name of the table that a file holds; nothing for a file of someone else.

    Raises:
        PlasticityError: If the file is missing or damaged.
    """
    return _name_of(_schema_of(path))


def unknown_columns(path: str | Path, schema: str | Table) -> tuple[Column, ...]:
    """Return the columns of a file that the table does not have, as the file itself describes them."""
    known = find_table(schema).names
    return tuple(_column(field) for field in pq.read_schema(path) if field.name not in known)


def unknown_numbers(path: str | Path, schema: str | Table) -> list[str]:
    """Return the names of those of them that hold measured numbers, which their errors (`…_error`) are not.

    They are metrics of the user's own, of a section's landscape, or of another version.
    """
    found = [column.name for column in unknown_columns(path, schema) if column.kind in ("int", "float")]
    return [name for name in found if not name.endswith("_error")]


def _schema_of(path: str | Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PlasticityError(f"{path}: expected a table, got a damaged file ({_line(error)})") from None


def _field(column: Column) -> pa.Field:
    metadata = {"unit": column.unit, "description": column.description}
    return pa.field(column.name, _TYPES[column.kind], metadata=metadata)


def _column(field: pa.Field) -> Column:
    kinds = {arrow: kind for kind, arrow in _TYPES.items()}
    unit, description = ((field.metadata or {}).get(key, b"").decode() for key in (b"unit", b"description"))
    return Column(field.name, kinds.get(field.type, str(field.type)), unit, description)


def _name_of(schema: pa.Schema) -> str:
    """Return the name of the table that a file says it holds; nothing for a file of someone else."""
    return (schema.metadata or {}).get(b"plasticity_table", b"").decode(errors="replace")


def _check_types(path: str | Path, target: pa.Schema, found: pa.Schema) -> None:
    shared = [name for name in target.names if name in found.names]
    expected, got = ([schema.field(name).type for name in shared] for schema in (target, found))
    if expected != got:
        raise PlasticityError(f"{path}: expected column types {expected}, got {got}")


def _as_of_now(table: pa.Table, target: pa.Schema, name: str) -> pa.Table:
    """Return a file's table with the columns of this version's, and the unknown ones behind them."""
    lacking = [column for column in target.names if column not in table.column_names]
    unknown = [column for column in table.column_names if column not in target.names]
    if lacking or unknown:
        _tell(name, tuple(lacking), tuple(unknown))
    for column in lacking:
        field = target.field(column)
        table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select([*target.names, *unknown])


@cache  # once in a process, however many files of an older run are read
def _tell(name: str, lacking: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    if lacking:
        logger.warning("%s tables of an older version: no value for %s, read as missing", name, ", ".join(lacking))
    if unknown:
        names = shorten(", ".join(unknown), 200)
        logger.info("%s tables with custom columns, or columns of another version: %s", name, names)


def _digest(table: pa.Table, provenance: str) -> str:
    """Return a SHA-256 of the columns' names and values, and of the provenance."""
    digest = hashlib.sha256(provenance.encode())
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"{name}={column.to_pylist()!r}".encode())
    return digest.hexdigest()


def _digests(table: pa.Table) -> tuple[str | None, str]:
    """Return the digest that a table's metadata holds, which the first versions lack, and its own."""
    metadata = table.schema.metadata or {}
    stored = metadata[b"digest"].decode() if b"digest" in metadata else None
    return stored, _digest(table, metadata.get(b"provenance", b"").decode())


def _check_columns(where: str, expected: list[str], got: list[str]) -> None:
    missing = [name for name in expected if name not in got]
    unknown = [name for place, name in enumerate(got) if name not in expected or name in got[:place]]
    if missing or unknown:
        raise PlasticityError(f"{where}: expected its own columns, got missing {missing}, unknown {unknown}")


def _line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def rows_of_seed(history: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return the rows of a seed in a table of epochs, in their order."""
    rows = history.loc[history["seed"] == seed].sort_values("epoch")
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]
