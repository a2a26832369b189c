"""From the mapping that Snakemake has read and overlaid to a configuration that stages can rely on."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity.config.consistency import check_consistency
from plasticity.config.earlier import respelled
from plasticity.config.findings import ConfigError, Findings
from plasticity.config.frame import admits_null, check, schema_of
from plasticity.config.json_schema import Schema
from plasticity.config.messages import Location, shown
from plasticity.config.names import check_names, fill_defaults
from plasticity.config.root_schema import schema_of_configuration
from plasticity.config.sections import Sections, sections_of, studies_of, that_run
from plasticity.config.study_section import Section
from plasticity.config.whole_run import DataSetSettings, Jobs


@dataclass(frozen=True)
class Configuration:
    """A checked configuration.

    Attributes:
        dataset: What all networks are trained on.
        sections: The sections that run by name, in the order of the configuration.
        jobs: How the work is cut into jobs.
        mapping: The same in plain mappings and lists, in its normal form.
    """

    dataset: DataSetSettings
    sections: Mapping[str, Section]
    jobs: Jobs
    mapping: Mapping[str, Any]


def typed_config(mapping: Mapping[str, Any], *, root: Path, sections: Sections) -> Configuration:
    """Check a configuration and return it as typed settings; arguments and errors are those of `load_config`."""
    return as_typed(load_config(mapping, root=root, sections=sections), sections)


def as_typed(config: Mapping[str, Any], sections: Sections) -> Configuration:
    """Return a checked configuration, in its normal form, as typed settings."""
    return Configuration(
        dataset=DataSetSettings.of(config["dataset"]),
        sections={name: sections[study].of(config[name]) for name, study in studies_of(config).items()},
        jobs=Jobs.of(config["jobs"]),
        mapping=config,
    )


def load_config(mapping: Mapping[str, Any], *, root: Path, sections: Sections) -> dict[str, Any]:
    """Check a configuration and return it in its normal form.

    In the normal form, keys that an overlay removed by null are gone (whole arms too), so are sections that `studies`
    leaves out; all figures that no null removes are there, and parameters of a named network, intervention, penalty,
    optimizer or reader that the configuration leaves open have their default.

    Args:
        mapping: What config.yaml and its overlays say; it stays as it is.
        root: Folder that relative paths of the configuration start from.
        sections: Class of a section by the name of its study.

    Raises:
        ConfigError: If anything is wrong; its message has one line per violation.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError([f"configuration: expected a mapping, got {shown(mapping)}"])
    findings = Findings()
    plain = respelled(that_run(_plain(mapping, findings), findings))
    classes = sections_of(plain, sections, findings)
    schema = schema_of_configuration(classes)
    config = _without_nulls(plain, schema)
    check(config, schema, findings, whole=schema)
    check_names(config, schema, findings)
    check_consistency(config, root, classes, findings)
    findings.raise_if_any()
    fill_defaults(config, schema)
    return config


def _plain(value: Any, findings: Findings, location: Location = ()) -> Any:
    """Copy nested mappings and lists into plain ones; keys that are not text are recorded and left out."""
    if isinstance(value, list | tuple):
        return [_plain(part, findings, (*location, position)) for position, part in enumerate(value)]
    if not isinstance(value, Mapping):
        return math.inf if _is_beyond_float(value) else value
    copy = {}
    for key, part in value.items():
        if isinstance(key, str):
            copy[key] = _plain(part, findings, (*location, key))
        else:
            trap = "YAML reads yes, no, on and off as true and false: " if isinstance(key, bool) else ""
            place = (*location, shown(key))
            findings.add(place, expected="a key that is text", got=shown(key), hint=f"{trap}put it in quotes")
    return copy


def _is_beyond_float(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() > sys.float_info.max_exp


def _without_nulls(value: Any, schema: Schema) -> Any:
    """Remove optional keys whose value is null, and add the figures that are not taken back in this way."""
    if isinstance(value, list):
        return [_without_nulls(part, schema.get("items", {})) for part in value]
    if not isinstance(value, dict):
        return value
    left_out = {*value, *schema.get("x-on-request", ())}
    drawn = {name: {} for name in schema.get("x-names", ()) if name not in left_out}
    kept = {}
    for key, part in value.items():
        known = schema_of(key, schema)
        if part is None and _is_optional(key, known, schema):
            continue
        kept[key] = _without_nulls(part, known or {})
    return {**kept, **drawn}


def _is_optional(key: str, known: Schema | None, schema: Schema) -> bool:
    if key in schema.get("required", ()):
        return False
    return "x-component" in schema or "x-names" in schema if known is None else not admits_null(known)
