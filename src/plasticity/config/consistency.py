"""What no single key can get wrong: lengths that must agree, arms that must differ, files that must exist."""

from pathlib import Path
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.landscape_check import check_landscape
from plasticity.config.messages import shown
from plasticity.config.parameters import defaults, parameters
from plasticity.config.sections import Sections


def check_consistency(config: dict[str, Any], root: Path, sections: Sections, findings: Findings) -> None:
    """Record what is wrong although every key by itself is right; places already found wrong are no base for this.

    Args:
        config: The configuration.
        root: Folder that relative paths of the configuration start from.
        sections: Class of each section by the section's name.
        findings: Gets what is wrong.
    """
    if not findings.touch(("dataset",)):
        _check_dataset(config["dataset"], root, findings)
    if not any(name in config for name in sections):
        findings.add((), expected=f"at least one study ({', '.join(sections)})", got="none")
    for name, section in sections.items():
        study = config.get(name)
        if isinstance(study, dict) and isinstance(study.get("arms"), dict):
            section.check(name, study, findings)
            check_landscape(name, study, section.measured_trainings, findings)


def _check_dataset(dataset: dict[str, Any], root: Path, findings: Findings) -> None:
    reader = parameters("reader", dataset["reader"])
    settings = {**defaults(reader), **dataset}
    for key, part in reader["properties"].items():
        if part.get("unit") != "path" or settings.get("download", False):
            continue
        if not _exists(root / settings[key]):
            kept = "; or download: true" if key == "root" else ""
            findings.add(("dataset", key), expected=f"an existing path{kept}", got=shown(settings[key]))
    if normalise := dataset.get("normalise"):
        channels = len(normalise["mean"])
        if len(normalise["std"]) != channels:
            expected = f"a number per channel, {channels} as in mean"
            findings.add(("dataset", "normalise", "std"), expected=expected, got=shown(normalise["std"]))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
