"""Sections whose options depend on a name: checked against the catalogue, and completed from it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from plasticity.config import catalogue
from plasticity.config.catalogue import Entry
from plasticity.config.findings import Findings
from plasticity.config.frame import Section, check, sections
from plasticity.config.messages import Location, did_you_mean, shown
from plasticity.config.wording import Schema

_TABLES: dict[str, Mapping[str, Entry]] = {
    name: getattr(catalogue, name)
    for name in (
        "READERS",
        "MODELS",
        "PENALTIES",
        "INTERVENTIONS",
        "WARM_START_FIGURES",
        "PERMUTED_FIGURES",
        "TRAIN_TEST_FIGURES",
    )
}


def named_sections(config: dict[str, Any], schema: Schema) -> list[Section]:
    """Return the sections that the catalogue describes further."""
    return [section for section in sections(config, schema) if "x-catalogue" in section.schema]


def table_of(schema: Schema) -> Mapping[str, Entry]:
    """Return the table of the catalogue that a part of the schema refers to."""
    return _TABLES[schema["x-catalogue"]["table"]]


def check_names(config: dict[str, Any], schema: Schema, findings: Findings) -> None:
    """Record unknown names, and options that do not fit the name."""
    for section in named_sections(config, schema):
        table, key = table_of(section.schema), section.schema["x-catalogue"].get("key")
        named = {(*section.location, name): name for name in section.value}
        if key is not None:
            named = {(*section.location, key): section.value.get(key)}
        for location, name in named.items():
            _check_name(location, name, table, findings)
        if key is not None and isinstance(section.value.get(key), str) and section.value[key] in table:
            _check_options(section, table[section.value[key]], findings)


def fill_defaults(config: dict[str, Any], schema: Schema) -> None:
    """Give every option that the configuration leaves open the default that its catalogue entry documents."""
    for section in named_sections(config, schema):
        key = section.schema["x-catalogue"].get("key")
        if key is not None:
            for option, value in table_of(section.schema)[section.value[key]].defaults.items():
                section.value.setdefault(option, deepcopy(value))


def _check_name(location: Location, name: Any, table: Mapping[str, Entry], findings: Findings) -> None:
    if isinstance(name, str) and name not in table:
        findings.add(location, expected=f"one of {', '.join(table)}", got=shown(name), hint=did_you_mean(name, table))


def _check_options(section: Section, entry: Entry, findings: Findings) -> None:
    reference = section.schema["x-catalogue"]
    listed = reference.get("lists", False)
    parameters = {name: _or_list(part) if listed else part for name, part in entry.parameters.items()}
    shared = section.schema["properties"]
    options = {key: value for key, value in section.value.items() if key not in shared}
    schema = {
        "title": section.value[reference["key"]],
        "type": "object",
        "additionalProperties": False,
        "required": list(entry.required),
        "properties": parameters,
    }
    check(options, schema, findings, location=section.location)


def _or_list(part: Schema) -> Schema:
    """Return the schema of a parameter that in an arm may be a list, if it is a number."""
    if part["type"] not in {"integer", "number"}:
        return part
    return {**part, "type": [part["type"], "array"], "minItems": 1, "uniqueItems": True, "items": part}
