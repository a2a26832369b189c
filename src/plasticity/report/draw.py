"""Stage: figures from a study's tables, as SVG and PNG."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from plasticity.config.own_code import import_own_code
from plasticity.config.own_figures import file_name
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job, imported
from plasticity.report.figures.description import describe
from plasticity.report.figures.reading import read_tables_of, refuse_missing
from plasticity.report.figures.style import Style, save


def run(job: Job) -> None:
    """Draw the figures of a study into its folder."""
    draw(
        job.params["figures"],
        job.output["figures"],
        of_study=imported(job.params["of_study"]),
        tables=job.input.each(),
        settings=job.settings,
    )


def draw(
    figures: Mapping[str, str],
    folder: Path,
    *,
    of_study: Any,
    tables: Mapping[str, str | Path],
    settings: Mapping[str, Any],
) -> None:
    """Draw figures of one study and write each as SVG and PNG.

    Args:
        figures: Names of figures, and the modules that draw them; "module:function" of the user's own code.
        folder: Where they are written, named after the figures.
        of_study: Class that the study's figures are made from, such as `FigureTables`.
        tables: Table -> its Parquet file.
        settings: `styles`, figure to its section of the configuration, and those of the class, such as `arms`, `labels`
            and `analysis`.

    Raises:
        PlasticityError: If a table or setting is missing or wrong, a table is damaged, or what draws makes no figure.
    """
    what = f"figure {', '.join(figures)}"
    refuse_missing(f"{what}: expected the settings", ("styles",), settings)
    refuse_missing(f"{what}: expected the styles of", tuple(figures), settings["styles"])
    styles = {name: Style.from_settings(settings["styles"][name]) for name in figures}
    loaded = read_tables_of(of_study, tables, settings, what=what)
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in figures.items():
        stem = file_name(name)
        with styles[name].context():
            figure = _drawing(module)(loaded, styles[name])
            if not isinstance(figure, Figure):
                raise PlasticityError(f"figure {name}: expected a matplotlib figure, got {type(figure).__name__}")
            save(figure, folder / f"{stem}.svg", folder / f"{stem}.png", describe(figure, stem, loaded))


def _drawing(module: str) -> Callable[[Any, Style], Figure]:
    """Import what draws a figure: `draw` of a module of the package, or a function of the user's own code."""
    name, _, function = module.partition(":")
    return getattr(import_own_code(name), function or "draw")
