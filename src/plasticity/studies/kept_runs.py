"""Kept runs: `python -m plasticity.studies.kept_runs docs/reproduction/permuted_mnist` writes their pages anew.

With `--figures` before the folders, their figures are drawn anew first, from the tables that lie there; with
`--analyses`, correlations and causes are computed anew before that.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plasticity.config.described import Described
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Files, Job
from plasticity.report.captions import filled_caption
from plasticity.report.draw import draw
from plasticity.report.kept_runs.kept_page import COMMAND, write_page
from plasticity.report.kept_runs.kept_run import PageParts, Run, keep, read_record
from plasticity.report.published.claims import read_published
from plasticity.storage.files import atomic_path
from plasticity.studies import sections_of
from plasticity.studies.configuration import recorded_config
from plasticity.studies.study import Study

_DRAW, _ANALYSE = "--figures", "--analyses"


def run(job: Job) -> None:
    """Keep a finished run: copy its tables and figures into the folder beside the page, and write the page."""
    page = job.output["page"]
    folder = page.with_suffix("")
    files = [*job.input.all("tables"), *sorted(job.input["figures"].glob("*.png"))]
    config = json.loads(job.params["config"])
    keep(folder, files, study=job.params["study"], command=job.params["command"], config=config)
    write_page(read_run(folder))


def read_run(folder: Path) -> Run:
    """Read a kept run with its plan and what its study says of it.

    Raises:
        PlasticityError: If the folder has no record, or one without study, command and configuration.
    """
    record = read_record(folder)
    study = _study(record)
    kept = study.kept
    plan = study.plan_of(recorded_config(record["config"]), record["study"])
    values = plan.section.plain()
    drawn = study.drawn(name for name in plan.section.figures if name in study.figures)
    return Run(
        folder,
        **record,
        plan=plan,
        published=read_published(study.published),
        page_parts=PageParts(
            outcomes=study.load(kept.outcomes),
            note=kept.note,
            correlations=study.load(kept.correlations),
            control=kept.control,
            tables=kept.tables,
            more=study.load(kept.more) if kept.more else None,
            captions={name: _caption(figure, values) for name, figure in drawn.items()},
        ),
    )


def analyse_anew(kept: Run) -> None:
    """Write correlations, causes and explanations of a kept run, as far as its study has them, from its tables.

    Raises:
        PlasticityError: If a table is missing or damaged.
    """
    study = _study({"study": kept.study, "config": kept.config})
    stages = [(study.correlate, study.correlated, "correlations", kept.plan.correlate_settings)]
    if study.find_causes and kept.table("causes").is_file():
        stages.append((study.find_causes, "metrics", "causes", kept.plan.causes_settings))
    if study.explain:
        stages.append((study.explain, "metrics", "explanations", kept.plan.explain_settings))
    for stage, table, made, settings in stages:
        read, written = (Files(named={name: (kept.table(name),)}) for name in (table, made))
        study.load(stage)(Job(input=read, output=written, params={"settings": settings().canonical()}))


def draw_anew(kept: Run) -> list[Path]:
    """Draw the figures that lie in the folder of a kept run, in the style of its configuration; return their files.

    Raises:
        PlasticityError: If a table is missing or damaged.
    """
    study = _study({"study": kept.study, "config": kept.config})
    names = [name for name in kept.figures if name in study.figures]
    if not names:
        return []
    tables = {path.stem: path for path in kept.folder.glob("*.parquet")}
    settings, styles = kept.plan.display_settings(), kept.plan.style_settings().styles
    with tempfile.TemporaryDirectory() as elsewhere:
        tables_class = study.load(study.figure_tables)
        modules = {name: figure.module for name, figure in study.drawn(names).items()}
        draw(modules, Path(elsewhere), tables_class=tables_class, tables=tables, settings=settings, styles=styles)
        for name in names:
            with atomic_path(kept.folder / f"{name}.png") as temporary:
                shutil.copyfile(Path(elsewhere, f"{name}.png"), temporary)
    return [kept.folder / f"{name}.png" for name in names]


def main(arguments: list[str]) -> int:
    """Write the page beside each folder that is given; return the exit status."""
    folders = [argument for argument in arguments if argument not in (_DRAW, _ANALYSE)]
    if not folders:
        print(f"usage: {COMMAND} [{_ANALYSE}] [{_DRAW}] <folder> ...", file=sys.stderr)
        return 2
    try:
        for folder in folders:
            kept = read_run(Path(folder))
            if _ANALYSE in arguments:
                analyse_anew(kept)
            if _DRAW in arguments:
                draw_anew(kept)
            print(write_page(kept))
    except PlasticityError as error:
        print(f"plasticity: {error}", file=sys.stderr)
        return 1
    return 0


def _caption(figure: Described, section: Mapping[str, Any]) -> str:
    title = figure.title if figure.title.endswith("?") else f"{figure.title}."
    return f"**{title}** {filled_caption(figure, section)}"


def _study(record: dict[str, Any]) -> Study:
    return sections_of(record["config"])[record["study"]]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
