"""Stage: a study in one page: the question, what was run, and what the tables say, with figures and sources."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.config.page_slices import DisplaySettings, FindingSettings, SummarySettings
from plasticity.jobs.adapter import Job, imported
from plasticity.report.figures.reading import read_tables_of
from plasticity.report.summary.digest import Digest, DigestFinding
from plasticity.report.summary.finding import Finding, NotInThisRun
from plasticity.report.summary.summary_page import Image, Page, image, page_html
from plasticity.report.summary.words import network_text
from plasticity.storage.files import atomic_path
from plasticity.storage.tables import read_provenance


def run(job: Job) -> None:
    """Sum a study up in one page."""
    summary = job.slice(SummarySettings, "summary")
    shown = job.slice(imported(summary.tables).SETTINGS)
    summarise(summary, job.input.each(), job.output.each(), settings=shown)


def summarise(
    summary: SummarySettings, files: Mapping[str, Path], outputs: Mapping[str, Path], *, settings: DisplaySettings
) -> None:
    """Write the summary of a study as a page that needs nothing else, and in short for the report's first page.

    Args:
        summary: What the page is about.
        files: Table -> its Parquet file; and "figures", the folder of its figures, each as SVG and as PNG.
        outputs: Where the "page" and the "digest" go.
        settings: What findings read of the configuration.

    Raises:
        PlasticityError: If a table is missing or damaged.
    """
    loaded = read_tables_of(imported(summary.tables), files, settings, what=f"summary of {summary.section}")
    page = Page(
        title=summary.title,
        question=summary.question,
        ran={**_ran(loaded, summary), **imported(summary.ran)(loaded)},
        findings=findings(summary.findings, loaded),
        images=_images(files["figures"], summary.findings),
        sources=summary.sources,
    )
    with atomic_path(outputs["page"]) as temporary:
        temporary.write_text(page_html(page), encoding="utf-8")
    with atomic_path(outputs["digest"]) as temporary:
        temporary.write_text(_digest(page, read_provenance(files["metrics"])).ordered(), encoding="utf-8")


def findings(entries: Iterable[FindingSettings], tables: Any) -> list[Finding]:
    """Return the findings of a study from its tables; one that has nothing to be read from says what is missing."""
    return [_finding(entry, tables) for entry in entries]


def _finding(entry: FindingSettings, tables: Any) -> Finding:
    try:
        statement = imported(entry.function)(tables)
    except NotInThisRun as absent:
        reason = str(absent)
        sentence = f"{reason[:1].upper()}{reason[1:]}."
        return Finding(entry.heading, sentence, entry.figure, entry.table, pd.DataFrame(), missing=True)
    return Finding(entry.heading, statement.sentence, entry.figure, entry.table, statement.rows)


def _digest(page: Page, provenance: Mapping[str, Any]) -> Digest:
    return Digest(
        question=page.question,
        ran=dict(page.ran),
        findings=tuple(_digested(found, page.images.get(found.figure)) for found in page.findings),
        versions=provenance["versions"],
        commit=provenance["commit"],
    )


def _digested(found: Finding, image: Image | None) -> DigestFinding:
    shown = {"figure": found.figure, "text": image.text} if image else {}
    return DigestFinding(title=found.title, sentence=found.sentence, missing=found.missing, **shown)


def _ran(tables: Any, summary: SummarySettings) -> dict[str, str]:
    seeds = sorted(set(tables.metrics["seed"].tolist()))
    return {
        "Data set": summary.dataset,
        "Network": network_text(summary.model),
        "Arms": ", ".join(tables.label(arm) for arm in tables.arms),
        "Seeds": f"{', '.join(map(str, seeds))} (n = {len(seeds)})",
    }


def _images(folder: Path, entries: Iterable[FindingSettings]) -> dict[str, Image]:
    """Return the findings' figures that were drawn, by name."""
    drawn = {entry.figure: folder / f"{entry.figure}.svg" for entry in entries}
    return {name: image(path, path.with_suffix(".png")) for name, path in drawn.items() if path.is_file()}
