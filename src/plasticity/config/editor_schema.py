"""The JSON schema that editors complete and check with, and that the workflow reads the components' parameters from.

It is laxer than the check of a configuration: a preset overrides another file, so no key is required, and null
removes an optional key. Cross-checks are not in it.
"""

from collections.abc import Iterator
from typing import Any

from plasticity.config.component import FOLDERS, component, known
from plasticity.config.json_schema import Schema, is_number, or_list, schema_of_class, types_of
from plasticity.config.parameters import DIGEST, parameters, source_digest

_LISTS = "lists"
_NAME_OF_OWN_CODE = {"pattern": ":", "description": "module:Class of your own code."}


def editor_schema(schema: Schema) -> Schema:
    """Return the schema for editors.

    Args:
        schema: The schema of a configuration.
    """
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    found = _lax(schema)
    return {**dialect, **found, "additionalProperties": _another_section(found), "$defs": dict(_definitions())}


def _another_section(schema: Schema) -> Schema:
    """Return what a section of any other name may hold, by the study that it says it is of."""
    studies = {
        part["properties"]["study"]["enum"][0]: name
        for name, part in schema["properties"].items()
        if "study" in part.get("properties", {})
    }
    return {
        "type": "object",
        "description": "An additional section of a study.",
        "required": ["study"],
        "properties": {"study": {"enum": list(studies)}},
        "allOf": [
            {
                "if": {"required": ["study"], "properties": {"study": {"const": study}}},
                "then": {"$ref": f"#/properties/{name}"},
            }
            for study, name in studies.items()
        ],
    }


def _definitions() -> Iterator[tuple[str, Schema]]:
    """Yield the parameters of all components, and with lists for those of which an arm may have lists."""
    for kind in FOLDERS:
        for name in known(kind):
            found = schema_of_class(component(kind, name))
            kept = {key: value for key, value in found.items() if key != "additionalProperties"}
            yield f"{kind}.{name}", {DIGEST: source_digest(kind, name), **kept}
            lists = {key: or_list(part) if is_number(part) else part for key, part in found["properties"].items()}
            yield f"{kind}.{name}.{_LISTS}", {**kept, "properties": lists}


def _lax(schema: Schema) -> Schema:
    found = {key: value for key, value in schema.items() if key not in {"required", "x-names", "x-on-request"}}
    for key in ("properties", "patternProperties"):
        if key in found:
            found[key] = {name: _or_null(_lax(part)) for name, part in found[key].items()}
    if "items" in found:
        found["items"] = _lax(found["items"])
    if "x-names" in schema:
        (style,) = found["patternProperties"].values()
        found["patternProperties"] = {":": {**style, "description": "A figure of your own code, module:function."}}
        found["additionalProperties"] = False
        found["properties"] = {name: {**style, "description": text} for name, text in schema["x-names"].items()}
    return _with_components(found) if "x-component" in schema else found


def _or_null(schema: Schema) -> Schema:
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema and None not in schema["enum"] else {}
    types = types_of(schema)
    return {**schema, **choices, "type": list(dict.fromkeys([*types, "null"]))} if types else schema


def _with_components(schema: Schema) -> Schema:
    """Add what a mapping may hold by the name of the component that it chooses."""
    kind, key = schema["x-component"], schema.get("x-key", "name")
    ending = f".{_LISTS}" if schema.get("x-lists") else ""
    chosen: Schema = schema["properties"][key]
    allowed = [name for name in known(kind) if name in chosen.get("enum", [name])]
    choices: list[Any] = [{"const": name, "description": parameters(kind, name)["description"]} for name in allowed]
    named = {"description": chosen["description"], "anyOf": [*choices, _NAME_OF_OWN_CODE]}
    rules = [_rule(schema, kind, key, name, ending) for name in allowed]
    return {
        **{name: value for name, value in schema.items() if name != "additionalProperties"},
        "properties": {**schema["properties"], key: named},
        **({"allOf": rules} if rules else {}),
    }


def _rule(schema: Schema, kind: str, key: str, name: str, ending: str) -> Schema:
    """Return which keys a mapping may have, and with which values, if it chooses this component.

    What it takes back of another component is null, and so may be any of its own parameters.
    """
    found = parameters(kind, name)
    place = f"#/$defs/{kind}.{name}{ending}/properties"
    own = {option: {"anyOf": [{"$ref": f"{place}/{option}"}, {"type": "null"}]} for option in found["properties"]}
    return {
        "if": {"required": [key], "properties": {key: {"const": name}}},
        "then": {
            "required": found.get("required", []),
            "properties": {**dict.fromkeys(schema["properties"], True), **own},
            "additionalProperties": {"type": "null"},
        },
    }
