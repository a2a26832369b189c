"""What a study is: its question, tables, pages and findings, and the functions that are its own.

Everything else exists once, for all studies, and reads from this what it needs. Functions and classes are named as
"module:name" inside the study's package and imported when they are called, so that reading the workflow stays fast.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity.config.described import Described, described_in
from plasticity.config.own_figures import own_figure
from plasticity.config.page_slices import Curves, FindingSettings, SourceSettings, SummarySettings
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import imported
from plasticity.studies.study_figures import figures_in

if TYPE_CHECKING:  # with its check, which the stages of a study do not need
    from plasticity.config.load import Configuration

_ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Axis:
    """What counts the checkpoints or tasks of a run: column of the tables, unit, label of figures."""

    column: str
    unit: str
    label: str


@dataclass(frozen=True)
class Table:
    """A table of a study: its schema, the rule that writes it, what a row is, and the page that shows it, if any."""

    schema: str
    rule: str
    row: str
    page: str = ""


CORRELATIONS = Table(
    "correlations", "correlate", "a metric, an outcome, an arm, a method, a window, an aggregate", page="correlations"
)
EXPLANATIONS = Table("explanations", "explain", "a quantity, a loss and a scope", page="explanations")
CAUSES = Table("causes", "find_causes", "a question, a quantity, a treatment, a method, a window", page="causes")


@dataclass(frozen=True)
class Finding:
    """A finding of the summary: heading, the figure that shows it, the table it is read from, its function."""

    heading: str
    figure: str
    table: str
    function: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the page of a kept run says of a study.

    Attributes:
        outcomes: Function of metrics, labels and confidence: the table of outcomes.
        note: What is said of it.
        correlations: Function of correlations and labels: the table of correlations.
        control: What the row of the control is called.
        tables: Further tables that are read.
        more: Function of the page's content: further parts, as title, note and rows; empty for none.
    """

    outcomes: str
    note: str
    correlations: str
    control: str
    tables: tuple[str, ...] = ()
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study.

    Attributes:
        name: What a section's key `study` says; the study's package has this name.
        section: The section that is of this study without saying so.
        settings: Class of its sections: their keys, and what is checked across them.
        title: Its heading.
        question: What it asks.
        plan: Class of its plan.
        axis: What counts its checkpoints or tasks.
        curves: Columns of "metrics" whose curves are drawn with values to read; none where a run is no single curve.
        tables: Its tables by the names of their files; "metrics" and "correlations" are among them.
        figure_tables: Class of what its figures and its findings are made from.
        ran: Function of that: what was run, as far as only this study has it.
        findings: Its findings, in the order of the summary.
        correlate: Stage that writes "correlations".
        correlated: The table that it reads.
        find_causes: Stage that writes "causes"; empty for a study whose arms are no experiment.
        explain: Stage that writes "explanations"; empty for a study whose runs are no sequences of tasks.
        kept: What the page of a kept run says of it.
    """

    name: str
    section: str
    settings: str
    title: str
    question: str
    plan: str
    axis: Axis
    curves: tuple[str, ...] = ()
    tables: Mapping[str, Table]
    figure_tables: str
    ran: str
    findings: tuple[Finding, ...]
    correlate: str
    correlated: str = "metrics"
    find_causes: str = ""
    explain: str = ""
    kept: Kept = field(repr=False)

    @property
    def package(self) -> str:
        """Dotted name of the study's package."""
        return f"plasticity.studies.{self.name}"

    @property
    def folder(self) -> Path:
        """Folder of the study's package."""
        return _ROOT / self.name

    @property
    def published(self) -> Path:
        """File with what papers published about the study."""
        return self.folder / "published.yaml"

    @property
    def front(self) -> Path:
        """Template of what the report's front page says of a section: reStructuredText; `study` is the section."""
        return self.folder / "front.rst"

    def dotted(self, name: str) -> str:
        """Return a name inside the package as "module:name" that can be imported from anywhere."""
        return f"{self.package}.{name}"

    def load(self, name: str) -> Any:
        """Import what a name inside the package names."""
        return imported(self.dotted(name))

    def plan_of(self, config: "Configuration", section: str) -> Any:
        """Return the plan of a section of a checked configuration."""
        return self.load(self.plan)(config, section)

    @cached_property
    def figures(self) -> dict[str, Described]:
        """Its figures by name, a file each."""
        return figures_in(self.folder, self.package)

    @cached_property
    def pages(self) -> dict[str, Described]:
        """Pages of the report about its tables by name, a file each."""
        return described_in(self.folder / "pages", f"{self.package}.pages")

    def drawn(self, figures: Iterable[str]) -> dict[str, Described]:
        """Return figures as they describe themselves, its own and those of the user's own code ("module:function").

        Raises:
            PlasticityError: If one is drawn from a table that the study does not have.
        """
        found = {name: own_figure(name) if ":" in name else self.figures[name] for name in figures}
        for name, figure in found.items():
            if unknown := [table for table in figure.tables if table not in self.tables]:
                expected = f"TABLES to name tables of the study ({', '.join(self.tables)})"
                raise PlasticityError(f"figures.{name}: expected {expected}, got {', '.join(unknown)}")
        return found

    def titled(self, section: str) -> str:
        """Return the title of a section: the study's, or in words the name that a section was given."""
        return self.title if section == self.section else section.replace("_", " ").capitalize()

    def summary(self, plan: Any) -> SummarySettings:
        """Return what the page that sums up a section says of it, whose plan this is."""
        findings = [{**asdict(each), "function": self.dotted(each.function)} for each in self.findings]
        return SummarySettings(
            section=plan.name,
            title=self.titled(plan.name),
            question=self.question,
            dataset=plan.config.dataset.name,
            model=plan.section.model,
            tables=self.dotted(self.figure_tables),
            ran=self.dotted(self.ran),
            findings=tuple(FindingSettings(**each) for each in findings),
            sources={name: SourceSettings(rule=table.rule, page=table.page) for name, table in self.tables.items()},
        )

    @property
    def shown_by(self) -> str:
        """Module that its figures are made from."""
        return self.dotted(self.figure_tables).partition(":")[0]

    @property
    def summarised_by(self) -> list[str]:
        """Modules that compute the summary."""
        return sorted(
            {self.dotted(name).partition(":")[0] for name in (self.ran, *(each.function for each in self.findings))}
        )

    @property
    def kept_by(self) -> list[str]:
        """Modules that the page of a kept run is computed by."""
        return sorted({self.dotted(self.kept.outcomes).partition(":")[0], f"{self.package}.plan"})

    def curves_of(self, plan: Any) -> Curves:
        """Return what of a section's table of metrics is drawn as curves, and against what; this is its plan."""
        return Curves(
            table=self.tables["metrics"].schema,
            x=self.axis.column,
            x_label=self.axis.label,
            columns=self.curves,
            arms=tuple(plan.arms),
            labels=plan.labels,
            confidence=plan.section.analysis.confidence,
        )
