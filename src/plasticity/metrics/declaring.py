"""How a metric is declared: a function in a file of `metrics/declared`, with the unit and meaning of its column.

    @metric(unit="1", meaning="effective number of directions of the features (Gao et al. 2017)")
    def participation_ratio(statistics: ClassStatistics) -> float:
        ...

That one file is all: the metric is measured at every checkpoint and its column stands in every table of checkpoints,
because the files are read for their declarations. Reading imports nothing, so that whoever asks for a table's columns
needs no torch; the arguments of `@metric` are therefore plain constants.

What a metric needs it says by the names of its parameters (`plasticity.metrics.evaluate.INPUTS`).
"""

import ast
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from plasticity.storage.schemas import Column

GROUPS = ("neural_collapse", "collapse", "capacity", "other")
"""Parts of a table in which metrics stand, from left to right; within one, in the order of files and lines."""

_FOLDER = Path(__file__).with_name("declared")
_PACKAGE = f"{__package__}.{_FOLDER.name}"

F = TypeVar("F", bound=Callable[..., float])


def metric(*, unit: str, meaning: str, kind: str = "float", group: str = "other") -> Callable[[F], F]:
    """Declare a function to be a metric; it stays what it is and gets the attribute `column`.

    Args:
        unit: Unit of the value; "1" for a pure number, "fraction" for a share.
        meaning: What the column holds, in a line.
        kind: "float", or "int" for a count.
        group: One of `GROUPS`.
    """

    def declare(function: F) -> F:
        function.column = Column(function.__name__, kind, unit, meaning)  # pyright: ignore[reportFunctionMemberAccess]
        function.group = group  # pyright: ignore[reportFunctionMemberAccess]
        return function

    return declare


def is_declared(function: object) -> TypeGuard[Callable[..., float]]:
    """Say whether something is a function that `@metric` has declared."""
    return callable(function) and isinstance(getattr(function, "column", None), Column)


@dataclass(frozen=True)
class Declared:
    """A metric of the package: its column, its part of the table, and the module that computes it."""

    column: Column
    group: str
    module: str

    @property
    def name(self) -> str:
        """Name of the metric, of its function and of its column."""
        return self.column.name

    @property
    def function(self) -> Callable[..., float]:
        """The function, imported when it is asked for."""
        return getattr(importlib.import_module(self.module), self.name)


def declared_metrics() -> tuple[Declared, ...]:
    """Return the package's metrics in the order of their columns, without importing any."""
    return _declared_in(_FOLDER)


def declared_columns(*groups: str) -> tuple[Column, ...]:
    """Return the columns of the metrics of some groups, in the order of `GROUPS`."""
    return tuple(each.column for each in declared_metrics() if each.group in groups)


@cache
def _declared_in(folder: Path) -> tuple[Declared, ...]:
    found = [each for path in sorted(folder.glob("*.py")) for each in _declarations(path)]
    return tuple(sorted(found, key=lambda each: GROUPS.index(each.group)))


def _declarations(path: Path) -> Iterator[Declared]:
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == metric.__name__:
                said: dict[str, Any] = {part.arg or "": ast.literal_eval(part.value) for part in decorator.keywords}
                column = Column(function.name, said.get("kind", "float"), said["unit"], said["meaning"])
                yield Declared(column, said.get("group", "other"), f"{_PACKAGE}.{path.stem}")
