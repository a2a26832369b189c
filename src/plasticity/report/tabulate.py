"""Stage: a page of the report about tables of a study."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plasticity.config.page_slices import PageSettings
from plasticity.jobs.adapter import Job
from plasticity.report.html_tables import write_html
from plasticity.storage.tables import read_table


def run(job: Job) -> None:
    """Write one page."""
    tabulate(
        job.params["module"],
        job.input.each(),
        job.output["page"],
        schemas=job.params["schemas"],
        title=job.params["title"],
        settings=job.slice(PageSettings),
    )


def tabulate(
    module: str,
    tables: Mapping[str, Path],
    output: Path,
    *,
    schemas: Mapping[str, str],
    title: str,
    settings: PageSettings,
) -> None:
    """Write the page that a module makes of tables.

    Args:
        module: Its dotted name; `rows` makes the page's rows of `TABLES`, the arms' labels and the settings that
            `READS` names, `NOTE` explains them.
        tables: Their files by name.
        output: The page.
        schemas: Their schemas by name.
        title: Title of the page.
        settings: The arms' labels, and what `READS` names.

    Raises:
        PlasticityError: If a table is damaged.
    """
    page: Any = importlib.import_module(module)
    frames = [read_table(tables[name], schemas[name]) for name in page.TABLES]
    options = {name: getattr(settings, name) for name in getattr(page, "READS", ())}
    rows = page.rows(*frames, settings.labels, **options)
    write_html(rows, output, title=title, note=page.NOTE, wide=getattr(page, "WIDE", ()))
