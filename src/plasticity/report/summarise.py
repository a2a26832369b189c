"""Stage: a study in one page: the question, what was run, and what the tables say, with figures and sources."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.report.figures.reading import read_tables_of
from plasticity.report.summary.finding import Finding, NotInThisRun, Said
from plasticity.report.summary.summary_page import Image, Page, image, page_html
from plasticity.report.summary.summary_registry import SUMMARIES, summary_module
from plasticity.storage.files import atomic_path


def summarise(
    study: str,
    *,
    tables: Mapping[str, str | Path],
    figures: Sequence[str | Path],
    output: Path,
    settings: Mapping[str, Any],
    drawn_by: Mapping[str, str],
) -> None:
    """Write the summary of a study as a page that needs nothing else.

    Args:
        study: A key of `SUMMARIES`.
        tables: Table -> its Parquet file, as a figure of the study has them.
        figures: The study's figures that the page shows, each as SVG and as PNG, named after the figure.
        output: The page.
        settings: `summary_settings` of the study's plan.
        drawn_by: Figure -> the job that draws it.

    Raises:
        PlasticityError: If a table or setting is missing, or a table is damaged.
    """
    module = importlib.import_module(summary_module(study))
    loaded = read_tables_of(module.TABLES, tables, settings, what=f"summary of {study}")
    page = Page(
        study=study,
        ran={**_ran(loaded, settings), **module.ran(loaded)},
        findings=findings(study, loaded),
        images=_images(figures),
        drawn_by=drawn_by,
    )
    with atomic_path(output) as temporary:
        temporary.write_text(page_html(page), encoding="utf-8")


def findings(study: str, tables: Any) -> list[Finding]:
    """Return the findings of a study from its tables; one that has nothing to be read from says so."""
    return [finding(study, name, tables) for name in SUMMARIES[study].findings]


def finding(study: str, name: str, tables: Any) -> Finding:
    """Return one finding of a study."""
    entry = SUMMARIES[study].findings[name]
    module = importlib.import_module(summary_module(study))
    try:
        said = getattr(module, name)(tables)
    except NotInThisRun as absent:
        said = Said(f"Not in this run: {absent}.", pd.DataFrame())
    return Finding(entry.title, said.sentence, entry.figure, entry.table, said.rows)


def _ran(tables: Any, settings: Mapping[str, Any]) -> dict[str, str]:
    seeds = sorted(set(tables.metrics["seed"].tolist()))
    model = ", ".join(f"{key} {value}" for key, value in settings["model"].items() if value is not None)
    return {
        "Data set": settings["dataset"],
        "Network": model.removeprefix("name "),
        "Arms": ", ".join(tables.label(arm) for arm in tables.arms),
        "Seeds": f"{', '.join(map(str, seeds))} (n = {len(seeds)})",
    }


def _images(files: Sequence[str | Path]) -> dict[str, Image]:
    """Return the figures by name."""
    paths = [Path(path) for path in files]
    drawn = {path.stem: path for path in paths if path.suffix == ".svg"}
    return {name: image(path, path.with_suffix(".png")) for name, path in drawn.items()}
