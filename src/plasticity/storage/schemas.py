"""What a column and a table are, and where the definition of each table is found.

A table is defined beside the code that computes it, as `NAME = Table("name", columns)` in a file whose name ends in
`columns.py`. No list names it: such files are read, and one is imported when its table is asked for.

Accuracies are fractions in [0, 1]. Only the table "benchmarks" holds times: the same configuration gives the same
numbers in all others.
"""

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from plasticity.errors import PlasticityError

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Column:
    """One column: `kind` is one of str, int, float, bool, floats; `unit` is a word, or 1 for a pure number.

    A value of the kind floats is a list of numbers, such as a spectrum or a curve; statistics leave it out.
    """

    name: str
    kind: str
    unit: str
    description: str


@dataclass(frozen=True)
class Table:
    """A kind of Parquet table: the name that its files carry, and its columns from left to right."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, from left to right."""
        return [column.name for column in self.columns]

    def with_columns(self, more: Iterable[Column]) -> "Table":
        """Return the table with further columns to the right."""
        return replace(self, columns=(*self.columns, *more))

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the names of the columns of some kinds."""
        return [column.name for column in self.columns if column.kind in kinds]


def columns(*rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Return columns from their names, kinds, units and descriptions."""
    return tuple(Column(*row) for row in rows)


def find_table(table: str | Table) -> Table:
    """Return a table by its name; a table itself is returned as it is.

    Raises:
        PlasticityError: If no table of the package has this name.
    """
    if isinstance(table, Table):
        return table
    if table not in _places():
        raise PlasticityError(f"expected the name of a table ({', '.join(_places())}), got {table!r}")
    module, _, attribute = _places()[table].partition(":")
    return getattr(importlib.import_module(module), attribute)


class _Schemas(Mapping[str, tuple[Column, ...]]):
    """The columns of every table by its name; a definition is imported when it is asked for."""

    def __getitem__(self, name: str) -> tuple[Column, ...]:
        if name not in _places():
            raise KeyError(name)
        return find_table(name).columns

    def __iter__(self) -> Iterator[str]:
        return iter(_places())

    def __len__(self) -> int:
        return len(_places())


SCHEMAS: Mapping[str, tuple[Column, ...]] = _Schemas()


@cache
def _places() -> Mapping[str, str]:
    """Return where each table is defined, "module:ATTRIBUTE" by name, without importing any."""
    return {name: where for path in sorted(_ROOT.rglob("*columns.py")) for name, where in _tables_in(path)}


def _tables_in(path: Path) -> Iterator[tuple[str, str]]:
    module = ".".join([_ROOT.name, *path.relative_to(_ROOT).with_suffix("").parts])
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=attribute)],
                value=ast.Call(func=ast.Name(id="Table"), args=[ast.Constant(value=str(name)), *_]),
            ):
                yield name, f"{module}:{attribute}"
