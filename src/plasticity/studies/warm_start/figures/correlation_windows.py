"""Correlation of NC1 with plasticity in a sliding window of warm-up epochs.

(a) Pearson's r between NC1 of a checkpoint and test accuracy after fine-tuning from it, over the checkpoints of
a window of {{ study.analysis.window }} epochs, plotted at the window's last epoch. (b) Control: the same with
the checkpoint's epoch instead of NC1, that is, with training time alone; its sign is opposite because
NC1 falls with time. Where (b) mirrors (a), the correlation with NC1 is no evidence for collapse. (a, b) The arms
shown in the paper, warm_start and shrink_perturb, or else the study's first two; (c, d) the other
arms, if any, without intervals.

Lines are means of the coefficients over {{ n }}, bands in (a, b) t intervals over seeds at {{ confidence }}.

Corresponds to Figure 3 of Bonifazi et al. (2024, arXiv:2404.02719), which has windows of 100 epochs and no control.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import format_epochs
from plasticity.report.figures.layout import arm_legend, empty, label_axes, panel, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import NEUTRAL, Style
from plasticity.report.figures.summaries import missing_notes, single_seed_note
from plasticity.studies.warm_start.figure_tables import FigureTables

TABLES = ("correlations",)

_OF_THE_PAPER = ("warm_start", "shrink_perturb")
_PANELS = {
    "nc1": ("NC1 and full test accuracy", "NC1, the other arms"),
    "warm_up_epoch": ("Control: training time and full test accuracy", "Control, the other arms"),
}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the coefficient against the last epoch of its window, for NC1 and, as a control, for training time.

    The first row has the arms that the paper shows, or a study's first two where it has none of them, with intervals;
    all others are means in the second row.
    """
    arms = [arm for arm in tables.warmed if not _windows(tables, arm, "nc1").empty]
    first = [arm for arm in arms if arm in _OF_THE_PAPER] or arms[:2]
    others = [arm for arm in arms if arm not in first]
    rows = 2 if others else 1
    figure, axes = style.figure(rows, 2, height=0.9 + 2.0 * rows, sharex=True, sharey=True)
    for column, (metric, titles) in enumerate(_PANELS.items()):
        for row, shown in enumerate((first, others)[:rows]):
            panel(axes[row, column], 2 * row + column, titles[row])
            _draw_panel(axes[row, column], tables, metric, shown, bands=row == 0)
    if arms:
        format_epochs(axes[0, 0], [_windows(tables, arm, metric) for arm in arms for metric in _PANELS])
    label_axes(axes, x="Last warm-up epoch of the window (epochs)", y="Pearson r (dimensionless)")
    arm_legend(figure, tables)
    write_notes(figure, _notes(tables, arms))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, metric: str, arms: list[str], *, bands: bool) -> None:
    if not arms:
        empty(ax, "no sliding windows:\ntoo few checkpoints, or no arm with a warm-up")
        return
    ax.axhline(0, color=NEUTRAL, linewidth=0.8)
    for arm in arms:
        windows = _windows(tables, arm, metric)
        if bands:
            draw_band(ax, windows, tables.styles[arm], label=arm, zorder=3)
        else:
            means = windows.assign(low=float("nan"), high=float("nan"))
            draw_band(ax, means, tables.styles[arm], label=arm, linewidth=0.9, markersize=2.8)
    ax.set_ylim(-1.05, 1.05)
    ax.set_yticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])


def _windows(tables: FigureTables, arm: str, metric: str) -> pd.DataFrame:
    names = {"window_end": "x", "estimate": "mean", "ci_low": "low", "ci_high": "high"}
    return tables.coefficients(arm, metric, "sliding").rename(columns=names)


def _notes(tables: FigureTables, arms: list[str]) -> list[str]:
    rows = [tables.coefficients(arm, metric, "sliding") for arm in arms for metric in _PANELS]
    notes = missing_notes(pd.concat(rows)) if rows else []
    return notes + single_seed_note(pd.concat(rows)) if rows else notes
