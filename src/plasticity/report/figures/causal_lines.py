"""The rows of the causal figures, from the table of causes, and the figure that both studies draw of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.forest import Line, draw_forest, forest_key
from plasticity.report.figures.layout import Arms, panel, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import SINGLE_SEED

_CORRELATION = ArmStyle("#000000", "o", "none")
_ROW = 0.2  # inches


def correlation_lines(causes: pd.DataFrame, shown: Mapping[tuple[str, str], str]) -> list[Line]:
    """Return correlations of ln NC1 with accuracy.

    Args:
        causes: The table.
        shown: Method and window -> the name of their row.
    """
    chosen = causes.loc[causes["quantity"].eq("correlation") & causes["metric"].eq("log_nc1")]
    rows = {(row["method"], row["window_kind"]): row for row in chosen.to_dict("records")}
    return [Line(rows[key], name, _CORRELATION) for key, name in shown.items() if key in rows]


def effect_lines(causes: pd.DataFrame, tables: Arms, names: Mapping[str, str] | None = None) -> list[Line]:
    """Return the total effect of every arm on accuracy, in the arm's colour.

    Args:
        causes: The table.
        tables: What names and colours of the arms are taken from.
        names: Names of arms where they differ from those in legends.
    """
    chosen = causes.loc[causes["quantity"].eq("contrast") & causes["outcome"].eq("accuracy")]
    rows = {row["treatment"]: row for row in chosen.to_dict("records")}
    looks = {arm: ArmStyle(tables.styles[arm].color, "s", "none") for arm in tables.arms}
    shown = {arm: tables.label(arm) for arm in tables.arms} | dict(names or {})
    return [Line(rows[arm], shown[arm], looks[arm]) for arm in tables.arms if arm in rows]


def draw_both(
    style: Style, lines: tuple[Sequence[Line], Sequence[Line]], *, titles: tuple[str, str], notes: Sequence[str]
) -> Figure:
    """Draw correlations above effects, with one legend.

    Args:
        style: What the configuration changes in the figure.
        lines: Correlations, and effects as fractions.
        titles: What stands above the panels.
        notes: What stands below them.
    """
    above, below = lines
    counts = [max(3, len(part)) for part in lines]
    figure, axes = style.figure(2, 1, height=1.7 + _ROW * sum(counts), height_ratios=counts)
    for position, (ax, title) in enumerate(zip(axes[:, 0], titles, strict=True)):
        panel(ax, position, title)
    draw_forest(axes[0, 0], above, bounds=(-1.04, 1.04))
    axes[0, 0].set_xlabel("Correlation (dimensionless)")
    draw_forest(axes[1, 0], below, scale=100)
    axes[1, 0].set_xlabel("Change in accuracy (percentage points)")
    published = any(np.isfinite(float(line.row["published"])) for line in (*above, *below))
    top_legend(figure, forest_key(published=published))
    write_notes(figure, [*notes, *_seed_notes((*above, *below), notes)])
    return figure


def _seed_notes(lines: Sequence[Line], notes: Sequence[str]) -> list[str]:
    seeds: set[Any] = {int(line.row["n_seeds"]) for line in lines}
    missing = sum(not np.isfinite(float(line.row["estimate"])) for line in lines)
    found = [f"{missing} of {len(lines)} estimates undefined."] if missing else []
    return [*found, SINGLE_SEED] if seeds == {1} and SINGLE_SEED not in notes else found
