"""Write what is generated: `python -m plasticity.studies manual`, `schema` or `tables`.

The first two are made from the configuration's classes and import every component and thus torch; the workflow reads
the schema in order not to. The third is made from the definitions of the tables.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from plasticity.config.editor_schema import editor_schema
from plasticity.config.manual import COMMAND, describe_schema
from plasticity.config.parameters import SCHEMA_FILE
from plasticity.storage.files import atomic_path
from plasticity.studies.configuration import schema
from plasticity.studies.tables_page import COMMAND as TABLES_COMMAND
from plasticity.studies.tables_page import describe_tables

SCHEMA_COMMAND = "python -m plasticity.studies schema"
_DOCS = SCHEMA_FILE.parents[2] / "docs"


def manual_text() -> str:
    """Return the manual page of the configuration."""
    return describe_schema(schema())


def schema_text() -> str:
    """Return the JSON schema for editors, which also holds the parameters of all components."""
    return json.dumps(editor_schema(schema()), indent=1, ensure_ascii=False) + "\n"


_WRITTEN: Mapping[str, tuple[Path, Callable[[], str]]] = {
    "manual": (_DOCS / "configuration.md", manual_text),
    "schema": (SCHEMA_FILE, schema_text),
    "tables": (_DOCS / "tables.md", describe_tables),
}


def main(arguments: list[str]) -> int:
    """Write a page or the schema to its place, or to the path behind its name; return the exit status."""
    if not 1 <= len(arguments) <= 2 or arguments[0] not in _WRITTEN:
        print(f"usage: {COMMAND} [file], {SCHEMA_COMMAND} [file] or {TABLES_COMMAND} [file]", file=sys.stderr)
        return 2
    usual, text = _WRITTEN[arguments[0]]
    with atomic_path(arguments[1] if len(arguments) > 1 else usual) as temporary:
        temporary.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
