"""What the studies say of themselves, by the sections that are of them: figures, findings, published claims."""

import importlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from matplotlib.figure import Figure

from plasticity.config.page_slices import FindingSettings, PageSettings
from plasticity.report.figures.style import Style
from plasticity.report.published.claims import Published, read_published
from plasticity.report.summarise import findings as computed
from plasticity.report.summary.finding import Finding
from plasticity.report.tabulate import tabulate
from plasticity.studies import all_studies

BY_SECTION = {study.section: study for study in all_studies().values()}
"""Study by the section that is of it without saying so."""

TINY_AGENTS = yaml.safe_load((Path(__file__).parent / "config/tiny_agents.yaml").read_text(encoding="utf-8"))["agents"]
"""A section of the study of agents, which the demonstration does not have."""


_LOCOMOTION = (Path(__file__).parent / "config/tiny_locomotion.yaml").read_text(encoding="utf-8")
TINY_LOCOMOTION = yaml.safe_load(_LOCOMOTION)["locomotion"]
"""A section of the study of locomotion, which the demonstration does not have either."""


@dataclass(frozen=True)
class DrawnFigure:
    """A figure's section, the module that draws it, and the tables that it reads."""

    study: str
    module: str
    tables: tuple[str, ...]


FIGURES = {
    name: DrawnFigure(section, figure.module, figure.tables)
    for section, study in sorted(BY_SECTION.items(), key=lambda item: item[0] == "permuted")
    for name, figure in study.figures.items()
}
"""Figures by name; those of every study are drawn from a sequence of tasks, whose tables here hold what they need."""


def render(name: str, tables: Any, style: Style) -> Figure:
    """Draw a figure, as the stage does."""
    return importlib.import_module(FIGURES[name].module).draw(tables, style)


def entries_of(section: str) -> list[FindingSettings]:
    """Findings of a study as the summary is told them."""
    study = BY_SECTION[section]
    dotted = [{**asdict(entry), "function": study.dotted(entry.function)} for entry in study.findings]
    return [FindingSettings(**entry) for entry in dotted]


def findings(section: str, tables: Any) -> list[Finding]:
    """All findings of a study from its tables."""
    return computed(entries_of(section), tables)


def finding(section: str, name: str, tables: Any) -> Finding:
    """The finding that the function of this name makes."""
    (found,) = computed([entry for entry in entries_of(section) if entry.function.endswith(f":{name}")], tables)
    return found


def claims_of(section: str) -> Published:
    """What is published about a study."""
    return read_published(BY_SECTION[section].published)


def write_pages(section: str, tables: Mapping[str, Path], folder: Path, labels: Mapping[str, str]) -> dict[str, Path]:
    """Write the pages of a study that these tables suffice for, as the stage does; return their files by name."""
    study, outputs = BY_SECTION[section], {}
    schemas = {name: table.schema for name, table in study.tables.items()}
    for name, page in study.pages.items():
        if set(page.tables) <= set(tables):
            outputs[name] = folder / f"{name}.html"
            settings = PageSettings(labels=dict(labels), **dict.fromkeys(page.reads, 0.95))
            tabulate(page.module, tables, outputs[name], schemas=schemas, title=page.label, settings=settings)
    return outputs
