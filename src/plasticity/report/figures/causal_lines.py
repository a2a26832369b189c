"""The lines of the causal figures, from the table of causes, and the figure that both studies draw of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.forest import Line, draw_forest, forest_key
from plasticity.report.figures.layout import Arms, panel, sample, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import SINGLE_SEED

WINDOW_STYLES = (ArmStyle("#000000", "o", "none"), ArmStyle("#0072B2", "s", "none"), ArmStyle("#E69F00", "^", "none"))
_PATHS = {"contrast": "total", "direct": "direct", "indirect": "via NC1"}
_MARKERS = {"contrast": "s", "direct": "o", "indirect": "^"}
_ROW = 0.155  # inches


def correlation_lines(causes: pd.DataFrame, forms: Mapping[str, str], windows: Mapping[str, str]) -> list[Line]:
    """Return the correlations of ln NC1 with accuracy, by form and, below each other, by window.

    Args:
        causes: The table.
        forms: Method -> its name.
        windows: Window -> its name, in the order of `WINDOW_STYLES`.
    """
    chosen = causes.loc[causes["quantity"].eq("correlation") & causes["metric"].eq("log_nc1")]
    rows = {(row["method"], row["window_kind"]): row for row in chosen.to_dict("records")}
    lines: list[Line] = []
    for form, name in forms.items():
        of_form = [window for window in windows if (form, window) in rows]
        for place, window in enumerate(of_form):
            mark = WINDOW_STYLES[list(windows).index(window)]
            lines.append(Line(rows[form, window], "", mark, name if place == 0 else ""))
    return lines


def effect_lines(causes: pd.DataFrame, tables: Arms) -> list[Line]:
    """Return for every arm the total effect on accuracy and its two parts, in the arm's colour.

    Args:
        causes: The table.
        tables: What names and colours of the arms are taken from.
    """
    chosen = causes.loc[causes["quantity"].isin(list(_PATHS)) & causes["outcome"].eq("accuracy")]
    rows = {(row["treatment"], row["quantity"]): row for row in chosen.to_dict("records")}
    lines: list[Line] = []
    for arm in tables.arms:
        color, group = tables.styles[arm].color, tables.label(arm)
        for path, name in _PATHS.items():
            if (arm, path) in rows:
                lines.append(Line(rows[arm, path], name, ArmStyle(color, _MARKERS[path], "none"), group))
                group = ""
    return lines


def draw_both(
    style: Style,
    lines: tuple[Sequence[Line], Sequence[Line]],
    *,
    titles: tuple[str, str],
    windows: Mapping[str, str],
    notes: Sequence[str],
) -> Figure:
    """Draw correlations above effects, with one legend.

    Args:
        style: What the configuration changes in the figure.
        lines: Correlations, and effects as fractions.
        titles: What stands above the panels.
        windows: Window -> its name.
        notes: What stands below them.
    """
    above, below = lines
    counts = [max(4, len(part)) for part in lines]
    figure, axes = style.figure(2, 1, height=1.7 + _ROW * sum(counts), height_ratios=counts)
    for position, (ax, title) in enumerate(zip(axes[:, 0], titles, strict=True)):
        panel(ax, position, title)
    draw_forest(axes[0, 0], above, bounds=(-1.04, 1.04))
    axes[0, 0].set_xlabel("Correlation (dimensionless)")
    draw_forest(axes[1, 0], below, scale=100)
    axes[1, 0].set_xlabel("Change in accuracy (percentage points)")
    drawn = {line.row["window_kind"] for line in above}
    key = [
        sample(mark, windows[window]) for window, mark in zip(windows, WINDOW_STYLES, strict=False) if window in drawn
    ]
    published = any(np.isfinite(float(line.row["published"])) for line in (*above, *below))
    top_legend(figure, key + forest_key(published=published))
    write_notes(figure, [*notes, *_seed_notes((*above, *below), notes)])
    return figure


def _seed_notes(lines: Sequence[Line], notes: Sequence[str]) -> list[str]:
    seeds: set[Any] = {int(line.row["n_seeds"]) for line in lines}
    missing = sum(not np.isfinite(float(line.row["estimate"])) for line in lines)
    found = [f"{missing} of {len(lines)} estimates undefined."] if missing else []
    return [*found, SINGLE_SEED] if seeds == {1} and SINGLE_SEED not in notes else found
