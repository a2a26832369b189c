"""The studies, one package each, and the sections of a configuration that are of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from plasticity.config.sections import studies_of
from plasticity.jobs.adapter import imported
from plasticity.studies.study import Study

STUDIES: Mapping[str, str] = {
    "warm_start": "plasticity.studies.warm_start:STUDY",
    "continual": "plasticity.studies.continual:STUDY",
    "train_test_collapse": "plasticity.studies.train_test_collapse:STUDY",
    "agents": "plasticity.studies.agents:STUDY",
    "locomotion": "plasticity.studies.locomotion:STUDY",
}
"""Name of a study -> where it describes itself."""


@cache
def study_named(name: str) -> Study:
    """Return a study by its name."""
    return imported(STUDIES[name])


def all_studies() -> dict[str, Study]:
    """Return every study by its name."""
    return {name: study_named(name) for name in STUDIES}


def sections_of(config: Mapping[str, Any]) -> dict[str, Study]:
    """Return the sections of a checked configuration that run, each with the study that it is of."""
    return {section: study_named(name) for section, name in studies_of(config).items()}
