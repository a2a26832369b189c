"""The configuration of the studies there are: their sections' classes, and how a configuration is loaded with them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from plasticity.config import load as checked
from plasticity.config.earlier import of_this_version
from plasticity.config.json_schema import Schema
from plasticity.config.root_schema import schema_of_configuration
from plasticity.config.sections import usual_sections
from plasticity.config.study_section import Section
from plasticity.studies import all_studies


@cache
def section_classes() -> Mapping[str, type[Section]]:
    """Return the class of a section, by the name of its study."""
    return {name: study.load(study.settings) for name, study in all_studies().items()}


def load_config(mapping: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
    """Check a configuration and return it in its normal form, as `plasticity.config.load.load_config` does.

    Raises:
        ConfigError: If anything is wrong; its message has one line per violation.
    """
    return checked.load_config(mapping, root=root, sections=section_classes())


def typed_config(mapping: Mapping[str, Any], *, root: Path) -> checked.Configuration:
    """Check a configuration and return it as typed settings, as `plasticity.config.load.typed_config` does.

    Raises:
        ConfigError: If anything is wrong; its message has one line per violation.
    """
    return checked.typed_config(mapping, root=root, sections=section_classes())


def recorded_config(config: Mapping[str, Any]) -> checked.Configuration:
    """Return a configuration that was checked before, be it by an earlier version, as typed settings."""
    return checked.as_typed(of_this_version(config), section_classes())


@cache
def schema() -> Schema:
    """Return the schema of a configuration whose sections are called as usual."""
    return schema_of_configuration(usual_sections(section_classes()))
