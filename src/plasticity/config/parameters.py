"""Parameters of components as JSON schemas, without an import of what needs torch.

`python -m plasticity.studies schema` writes them to `SCHEMA_FILE`, each with the digest of the component's file. Where
a digest fits, the file's word is taken; where it does not, or there is no such file, the component is imported.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from plasticity.config.component import FACTS, component, known
from plasticity.config.json_schema import Schema, schema_of_class

_PACKAGE = Path(__file__).resolve().parents[1]
SCHEMA_FILE = _PACKAGE.parents[1] / "workflow" / "schemas" / "config.schema.json"
DIGEST = "x-sha256"


@cache
def parameters(kind: str, name: str) -> Schema:
    """Return the schema of a component: its description, and `properties` and `required` of its parameters.

    Args:
        kind: A key of `plasticity.config.component.FOLDERS`.
        name: One of `known(kind)`, or "module:Class" of the user's own code.

    Raises:
        ComponentError: If there is none, or it cannot be imported.
    """
    if name in known(kind):
        kept = _kept().get(f"{kind}.{name}", {})
        if kept.get(DIGEST) == source_digest(kind, name):
            return kept
    return schema_of_class(component(kind, name))


def defaults(schema: Schema) -> dict[str, Any]:
    """Return the values of parameters that a configuration need not give."""
    return {key: part["default"] for key, part in schema.get("properties", {}).items() if "default" in part}


def fact(kind: str, name: str, key: str, *, usual: Any) -> Any:
    """Return what a component's class says of itself in a class variable, or the usual where it says nothing."""
    return parameters(kind, name).get(FACTS, {}).get(key, usual)


def built_in_fact(kind: str, name: str, key: str, *, usual: Any) -> Any:
    """Return a fact that holds for a component of the package alone, and not for what a user derives from it."""
    return fact(kind, name, key, usual=usual) if name in known(kind) else usual


def source_digest(kind: str, name: str) -> str:
    """Return the SHA-256 of the file in which a built-in component is written."""
    module = known(kind)[name].partition(":")[0]
    path = _PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _kept() -> dict[str, Schema]:
    """Return the components' schemas that are on disk; none where the file is absent or damaged."""
    try:
        return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"]
    except (OSError, ValueError, KeyError):
        return {}
