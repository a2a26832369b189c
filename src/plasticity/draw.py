"""Stage: one figure from a study's tables, as SVG and PNG."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from plasticity.errors import PlasticityError
from plasticity.figures.inputs import FigureTables
from plasticity.figures.registry import figure_entry, figure_module
from plasticity.figures.style import Style, save
from plasticity.tables import read_table

_SETTINGS = ("style", "arms", "labels", "warm_ups", "analysis")


def draw(
    name: str,
    *,
    metrics: str | Path,
    histories: str | Path,
    correlations: str | Path,
    svg: str | Path,
    png: str | Path,
    settings: Mapping[str, Any],
) -> None:
    """Draw the figure `name` and write it as SVG and PNG.

    Args:
        name: A key of the configuration's `figures`.
        metrics: Parquet table of schema "metrics".
        histories: Parquet table of schema "history".
        correlations: Parquet table of schema "correlations".
        svg: Where the SVG is written.
        png: Where the PNG is written.
        settings: `style`, the figure's section of the configuration; `arms`, all arms in order; `labels`, arm to
            name in legends; `warm_ups`, arm to warm-up; `analysis`, the section of that name.

    Raises:
        PlasticityError: If there is no such figure, a setting is missing or wrong, or a table is damaged.
    """
    figure_entry(name)
    missing = [key for key in _SETTINGS if key not in settings]
    if missing:
        raise PlasticityError(f"figure {name}: expected the settings {list(_SETTINGS)}, got none for {missing}")
    tables = FigureTables(
        metrics=read_table(metrics, "metrics"),
        histories=read_table(histories, "history"),
        correlations=read_table(correlations, "correlations"),
        arms=tuple(settings["arms"]),
        labels=settings["labels"],
        warm_ups=settings["warm_ups"],
        analysis=settings["analysis"],
    )
    style = Style.from_settings(settings["style"])
    with style.context():
        save(render(name, tables, style), svg, png)


def render(name: str, tables: FigureTables, style: Style) -> Figure:
    """Return the figure `name`; call it, and save its result, inside `style.context()`.

    Raises:
        PlasticityError: If there is no such figure.
    """
    module = importlib.import_module(figure_module(name))
    return module.draw(tables, style, **figure_entry(name).options)
