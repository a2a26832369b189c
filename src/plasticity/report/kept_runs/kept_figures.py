"""The figures of a kept run, drawn anew from its tables when how they are drawn has changed."""

import tempfile
from pathlib import Path

from plasticity.report.draw import FigureFiles, draw
from plasticity.report.figures.figure_registry import FIGURES
from plasticity.report.kept_runs.kept_run import Run


def draw_anew(run: Run) -> list[Path]:
    """Draw the figures that lie in the folder of a kept run, in the style of its configuration; return their files.

    Raises:
        PlasticityError: If a table is missing or damaged.
    """
    names = [name for name in run.figures if name in FIGURES and FIGURES[name].study == run.study]
    if not names:
        return []
    tables = {path.stem: path for path in run.folder.glob("*.parquet")}
    files = [run.folder / f"{name}.png" for name in names]
    styles = {name: run.plan.study["figures"].get(name) or {} for name in names}
    with tempfile.TemporaryDirectory() as elsewhere:
        drawn = {path.stem: FigureFiles(Path(elsewhere, f"{path.stem}.svg"), path) for path in files}
        draw(drawn, tables=tables, settings={**run.plan.summary_settings(), "styles": styles})
    return files
