"""Stage: one figure from a study's tables, as SVG and PNG."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from plasticity.errors import PlasticityError
from plasticity.figures.description import describe
from plasticity.figures.registry import figure_entry, figure_module, tables_class
from plasticity.figures.style import Style, save
from plasticity.tables import read_table


def draw(
    name: str,
    *,
    tables: Mapping[str, str | Path],
    svg: str | Path,
    png: str | Path,
    settings: Mapping[str, Any],
) -> None:
    """Draw the figure `name` and write it as SVG and PNG.

    Args:
        name: A key of the `figures` of a study's configuration.
        tables: Table -> its Parquet file. The warm-start study has metrics, histories and correlations, the permuted
            study metrics and correlations, the train-test study metrics, transfer and correlations.
        svg: Where the SVG is written.
        png: Where the PNG is written.
        settings: `style`, the figure's section of the configuration; `arms`, all arms in order; `labels`, arm to
            name in legends; `analysis`, the section of that name; and `warm_ups`, arm to warm-up, in the warm-start
            study, or `experiments`, arm to experiment, in the others.

    Raises:
        PlasticityError: If there is no such figure, a table or setting is missing or wrong, or a table is damaged.
    """
    module, kind = tables_class(name)
    _complete(f"figure {name}: expected the settings", ("style",), settings)
    style = Style.from_settings(settings["style"])
    of_study = getattr(importlib.import_module(module), kind)
    loaded = read_tables_of(of_study, tables, settings, what=f"figure {name}")
    with style.context():
        figure = render(name, loaded, style)
        save(figure, svg, png, describe(figure, name, loaded))


def read_tables_of(of_study: Any, tables: Mapping[str, str | Path], settings: Mapping[str, Any], *, what: str) -> Any:
    """Read a study's tables into its class, such as `FigureTables`, with the settings that it needs.

    Raises:
        PlasticityError: If a table or setting is missing, or a table is damaged; `what` opens the message.
    """
    _complete(f"{what}: expected the tables", of_study.SCHEMAS, tables)
    _complete(f"{what}: expected the settings", of_study.SETTINGS, settings)
    frames = {key: read_table(tables[key], schema) for key, schema in of_study.SCHEMAS.items()}
    return of_study(**frames, **{key: settings[key] for key in of_study.SETTINGS})


def render(name: str, tables: Any, style: Style) -> Figure:
    """Return the figure `name` of its study's tables; call it, and save its result, inside `style.context()`.

    Raises:
        PlasticityError: If there is no such figure.
    """
    module = importlib.import_module(figure_module(name))
    return module.draw(tables, style, **figure_entry(name).options)


def _complete(expectation: str, expected: Any, given: Mapping[str, Any]) -> None:
    missing = [key for key in expected if key not in given]
    if missing:
        raise PlasticityError(f"{expectation} {list(expected)}, got none for {missing}")
