"""Which keys of a configuration are sections of studies, of which study each, and which of them run."""

import re
from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import did_you_mean, shown
from plasticity.config.settings import Name
from plasticity.config.study_section import Section

Sections = Mapping[str, type[Section]]
"""Class of a section, by the name of its study or of the section itself."""

_USUAL = {"permuted": "continual"}
"""Section -> the study that it is of without saying so, where the two are not called alike."""
_OTHERS = {"dataset", "jobs", "studies"}
_FOLDERS = {"data", "config", "curves", "benchmarks", "across_sections"}  # of results/, beside those of the sections


def studies_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the study of every section of a configuration in its normal form."""
    return {key: _study(key, value) for key, value in config.items() if key not in _OTHERS}


def usual_sections(studies: Sections) -> dict[str, type[Section]]:
    """Return the sections that are of a study without saying so, each with its class.

    Args:
        studies: Class of a section by the name of its study.
    """
    names = {study: section for section, study in _USUAL.items()}
    return {names.get(study, study): kind for study, kind in studies.items()}


def sections_of(config: Mapping[str, Any], studies: Sections, findings: Findings) -> dict[str, type[Section]]:
    """Return the class of each section that a configuration has or may have, by the section's name.

    Args:
        config: The configuration, unchecked.
        studies: Class of a section by the name of its study.
        findings: Gets sections of no study, and names that no section can have.
    """
    found = usual_sections(studies)
    for name, section in config.items():
        if name in {*found, *_OTHERS} or not isinstance(section, Mapping) or "study" not in section:
            continue
        study = section["study"]
        found[name] = studies.get(str(study), Section)
        if str(study) not in studies:
            hint = did_you_mean(str(study), studies)
            findings.add((name, "study"), expected=f"one of {', '.join(studies)}", got=shown(study), hint=hint)
        elif name in _FOLDERS or not re.fullmatch(Name, name):
            pattern, taken = Name.strip("^$"), ", ".join(sorted(_FOLDERS))
            expected = f"a name that matches {pattern} and is none of {taken}"
            findings.add((name,), expected=expected, got=shown(name))
    return found


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
    unknown = {place: name for place, name in enumerate(chosen) if name not in present}
    for place, name in unknown.items():
        expected, hint = f"one of the sections {', '.join(present)}", did_you_mean(str(name), present)
        findings.add(("studies", place), expected=expected, got=shown(name), hint=hint)
    left_out = set() if unknown else set(present) - set(chosen)
    return {key: value for key, value in rest.items() if key not in left_out}


def _study(section: str, content: Any) -> str:
    named = content.get("study", section) if isinstance(content, Mapping) else section
    return _USUAL.get(section, named)
