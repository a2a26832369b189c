"""A study's tables and settings, read into the class that its figures and its summary take."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plasticity.errors import PlasticityError
from plasticity.storage.tables import read_table


def read_tables_of(of_study: Any, tables: Mapping[str, str | Path], settings: Mapping[str, Any], *, what: str) -> Any:
    """Read a study's tables into its class, such as `FigureTables`, with the settings that it needs.

    Raises:
        PlasticityError: If a table or setting is missing, or a table is damaged; `what` opens the message.
    """
    refuse_missing(f"{what}: expected the tables", of_study.SCHEMAS, tables)
    refuse_missing(f"{what}: expected the settings", of_study.SETTINGS, settings)
    frames = {key: read_table(tables[key], schema) for key, schema in of_study.SCHEMAS.items()}
    return of_study(**frames, **{key: settings[key] for key in of_study.SETTINGS})


def refuse_missing(expectation: str, expected: Any, given: Mapping[str, Any]) -> None:
    """Refuse to go on without a table or setting.

    Raises:
        PlasticityError: If a key of `expected` is not `given`; the message begins with `expectation`.
    """
    missing = [key for key in expected if key not in given]
    if missing:
        raise PlasticityError(f"{expectation} {list(expected)}, got none for {missing}")
