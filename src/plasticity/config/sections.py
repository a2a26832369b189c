"""Which keys of a configuration are sections of studies, of which study each, and which of them run."""

import re
from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location, did_you_mean, shown
from plasticity.config.wording import Schema

SECTIONS: Mapping[str, str] = {
    "warm_start": "warm_start",
    "permuted": "continual",
    "train_test_collapse": "train_test_collapse",
}
"""Section -> the study that it is of without saying so; another section says `study: <name>`."""
_OTHERS = {"dataset", "jobs", "studies"}
_NAME = re.compile("[a-z][a-z0-9_]*")
_FOLDERS = {"data", "config", "curves", "benchmarks"}  # of results/, beside those of the sections


def studies_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the study of every section of a configuration in its normal form."""
    return {key: _study(key, value) for key, value in config.items() if key not in _OTHERS}


def that_run(config: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """Return a configuration without its key `studies` and without the sections that this leaves out."""
    chosen = config.get("studies")
    rest = {key: value for key, value in config.items() if key != "studies"}
    present = [key for key, value in rest.items() if key not in _OTHERS and value is not None]
    if chosen is None:
        return rest
    if not isinstance(chosen, list) or not chosen:
        findings.add(("studies",), expected=f"a list of sections ({', '.join(present)})", got=shown(chosen))
        return rest
    for place, name in enumerate(chosen):
        if name not in present:
            expected, hint = f"one of the sections {', '.join(present)}", did_you_mean(str(name), present)
            findings.add(("studies", place), expected=expected, got=shown(name), hint=hint)
    if not set(map(str, chosen)) <= set(present):
        return rest
    return {key: value for key, value in rest.items() if key in {*_OTHERS, *chosen} or key not in present}


def with_sections(schema: Schema, config: Mapping[str, Any], findings: Findings) -> Schema:
    """Return the schema with the configuration's further sections, each as the study's own."""
    homes = {study: section for section, study in SECTIONS.items()}
    further = {}
    for key, value in config.items():
        if key in schema["properties"] or not isinstance(value, dict) or "study" not in value:
            continue
        study = str(value["study"])
        further[key] = schema["properties"][homes[study]] if study in homes else {"type": "object"}
        if study not in homes:
            hint = did_you_mean(study, homes)
            findings.add((key, "study"), expected=f"one of {', '.join(homes)}", got=shown(value["study"]), hint=hint)
        elif key in _FOLDERS or not _NAME.fullmatch(key):
            expected = f"a name that matches {_NAME.pattern} and is none of {', '.join(sorted(_FOLDERS))}"
            findings.add((key,), expected=expected, got=shown(key))
    return {**schema, "properties": {**schema["properties"], **further}}


def _study(section: str, content: Mapping[str, Any]) -> str:
    return SECTIONS.get(section) or (content.get("study", "") if isinstance(content, Mapping) else "")


class In(Findings):
    """Findings of a check that is written for a study's own section, told of another section of the study."""

    def __init__(self, findings: Findings, section: str) -> None:
        self._all, self._section = findings, section

    def add(self, location: Location, *, expected: str, got: str, hint: str = "") -> None:
        """Record a violation there."""
        self._all.add((self._section, *location[1:]), expected=expected, got=got, hint=hint)

    def touch(self, *locations: Location) -> bool:
        """Say whether a violation is at, inside or around one of the places there."""
        return self._all.touch(*((self._section, *location[1:]) for location in locations))
