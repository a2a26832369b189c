"""Walking a configuration along its JSON schema, and saying what does not fit."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker, ValidationError, validators

from plasticity.config.findings import Findings
from plasticity.config.json_schema import Schema, types_of
from plasticity.config.messages import Location, did_you_mean, dotted, shown
from plasticity.config.wording import expectation, hint


@dataclass(frozen=True)
class Section:
    """A mapping of the configuration, where it is, and its part of the schema."""

    location: Location
    schema: Schema
    value: dict[str, Any]


def schema_of(key: str, schema: Schema) -> Schema | None:
    """Return the part of an object's schema that describes one of its keys; None if there is none."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    patterns = schema.get("patternProperties", {})
    return next((part for pattern, part in patterns.items() if re.search(pattern, key)), None)


def sections(value: Any, schema: Schema, location: Location = ()) -> Iterator[Section]:
    """Yield every mapping that the schema describes, outer ones first."""
    if isinstance(value, list):
        for place, part in enumerate(value):
            yield from sections(part, schema.get("items", {}), (*location, place))
    if not isinstance(value, dict):
        return
    yield Section(location, schema, value)
    for key, part in value.items():
        found = schema_of(key, schema)
        if found is not None:
            yield from sections(part, found, (*location, key))


def check(
    value: Any, schema: Schema, findings: Findings, *, location: Location = (), whole: Schema | None = None
) -> None:
    """Record everything in which `value`, which stands at `location`, differs from `schema`.

    Args:
        value: A part of the configuration.
        schema: The schema of that part.
        findings: Gets what is wrong.
        location: Where the part is.
        whole: Schema of the whole configuration, for a hint at where else an unknown key exists.
    """
    for error in _Validator(schema).iter_errors(value):
        place = (*location, *error.absolute_path)
        part: Schema = error.schema  # pyright: ignore[reportAssignmentType] - no part of the schema is true or false
        if error.validator == "required":
            _add_missing(place, error.instance, part, findings)
        elif error.validator == "additionalProperties":
            _add_unknown(place, error.instance, part, findings, whole or {})
        else:
            findings.add(place, expected=expectation(part), got=shown(error.instance), hint=hint(part, error.instance))


def _add_missing(location: Location, value: dict[str, Any], schema: Schema, findings: Findings) -> None:
    for key in schema["required"]:
        if key not in value:
            part = schema_of(key, schema) or {}
            findings.add((*location, key), expected=expectation(part), got="nothing")


def _add_unknown(location: Location, value: dict[str, Any], schema: Schema, findings: Findings, whole: Schema) -> None:
    for key in value:
        if schema_of(key, schema) is not None:
            continue
        known = list(schema.get("properties", {}))
        where = schema.get("title", dotted(location))
        expected = f"a key of {where} ({', '.join(known)})" if known else f"no option of {where}"
        if patterns := schema.get("patternProperties"):
            expected = f"a name that matches {' or '.join(patterns)}"
        suggestion = did_you_mean(key, known) or _elsewhere(key, whole)
        findings.add((*location, key), expected=expected, got=f"the unknown key {shown(key)}", hint=suggestion)


def _elsewhere(key: str, whole: Schema) -> str:
    """Hint at the outermost place where a key of this name exists."""
    places = [place for place in _places(whole, ()) if place[-1] == key]
    return f"did you mean {dotted(min(places, key=len))!r}?" if places else ""


def _places(schema: Schema, location: Location) -> Iterator[Location]:
    for key, part in schema.get("properties", {}).items():
        yield (*location, key)
        yield from _places(part, (*location, key))


def admits_null(schema: Schema) -> bool:
    """Say whether null is a value here, rather than the removal of one."""
    return "null" in types_of(schema)


def _is_integer(_: TypeChecker, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: TypeChecker, value: Any) -> bool:
    return math.isfinite(value) if isinstance(value, float) else _is_integer(checker, value)


def _pattern(_: Any, pattern: str, value: Any, __: Schema) -> Iterator[ValidationError]:
    if isinstance(value, str) and not (re.search(pattern, value) and value.isprintable()):
        yield ValidationError("no match")  # `$` alone would let a trailing line break pass


_Validator = validators.extend(
    Draft202012Validator,
    validators={"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer).redefine("number", _is_number),
)
