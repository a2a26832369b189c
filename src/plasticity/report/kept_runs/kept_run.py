"""A run that is kept: its tables, figures and configuration in a folder of docs/reproduction."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from plasticity.config.messages import shown
from plasticity.config.sections import studies_of
from plasticity.errors import PlasticityError
from plasticity.report.published.claims import Published
from plasticity.storage.files import atomic_path

RECORD = "run.yaml"
Further = tuple[str, str, pd.DataFrame]
"""A further part of a page: title, note and rows."""


@dataclass(frozen=True, kw_only=True)
class PageParts:
    """What the page says of the run's study.

    Attributes:
        outcomes: Makes the table of outcomes of metrics, labels and confidence.
        note: What is said of it.
        correlations: Makes the table of correlations of those of the run, and labels.
        control: What the row of the control is called.
        tables: Further tables that are read.
        more: Makes further parts of the page's content.
        captions: Caption of every figure by name, as Markdown.
    """

    outcomes: Callable[[pd.DataFrame, Mapping[str, str], float], pd.DataFrame]
    note: str
    correlations: Callable[[pd.DataFrame, Mapping[str, str]], pd.DataFrame]
    control: str
    tables: Sequence[str]
    more: Callable[[Any], list[Further]] | None
    captions: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """A kept run.

    Attributes:
        folder: Where its files are.
        study: The section that it is of.
        command: What made it.
        config: Its configuration, checked and in its normal form.
        plan: The plan of the section.
        published: What is published about the study.
        page_parts: What the page says of the study.
    """

    folder: Path
    study: str
    command: str
    config: Mapping[str, Any]
    plan: Any
    published: Published
    page_parts: PageParts

    def table(self, name: str) -> Path:
        """Return the file of a table."""
        return self.folder / f"{name}.parquet"

    @property
    def figures(self) -> list[str]:
        """Names of its figures, in the order of the configuration."""
        names = [name for name in self.plan.section.figures if (self.folder / f"{name}.png").is_file()]
        return names + sorted(path.stem for path in self.folder.glob("*.png") if path.stem not in names)


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record of a kept run: study (its section), command and config.

    Raises:
        PlasticityError: If the folder has none, or one without study, command and configuration.
    """
    path = folder / RECORD
    if not path.is_file():
        raise PlasticityError(f"{path}: expected the record of a run, got no file")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or set(content) != {"study", "command", "config"}:
        raise PlasticityError(f"{path}: expected study, command and config, got {shown(content)}")
    sections = studies_of(content["config"]) if isinstance(content["config"], dict) else {}
    if content["study"] not in sections:
        raise PlasticityError(f"{path}: expected one of its sections {', '.join(sections)}, got {content['study']!r}")
    return content


def as_yaml(content: Mapping[str, Any]) -> str:
    """Return a configuration as YAML in its own order, lists of numbers on one line."""
    return yaml.safe_dump(
        dict(content), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None, indent=2
    )


def keep(folder: Path, files: Iterable[Path], *, study: str, command: str, config: Mapping[str, Any]) -> None:
    """Copy a finished run's tables and figures into a folder and write its record.

    Args:
        folder: The folder of docs/reproduction; what else is in it stays.
        files: Tables and figures.
        study: The section that they are of.
        command: What made them.
        config: The checked configuration; other sections are left out.
    """
    for path in files:
        with atomic_path(folder / path.name) as temporary:
            shutil.copyfile(path, temporary)
    others = set(studies_of(config)) - {study}
    kept = {key: value for key, value in config.items() if key not in others}
    write_record(folder, {"study": study, "command": command, "config": kept})


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a kept run: study (its section), command and config."""
    with atomic_path(folder / RECORD) as temporary:
        temporary.write_text(as_yaml(record), encoding="utf-8")
