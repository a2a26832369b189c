"""Does collapse explain anything that training time does not?

Correlation over all checkpoints of a seed between NC1 to NC4 and test accuracy after fine-tuning: Pearson's r,
unadjusted; partial correlations controlling for the warm-up epoch, its logarithm, or a spline of it; and Pearson's r
between changes from checkpoint to checkpoint, which are free of common trends. A correlation due to collapse alone
would persist in all rows; one whose sign depends on the form of time in the model says little. A row is left out
where too few checkpoints define it; the note counts its coefficients.

Points are means of the coefficients over {{ n }}, bars t intervals over seeds at {{ confidence }}.
NC4 rises with collapse while NC1 to NC3 fall, so its signs are opposite.

Not in Bonifazi et al. (2024, arXiv:2404.02719), which reports plain correlations.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.forest import frame_correlations, mark_undefined
from plasticity.report.figures.layout import arm_legend, label_axes, panel, say, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import COLLAPSE, missing_notes, single_seed_note
from plasticity.studies.warm_start.figure_tables import FigureTables

TABLES = ("correlations",)

_METHODS = {
    "pearson": "Pearson",
    "partial_linear": "partial,\nlinear in epoch",
    "partial_log": "partial,\nlog of epoch",
    "partial_spline": "partial,\nspline of epoch",
    "first_difference": "first\ndifferences",
}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw plain, partial and first-difference correlations of NC1 to NC4 with full test accuracy, all arms."""
    figure, axes = style.figure(1, 4, height=4.0 + 0.2 * max(0, len(tables.warmed) - 7), sharey=True)
    coefficients = {metric: _coefficients(tables, metric) for metric in COLLAPSE}
    rows = pd.concat(list(coefficients.values()))
    arms = [arm for arm in tables.warmed if arm in set(rows["arm"])]
    methods = _defined(rows)
    for position, (ax, metric) in enumerate(zip(axes[0], COLLAPSE, strict=True)):
        panel(ax, position, metric.upper())
        frame_correlations(ax, len(methods))
        for place, arm in enumerate(arms):
            _draw_arm(ax, tables, coefficients[metric], (arm, methods), _offset(place, len(arms)))
        if not arms:
            say(ax, "no coefficients")
    axes[0, 0].set_yticks(range(len(methods)), [_METHODS[method] for method in methods])
    axes[0, 0].invert_yaxis()
    label_axes(axes, x="Correlation with full test accuracy (dimensionless)")
    arm_legend(figure, tables)
    write_notes(figure, missing_notes(rows) + single_seed_note(rows))
    return figure


def _coefficients(tables: FigureTables, metric: str) -> pd.DataFrame:
    parts = [
        tables.coefficients(arm, metric, "all", method=method).head(1) for arm in tables.warmed for method in _METHODS
    ]
    return pd.concat([tables.correlations.head(0), *parts])


def _defined(rows: pd.DataFrame) -> list[str]:
    """Return the methods by which any coefficient is defined, all where none is; the note counts the others."""
    found = set(rows.loc[rows["estimate"].notna(), "method"])
    return [method for method in _METHODS if method in found] or list(_METHODS)


def _draw_arm(
    ax: Axes, tables: FigureTables, rows: pd.DataFrame, shown: tuple[str, Sequence[str]], offset: float
) -> None:
    arm, methods = shown
    style = tables.styles[arm]
    rows = rows[rows["arm"] == arm].set_index("method").reindex(list(methods))
    y = np.arange(len(methods)) + offset
    ax.plot(rows["estimate"], y, label=arm, color=style.color, marker=style.marker, linestyle="none", markersize=3.2)
    known = rows["ci_low"].notna().to_numpy()
    ax.hlines(y[known], rows["ci_low"][known], rows["ci_high"][known], color=style.color, linewidth=1)
    mark_undefined(ax, y[rows["estimate"].isna().to_numpy()], style.color)


def _offset(place: int, count: int) -> float:
    return (place + 0.5) / count * 0.84 - 0.42
