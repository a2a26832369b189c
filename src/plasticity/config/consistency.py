"""What no single key can get wrong: lengths that must agree, arms that must differ, files that must exist."""

from pathlib import Path
from typing import Any

from plasticity.config.catalogue import READERS
from plasticity.config.findings import Findings
from plasticity.config.messages import shown
from plasticity.config.permuted import check_permuted
from plasticity.config.sections import SECTIONS, In, studies_of
from plasticity.config.train_test_collapse import check_train_test_collapse
from plasticity.config.warm_start import check_warm_start

_STUDIES = {
    "warm_start": check_warm_start,
    "continual": check_permuted,
    "train_test_collapse": check_train_test_collapse,
}


def check_consistency(config: dict[str, Any], root: Path, findings: Findings) -> None:
    """Record what is wrong although every key by itself is right; places already found wrong are no base for this."""
    if not findings.touch(("dataset",)):
        _check_dataset(config["dataset"], root, findings)
    found = {section: study for section, study in studies_of(config).items() if study in _STUDIES}
    if not found:
        findings.add((), expected=f"at least one study ({', '.join(SECTIONS)})", got="none")
    for section, study in found.items():
        content = config[section]
        if isinstance(content, dict) and isinstance(content.get("arms"), dict):
            _STUDIES[study](content, In(findings, section))


def _check_dataset(dataset: dict[str, Any], root: Path, findings: Findings) -> None:
    reader = READERS[dataset["reader"]]
    settings = {**reader.defaults, **dataset}
    for key, part in reader.parameters.items():
        if part["unit"] != "path" or settings.get("download", False):
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
