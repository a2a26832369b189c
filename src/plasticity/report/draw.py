"""Stage: figures from a study's tables, as SVG, PNG and PDF."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from plasticity.config.own_code import import_own_code
from plasticity.config.own_figures import file_name
from plasticity.config.page_slices import DisplaySettings, FigureStyles
from plasticity.config.study_section import FigureStyle
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job, imported
from plasticity.report.figures.description import describe
from plasticity.report.figures.reading import read_tables_of
from plasticity.report.figures.style import Style, save


def run(job: Job) -> None:
    """Draw the figures of a study into its folder."""
    tables_class = imported(job.params["tables_class"])
    draw(
        job.params["figures"],
        job.output["figures"],
        tables_class=tables_class,
        tables=job.input.each(),
        settings=job.slice(tables_class.SETTINGS),
        styles=job.slice(FigureStyles, "styles").styles,
    )


def draw(
    figures: Mapping[str, str],
    folder: Path,
    *,
    tables_class: Any,
    tables: Mapping[str, str | Path],
    settings: DisplaySettings,
    styles: Mapping[str, FigureStyle],
) -> None:
    """Draw figures of one study and write each as SVG, PNG and PDF.

    Args:
        figures: Names of figures, and the modules that draw them; "module:function" of the user's own code.
        folder: Where they are written, named after the figures.
        tables_class: Class that the study's figures are made from, such as `FigureTables`.
        tables: Table -> its Parquet file.
        settings: What the class reads of the configuration.
        styles: Figure -> its style, where the configuration gives it one.

    Raises:
        PlasticityError: If a table is missing or damaged, or what draws makes no figure.
    """
    loaded = read_tables_of(tables_class, tables, settings, what=f"figure {', '.join(figures)}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in figures.items():
        stem, style = file_name(name), Style.of(styles.get(name, FigureStyle()))
        with style.context():
            figure = _drawing(module)(loaded, style)
            if not isinstance(figure, Figure):
                raise PlasticityError(f"figure {name}: expected a matplotlib figure, got {type(figure).__name__}")
            svg, png, pdf = (folder / f"{stem}.{ending}" for ending in ("svg", "png", "pdf"))
            save(figure, svg, png, describe(figure, stem, loaded), pdf)


def _drawing(module: str) -> Callable[[Any, Style], Figure]:
    """Import what draws a figure: `draw` of a module of the package, or a function of the user's own code."""
    name, _, function = module.partition(":")
    return getattr(import_own_code(name), function or "draw")
