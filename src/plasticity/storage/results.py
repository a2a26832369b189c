"""The tables of a finished study in a notebook: data frames with their types, units, meaning and provenance."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.errors import PlasticityError
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, table_name, unknown_columns

_TYPES = {"str": "str", "int": "Int64", "float": "float64", "bool": "boolean"}


class Results(Mapping[str, pd.DataFrame]):
    """The tables of one folder by the names of their files, each read and verified when it is first asked for.

    `results["metrics"]` and `results.metrics` are a data frame; integers and truth values are pandas' nullable types,
    because what a diverged run lacks is missing. What an older file lacks is missing in every row; columns that this
    version does not know stand to the right.
    """

    def __init__(self, folder: Path, schemas: Mapping[str, str]) -> None:
        self.folder = folder
        self._schemas = dict(schemas)
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            frame = read_table(self._file(name), self._schemas[name])
            types = {column.name: _TYPES[column.kind] for column in SCHEMAS[self._schemas[name]]}
            self._frames[name] = frame.astype(types)
        return self._frames[name]

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_"):  # asked by copy and pickle before there is anything in the object
            raise AttributeError(name)
        if name not in self._schemas:
            raise AttributeError(f"{self!r} has no table {name!r}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __len__(self) -> int:
        return len(self._schemas)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._schemas]

    def __repr__(self) -> str:
        return f"Results({str(self.folder)!r}: {', '.join(self)})"

    def columns(self, name: str) -> pd.DataFrame:
        """Return unit and meaning of a table's columns, a row each, by column; of unknown ones as the file says.

        Args:
            name: A table of the folder.

        Raises:
            PlasticityError: If the folder has no such table.
        """
        path = self._file(name)
        found = (*SCHEMAS[self._schemas[name]], *unknown_columns(path, self._schemas[name]))
        rows = [(column.name, column.kind, column.unit, column.description) for column in found]
        return pd.DataFrame(rows, columns=["column", "type", "unit", "meaning"]).set_index("column")

    def provenance(self, name: str) -> dict[str, Any]:
        """Return commit, versions, device and settings that made a table.

        Args:
            name: A table of the folder.

        Raises:
            PlasticityError: If the folder has no such table, or it is damaged.
        """
        return read_provenance(self._file(name))

    def _file(self, name: str) -> Path:
        if name not in self._schemas:
            raise PlasticityError(f"{self.folder}: expected one of its tables {', '.join(self)}, got {name!r}")
        return self.folder / f"{name}.parquet"


def load(folder: str | Path) -> Results:
    """Return the tables of a study: those in `results/<study>/<dataset>` or in a folder of docs/reproduction.

    Args:
        folder: Where the Parquet files are. Those that this package did not write are left out.

    Raises:
        PlasticityError: If the folder has no table of this package.
    """
    schemas = {path.stem: _schema_of(path) for path in sorted(Path(folder).glob("*.parquet"))}
    found = {name: schema for name, schema in schemas.items() if schema in SCHEMAS}
    if not found:
        got = "no folder" if not Path(folder).is_dir() else "none"
        raise PlasticityError(f"{folder}: expected a folder with tables such as metrics.parquet, got {got}")
    return Results(Path(folder), found)


def _schema_of(path: Path) -> str:
    read_provenance(path)  # says in one line what is wrong with a damaged file
    return table_name(path)
