"""Stage: explanations across sections as a figure, a page and a finding of the report's first page."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from plasticity.config.page_slices import AcrossDisplay
from plasticity.jobs.adapter import Job
from plasticity.report.figures.description import describe
from plasticity.report.figures.style import Style, save
from plasticity.report.html_tables import write_html
from plasticity.report.summary.digest import Digest, DigestFinding
from plasticity.storage.files import atomic_path
from plasticity.storage.tables import read_provenance, read_table
from plasticity.studies.continual.across.explained_across import about, explained_across
from plasticity.studies.continual.across.skills_across import draw
from plasticity.studies.continual.explained import loss_of
from plasticity.studies.continual.pages.explanations import SKILL_NOTE, cells_of, place_of

FIGURE = "explanations_across"
TITLE = "Which quantity explains the loss in every section?"
_NOTE = (
    "The losses of each section (a sequence of tasks and a network) are predicted by a fit to the other sections, in "
    "other seeds. Quantities and tasks are ranks in their section, and losses are in standard deviations of their "
    "section: what is compared is how losses vary within a section, not between sections. "
)


def run(job: Job) -> None:
    """Show the table of explanations across sections."""
    show_across(job.input["explanations"], job.output.each(), settings=job.slice(AcrossDisplay))


def show_across(table: Path, outputs: Mapping[str, Path], *, settings: AcrossDisplay) -> None:
    """Write a figure, a page, and the digest that the report's first page is made from.

    Args:
        table: The table "explanations_across".
        outputs: Where the figure as "svg", "png" and "pdf", the "page" and the "digest" go.
        settings: Level of the intervals, and titles of the sections.

    Raises:
        PlasticityError: If the table is damaged.
    """
    rows, style = read_table(table, "explanations_across"), Style()
    with style.context():
        figure = draw(rows, settings, style)
        description = describe(figure, FIGURE)
        save(figure, outputs["svg"], outputs["png"], description, outputs["pdf"])
    note = f"{_NOTE}{about(settings)} {SKILL_NOTE}"
    write_html(page_rows(rows, settings), outputs["page"], title="explanations across sections", note=note)
    sentence = explained_across(rows, settings)
    finding = DigestFinding(
        title=TITLE,
        sentence=sentence,
        figure=FIGURE,
        text=f"{description.title}. {description.text}",
        missing=not loss_of(rows),
    )
    ran, made = {"Sections": ", ".join(settings.titles.values())}, read_provenance(table)
    digest = Digest(
        question="Does an explanation of the loss hold on sequences of tasks and networks that it was not fitted on?",
        ran=ran,
        findings=(finding,),
        versions=made["versions"],
        commit=made["commit"],
    )
    with atomic_path(outputs["digest"]) as temporary:
        temporary.write_text(digest.ordered(), encoding="utf-8")


def page_rows(table: pd.DataFrame, settings: AcrossDisplay) -> pd.DataFrame:
    """Return a row per loss, section and quantity, in words; the means over the sections come first."""
    names = {"": "mean over sections", **settings.titles}
    places = {name: place for place, name in enumerate(names)}
    ordered = sorted(table.to_dict("records"), key=lambda row: place_of(row, places[row["section"]]))
    return pd.DataFrame([cells_of(row, names[row["section"]]) for row in ordered])
