"""A run that is kept: its tables, figures and configuration in a folder of docs/reproduction."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plasticity.config.messages import shown
from plasticity.errors import PlasticityError
from plasticity.report.published.claims import Published, read_published
from plasticity.storage.files import atomic_path
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from plasticity.studies.warm_start.plan import WarmStartPlan

RECORD = "run.yaml"
Plan = WarmStartPlan | PermutedPlan | TrainTestPlan
PLANS: dict[str, Callable[[Mapping[str, Any]], Plan]] = {
    "warm_start": WarmStartPlan,
    "permuted": PermutedPlan,
    "train_test_collapse": TrainTestPlan,
}


@dataclass(frozen=True)
class Run:
    """A kept run.

    Attributes:
        folder: Where its files are.
        study: The study that it is of.
        command: What made it.
        config: Its configuration, checked and in its normal form.
    """

    folder: Path
    study: str
    command: str
    config: Mapping[str, Any]

    @property
    def plan(self) -> Plan:
        """The study as the configuration asks for it."""
        return PLANS[self.study](self.config)

    @property
    def published(self) -> Published:
        """What is published about the study."""
        return read_published(self.study)

    def table(self, name: str) -> Path:
        """Return the file of a table."""
        return self.folder / f"{name}.parquet"

    @property
    def figures(self) -> list[str]:
        """Names of its figures, in the order of the configuration."""
        names = [name for name in self.plan.study["figures"] if (self.folder / f"{name}.png").is_file()]
        return names + sorted(path.stem for path in self.folder.glob("*.png") if path.stem not in names)


def read_run(folder: Path) -> Run:
    """Read the record of a kept run.

    Raises:
        PlasticityError: If the folder has none, or one without study, command and configuration.
    """
    path = folder / RECORD
    if not path.is_file():
        raise PlasticityError(f"{path}: expected the record of a run, got no file")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) != {"study", "command", "config"}:
        raise PlasticityError(f"{path}: expected study, command and config, got {shown(content)}")
    if content["study"] not in PLANS or content["study"] not in content["config"]:
        raise PlasticityError(f"{path}: expected one of {', '.join(PLANS)} with its section, got {content['study']!r}")
    return Run(folder, **content)


def as_yaml(content: Mapping[str, Any]) -> str:
    """Return a configuration as YAML in its own order, lists of numbers on one line."""
    return yaml.safe_dump(
        dict(content), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None, indent=2
    )


def keep(folder: Path, files: Iterable[Path], *, study: str, command: str, config: Mapping[str, Any]) -> Run:
    """Copy a finished run's tables and figures into a folder and write its record.

    Args:
        folder: The folder of docs/reproduction; what else is in it stays.
        files: Tables and figures.
        study: The study that they are of.
        command: What made them.
        config: The checked configuration; the sections of other studies are left out.
    """
    for path in files:
        with atomic_path(folder / path.name) as temporary:
            shutil.copyfile(path, temporary)
    others = set(PLANS) - {study}
    kept = {key: value for key, value in config.items() if key not in others}
    with atomic_path(folder / RECORD) as temporary:
        record = {"study": study, "command": command, "config": kept}
        temporary.write_text(as_yaml(record), encoding="utf-8")
    return read_run(folder)
