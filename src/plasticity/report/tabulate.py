"""Stage: a page of the report about tables of a study."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
        settings=job.settings,
    )


def tabulate(
    module: str,
    tables: Mapping[str, Path],
    output: Path,
    *,
    schemas: Mapping[str, str],
    title: str,
    settings: Mapping[str, Any],
) -> None:
    """Write the page that a module makes of tables.

    Args:
        module: Its dotted name; `rows` makes the page's rows of `TABLES`, the arms' labels and the settings that
            `READS` names, `NOTE` explains them.
        tables: Their files by name.
        output: The page.
        schemas: Their schemas by name.
        title: Title of the page.
        settings: labels, by arm, and what `READS` names.

    Raises:
        PlasticityError: If a table is damaged.
    """
    page: Any = importlib.import_module(module)
    frames = [read_table(tables[name], schemas[name]) for name in page.TABLES]
    options = {name: value for name, value in settings.items() if name != "labels"}
    rows = page.rows(*frames, settings["labels"], **options)
    write_html(rows, output, title=title, note=page.NOTE, wide=getattr(page, "WIDE", ()))
