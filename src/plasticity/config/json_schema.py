"""JSON schemas of typed settings, in the one form that the checks, the manual page and editors read.

Pydantic writes `{"anyOf": [{"type": "integer"}, {"type": "null"}]}` and refers to shared parts; here it is
`{"type": ["integer", "null"]}` with every part in its place. An optional key has no null: in a configuration it is
absent, and null takes it back. `x-null` marks one whose null is a value.
"""

from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_DEFINITIONS = "$defs"
_HARMLESS = "title"
"""What pydantic adds and nobody reads."""


@cache
def schema_of_class(settings: type[BaseModel]) -> Schema:
    """Return the schema of a class of settings; it belongs to the cache, so leave it as it is."""
    raw = settings.model_json_schema()
    return _plain(raw, raw.get(_DEFINITIONS, {}))


def types_of(schema: Schema) -> tuple[str, ...]:
    """Return the JSON types that a schema admits."""
    types = schema.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def or_list(part: Schema) -> Schema:
    """Return the schema of a value that in an arm may be a list, which stands for one arm per value."""
    kept = {key: value for key, value in part.items() if key not in {"default", "unit", "description"}}
    return {**part, "type": [*types_of(part), "array"], "minItems": 1, "uniqueItems": True, "items": kept}


def is_number(part: Schema) -> bool:
    """Say whether a value is a single number, so that in an arm it may be a list."""
    return bool({"integer", "number"} & set(types_of(part))) and "array" not in types_of(part)


def first_paragraph(schema: Schema) -> str:
    """Return what a class's docstring says first, in one line."""
    return " ".join(schema.get("description", "").split("\n\n")[0].split())


def _plain(schema: Schema, definitions: Schema) -> Schema:
    if "$ref" in schema:
        found = definitions[schema["$ref"].rpartition("/")[2]]
        schema = {**found, **{key: value for key, value in schema.items() if key != "$ref"}}
    found = {key: value for key, value in schema.items() if key not in {_HARMLESS, _DEFINITIONS}}
    if "description" in found:
        found["description"] = first_paragraph(found)
    if "anyOf" in found:
        found = _merged(found.pop("anyOf"), found, definitions)
    if "prefixItems" in found:  # values of one kind, as many as the bounds say
        found["items"], *_ = found.pop("prefixItems")
    if "const" in found:
        found["enum"] = [found.pop("const")]
    for key in ("properties", "patternProperties"):
        if key in found:
            found[key] = {name: _plain(part, definitions) for name, part in found[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _plain(found[key], definitions)
    if "object" in types_of(found):
        found.setdefault("unit", "mapping")
    if "x-names" in found:
        found["x-names"] = dict(found["x-names"])  # which pydantic would have sorted
    if "x-component" in found and "x-key" not in found:
        found["properties"]["name"]["description"] = f"Which {found['x-component']}."
    return _without_null(found)


def _merged(choices: list[Schema], rest: Schema, definitions: Schema) -> Schema:
    """Return one schema for a choice of types, whose bounds concern one type each."""
    parts = [_plain(part, definitions) for part in choices]
    types = [kind for part in parts for kind in types_of(part)]
    bounds = {key: value for part in parts for key, value in part.items()}
    return {**bounds, "type": types if len(types) > 1 else types[0], **rest}


def _without_null(schema: Schema) -> Schema:
    marked = schema.pop("x-null", False)
    if "default" not in schema or schema["default"] is not None:
        return schema
    del schema["default"]
    types = [kind for kind in types_of(schema) if kind != "null" or marked]
    return {**schema, "type": types if len(types) > 1 else types[0]} if types else schema
