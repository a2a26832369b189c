"""Parts of a configuration that name a component or a figure: checked against it, and completed from it."""

from copy import deepcopy
from typing import Any

from plasticity.config.component import ComponentError, known
from plasticity.config.findings import Findings
from plasticity.config.frame import Section, check, sections
from plasticity.config.json_schema import Schema, is_number, or_list
from plasticity.config.messages import did_you_mean, shown
from plasticity.config.own_figures import check_own_figures
from plasticity.config.parameters import defaults, parameters


def check_names(config: dict[str, Any], schema: Schema, findings: Findings) -> None:
    """Record unknown names, and parameters that do not fit the name."""
    for section in sections(config, schema):
        if "x-component" in section.schema:
            _check_component(section, findings, schema)
        if "x-names" in section.schema:
            known_names = tuple(section.schema["x-names"])
            for name in section.value:
                if ":" not in name:
                    _check_name(section, name, name, known_names, findings)
            check_own_figures(section.value, known_names, section.location, findings)


def fill_defaults(config: dict[str, Any], schema: Schema) -> None:
    """Give every parameter that the configuration leaves open the default that its component documents."""
    for section in sections(config, schema):
        if "x-component" in section.schema:
            for option, value in defaults(
                parameters(section.schema["x-component"], section.value[_key(section)])
            ).items():
                section.value.setdefault(option, deepcopy(value))


def _check_component(section: Section, findings: Findings, whole: Schema) -> None:
    kind, key = section.schema["x-component"], _key(section)
    name = section.value.get(key)
    if not isinstance(name, str):
        return
    if ":" not in name and name not in known(kind):
        _check_name(section, key, name, tuple(known(kind)), findings)
        return
    try:
        _check_options(section, name, parameters(kind, name), findings, whole)
    except ComponentError as error:
        findings.add((*section.location, key), expected=error.expected, got=error.got, hint=error.hint)


def _key(section: Section) -> str:
    return section.schema.get("x-key", "name")


def _check_name(section: Section, key: str, name: str, there: tuple[str, ...], findings: Findings) -> None:
    if name not in there:
        hint = did_you_mean(name, there)
        expected = f"one of {', '.join(there)}" if there else "a name of your own code, module:name"
        findings.add((*section.location, key), expected=expected, got=shown(name), hint=hint)


def _check_options(section: Section, name: str, component: Schema, findings: Findings, whole: Schema) -> None:
    lists = section.schema.get("x-lists", False)
    shared = section.schema["properties"]
    schema = {
        "title": name,
        "type": "object",
        "additionalProperties": False,
        "required": component.get("required", []),
        "properties": {
            key: or_list(part) if lists and is_number(part) else part for key, part in component["properties"].items()
        },
    }
    options = {key: value for key, value in section.value.items() if key not in shared}
    check(options, schema, findings, location=section.location, whole=whole)
