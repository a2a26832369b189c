"""How the tables of `plasticity.storage.schemas` are read and written.

A table's file metadata holds the provenance of the run that made it, its schema's field metadata holds unit and
description, and its pages carry checksums that are verified on reading. Those do not cover the file's own index, so a
digest of values and provenance stands beside them.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from plasticity.errors import PlasticityError
from plasticity.storage.files import atomic_path
from plasticity.storage.schemas import SCHEMAS


def arrow_schema(name: str) -> pa.Schema:
    """Return the Arrow schema of the table `name`, a key of `SCHEMAS`."""
    return pa.schema([column.field() for column in SCHEMAS[name]])


def write_table(frame: pd.DataFrame, path: str | Path, schema: str, provenance: dict[str, Any] | None = None) -> None:
    """Write `frame` as the table `schema`, atomically, with provenance in the file's metadata.

    Raises:
        PlasticityError: If a column is missing, unknown, or of another type.
    """
    target = arrow_schema(schema)
    _check_columns(f"{path}: table {schema}", target.names, list(frame.columns))
    try:
        table = pa.Table.from_pandas(frame.loc[:, target.names], schema=target, preserve_index=False)
    except (pa.ArrowException, OverflowError) as error:
        raise PlasticityError(f"{path}: a value does not fit the {schema} table: {_line(error)}") from None
    text = json.dumps(provenance or {}, sort_keys=True)
    metadata = {"plasticity_table": schema, "provenance": text, "digest": _digest(table, text)}
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary, write_page_checksum=True)


def read_table(path: str | Path, schema: str) -> pd.DataFrame:
    """Read the table `schema` from `path` and verify its columns, types and page checksums.

    Raises:
        PlasticityError: If the file is missing or damaged, or holds another table.
    """
    target = arrow_schema(schema)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            names, stored, found = table.schema.names, *_digests(table)
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a {schema} table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:  # a column's name may not even be text any more
        raise PlasticityError(f"{path}: expected a {schema} table, got a damaged file ({_line(error)})") from None
    _check_columns(f"{path}: table {schema}", target.names, names)
    if not table.schema.equals(target):
        raise PlasticityError(f"{path}: expected column types {target.types}, got {table.schema.types}")
    if stored is not None and found != stored:
        raise PlasticityError(f"{path}: damaged table, expected digest {stored[:12]}, got {found[:12]}")
    return table.to_pandas()


def read_tables(paths: Sequence[str | Path], schema: str) -> pd.DataFrame:
    """Read tables of one schema and put their rows one after another, integers as pandas' nullable ones.

    A diverged run's numbers are missing in one table and whole numbers in the next.

    Raises:
        PlasticityError: As `read_table`.
    """
    types = {column.name: "Int64" for column in SCHEMAS[schema] if column.kind == "int"}
    tables = [read_table(path, schema).astype(types) for path in paths]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return the provenance that `write_table` stored in the file's metadata.

    Raises:
        PlasticityError: If the file is missing or damaged.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
        return json.loads(metadata.get(b"provenance", b"{}"))
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a table, got no file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PlasticityError(f"{path}: expected a table, got a damaged file ({_line(error)})") from None


def _digest(table: pa.Table, provenance: str) -> str:
    """Return a SHA-256 of the columns' names and values, and of the provenance."""
    digest = hashlib.sha256(provenance.encode())
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"{name}={column.to_pylist()!r}".encode())
    return digest.hexdigest()


def _digests(table: pa.Table) -> tuple[str | None, str]:
    """Return the digest that a table's metadata holds, which those of the first versions have not, and its own."""
    metadata = table.schema.metadata or {}
    stored = metadata[b"digest"].decode() if b"digest" in metadata else None
    return stored, _digest(table, metadata.get(b"provenance", b"").decode())


def _check_columns(where: str, expected: list[str], got: list[str]) -> None:
    missing = [name for name in expected if name not in got]
    unknown = [name for name in got if name not in expected]
    if missing or unknown:
        raise PlasticityError(f"{where}: expected its own columns, got missing {missing}, unknown {unknown}")


def _line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
