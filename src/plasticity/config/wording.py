"""Words for what a schema expects, and for the traps by which YAML turns a value into something else."""

import math
from typing import Any

import yaml

from plasticity.config.json_schema import Schema, types_of
from plasticity.config.messages import did_you_mean

_WORDS = {
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "null": "null",
}
_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_SWITCHES = ("true", "false", "yes", "no", "on", "off")
_NOTHING = ("null", "none", "~", "")
_BOOLEAN_TRAP = "YAML reads yes, no, on and off as true and false"


def expectation(schema: Schema) -> str:
    """Return what a schema expects in words, such as "an integer >= 1 or null"."""
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    return " or ".join(_phrase(kind, schema) for kind in types_of(schema)) or "a value"


def hint(schema: Schema, value: Any) -> str:
    """Return how to mend a value that does not fit a schema; empty where there is nothing to add."""
    if "enum" in schema and isinstance(value, str):
        return did_you_mean(value, [str(choice) for choice in schema["enum"]])
    types = types_of(schema)
    if isinstance(value, str):
        return _text_hint(value, types)
    if isinstance(value, bool):
        return _boolean_hint(types)
    if isinstance(value, int | float):
        return _number_hint(value, types)
    return "put it in quotes" if "string" in types and value is not None and not _nested(value) else ""


def _phrase(kind: str, schema: Schema) -> str:
    if kind == "array":
        return _list_phrase(schema)
    bounds = [f"{sign} {schema[bound]}" for bound, sign in _BOUNDS.items() if bound in schema]
    if kind in {"integer", "number"} and bounds:
        return f"{_WORDS[kind]} {' and '.join(bounds)}"
    if kind == "string" and "pattern" in schema:
        return f"text that matches {schema['pattern']}"
    empty = any(schema.get(bound) for bound in ("minLength", "minProperties"))
    return _WORDS[kind] + (" that is not empty" if empty and kind in {"string", "object"} else "")


def _list_phrase(schema: Schema) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    size = f"{least}" if least == most else f"{least} or more" if least else "any number of"
    different = " different" if schema.get("uniqueItems") else ""
    return f"a list of {size}{different} values, each {expectation(schema.get('items', {}))}"


def _text_hint(value: str, types: tuple[str, ...]) -> str:
    text = value.strip().lower()
    if "null" in types and text in _NOTHING:
        return "write null without quotes"
    if "boolean" in types and text in _SWITCHES:
        return "remove the quotes"
    if {"integer", "number"} & set(types):
        return _numeral_hint(value, types)
    return _list_hint(value, types)


def _numeral_hint(value: str, types: tuple[str, ...]) -> str:
    try:
        number = float(value)
        read = yaml.safe_load(value)
    except (ValueError, yaml.YAMLError):
        return ""
    if not math.isfinite(number):
        return "only finite numbers"
    if isinstance(read, int | float):
        return "remove the quotes"
    whole = "integer" in types and number.is_integer()
    written = yaml.safe_dump(int(number) if whole else number).split()[0]
    return f"YAML reads {value} as text, write {written}"


def _boolean_hint(types: tuple[str, ...]) -> str:
    if "string" in types:
        return f"{_BOOLEAN_TRAP}: put the text in quotes"
    return _BOOLEAN_TRAP if {"integer", "number"} & set(types) else ""


def _number_hint(value: float, types: tuple[str, ...]) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "only finite numbers"
    if "boolean" in types:
        return "write true or false"
    if "string" in types:
        return "put it in quotes"
    if "integer" in types and "number" not in types and isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    return _list_hint(value, types)


def _list_hint(value: Any, types: tuple[str, ...]) -> str:
    return f"write [{value}]" if types == ("array",) and len(str(value)) < 40 else ""


def _nested(value: Any) -> bool:
    return isinstance(value, dict | list)
