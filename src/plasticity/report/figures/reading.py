"""A study's tables and settings, read into the class that its figures and its summary take."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plasticity.config.page_slices import DisplaySettings
from plasticity.errors import PlasticityError
from plasticity.storage.tables import read_table


def read_tables_of(tables_class: Any, tables: Mapping[str, str | Path], settings: DisplaySettings, *, what: str) -> Any:
    """Read a study's tables into its class, such as `FigureTables`, with the settings that it needs.

    Raises:
        PlasticityError: If a table is missing or damaged; `what` opens the message.
    """
    if missing := [key for key in tables_class.SCHEMAS if key not in tables]:
        raise PlasticityError(f"{what}: expected the tables {list(tables_class.SCHEMAS)}, got none for {missing}")
    frames = {key: read_table(tables[key], schema) for key, schema in tables_class.SCHEMAS.items()}
    return tables_class(**frames, **dict(settings))
