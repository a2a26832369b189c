"""Stage: a study in one page: the question, what was run, and what the tables say, with figures and sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.jobs.adapter import Job, imported
from plasticity.report.figures.reading import read_tables_of
from plasticity.report.summary.finding import Finding, NotInThisRun, Statement
from plasticity.report.summary.summary_page import Image, Page, image, page_html
from plasticity.report.summary.words import network_text
from plasticity.storage.files import atomic_path


def run(job: Job) -> None:
    """Sum a study up in one page."""
    summarise(job.params["of"], job.input.each(), job.output["page"], settings=job.settings)


def summarise(
    study: Mapping[str, Any], files: Mapping[str, Path], output: Path, *, settings: Mapping[str, Any]
) -> None:
    """Write the summary of a study as a page that needs nothing else.

    Args:
        study: What it is: study (the section's name), title, question, class (of its tables) and ran (a function of
            them), findings (heading, figure, table, function each) and sources (rule and page by table).
        files: Table -> its Parquet file; and "figures", the folder of its figures, each as SVG and as PNG.
        output: The page.
        settings: `summary_settings` of the study's plan.

    Raises:
        PlasticityError: If a table or setting is missing, or a table is damaged.
    """
    what = f"summary of {study['study']}"
    loaded = read_tables_of(imported(study["class"]), files, settings, what=what)
    page = Page(
        title=study["title"],
        question=study["question"],
        ran={**_ran(loaded, settings), **imported(study["ran"])(loaded)},
        findings=findings(study["findings"], loaded),
        images=_images(files["figures"], study["findings"]),
        sources=study["sources"],
    )
    with atomic_path(output) as temporary:
        temporary.write_text(page_html(page), encoding="utf-8")


def findings(entries: Sequence[Mapping[str, str]], tables: Any) -> list[Finding]:
    """Return the findings of a study from its tables; one that has nothing to be read from says so."""
    return [_finding(entry, tables) for entry in entries]


def _finding(entry: Mapping[str, str], tables: Any) -> Finding:
    try:
        statement = imported(entry["function"])(tables)
    except NotInThisRun as absent:
        statement = Statement(f"Not in this run: {absent}.", pd.DataFrame())
    return Finding(entry["heading"], statement.sentence, entry["figure"], entry["table"], statement.rows)


def _ran(tables: Any, settings: Mapping[str, Any]) -> dict[str, str]:
    seeds = sorted(set(tables.metrics["seed"].tolist()))
    return {
        "Data set": settings["dataset"],
        "Network": network_text(settings["model"]),
        "Arms": ", ".join(tables.label(arm) for arm in tables.arms),
        "Seeds": f"{', '.join(map(str, seeds))} (n = {len(seeds)})",
    }


def _images(folder: Path, entries: Sequence[Mapping[str, str]]) -> dict[str, Image]:
    """Return the findings' figures that were drawn, by name."""
    drawn = {entry["figure"]: folder / f"{entry['figure']}.svg" for entry in entries}
    return {name: image(path, path.with_suffix(".png")) for name, path in drawn.items() if path.is_file()}
