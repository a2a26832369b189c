"""Stage: figures from a study's tables, as SVG and PNG."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from plasticity.report.figures.description import describe
from plasticity.report.figures.figure_registry import figure_entry, figure_module, tables_class
from plasticity.report.figures.reading import read_tables_of, refuse_missing
from plasticity.report.figures.style import Style, save


class FigureFiles(NamedTuple):
    """Where a figure is written."""

    svg: Path
    png: Path


def draw(figures: Mapping[str, FigureFiles], *, tables: Mapping[str, str | Path], settings: Mapping[str, Any]) -> None:
    """Draw figures of one study and write each as SVG and PNG.

    Args:
        figures: Keys of the `figures` of a study's configuration, and where each is written.
        tables: Table -> its Parquet file. The warm-start study has metrics, histories, correlations and causes, the
            permuted study metrics, correlations and causes, the train-test study metrics, transfer and correlations.
        settings: `styles`, figure to its section of the configuration, and those of the study's class of tables
            (`plasticity.report.figures.figure_registry.tables_class`), such as `arms`, `labels` and `analysis`.

    Raises:
        PlasticityError: If there is no such figure, a table or setting is missing or wrong, or a table is damaged.
    """
    what = f"figure {', '.join(figures)}"
    ((module, kind),) = {tables_class(name) for name in figures}
    refuse_missing(f"{what}: expected the settings", ("styles",), settings)
    refuse_missing(f"{what}: expected the styles of", tuple(figures), settings["styles"])
    styles = {name: Style.from_settings(settings["styles"][name]) for name in figures}
    loaded = read_tables_of(getattr(importlib.import_module(module), kind), tables, settings, what=what)
    for name, files in figures.items():
        with styles[name].context():
            figure = render(name, loaded, styles[name])
            save(figure, files.svg, files.png, describe(figure, name, loaded))


def render(name: str, tables: Any, style: Style) -> Figure:
    """Return the figure `name` of its study's tables; call it, and save its result, inside `style.context()`.

    Raises:
        PlasticityError: If there is no such figure.
    """
    module = importlib.import_module(figure_module(name))
    return module.draw(tables, style, **figure_entry(name).options)
