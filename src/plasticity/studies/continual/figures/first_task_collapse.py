"""Collapse after the first task and accuracy on the second.

The first task stopped after the first epoch with NC1 below a threshold (dotted), or after
{{ study.first_task.max_epochs }} epochs; runs that did not reach the threshold have no second task and are counted
below the panels. (a) Online accuracy on the second task against NC1 at the end of the first. (b) The same accuracy
against the number of first-task epochs, on a logarithmic axis. Colour: number of epochs, in both panels.

Each marker is a run, its shape the seed, {{ n }}. Runs of a seed are joined because they are nested: same
initialisation, images and order, so each continues where the previous one stopped; two thresholds passed in the
same epoch give one point. Only seeds are independent. r is Pearson's, all runs pooled, with epochs not
log-transformed; brackets: t interval over seeds at {{ confidence }}. The note adds the partial correlation controlling
for log epochs and the correlations within seeds.

Corresponds to the threshold experiment of Bonifazi et al. (2024, arXiv:2404.02719), whose text gives coefficients of
five seeds and no figure.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from plasticity.report.figures.arm_styles import SEQUENCE
from plasticity.report.figures.axes import FIRST_TASK_AXIS, fit_y, format_log_epochs, format_y, log_ticks, metric_label
from plasticity.report.figures.layout import empty, panel, top_legend, write_notes
from plasticity.report.figures.style import NEUTRAL, THINNEST, Style
from plasticity.report.figures.summaries import coefficient_text, rows_where
from plasticity.studies.continual.figure_tables import PermutedTables, finite_runs

TABLES = ("metrics", "correlations")

_EXPERIMENT = "first_task_collapse"
_PANELS = {"nc1": "NC1 at the end of the first task", "first_task_epochs": "First-task epochs"}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">", "*", "p")


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw accuracy on the second task against NC1 after the first one and against the epochs it took.

    Runs of a seed are joined, shortest first: they share initialisation, images and order, so that each continues the
    one before, and the seeds alone are independent. Runs of a seed that ended at the same epoch are one point.
    """
    figure, axes = style.figure(1, 2, height=3.2, sharey=True)
    runs = tables.runs(_EXPERIMENT, "online_accuracy")
    points = finite_runs(runs, ["nc1", "second"])
    colors = _norm(points)
    for position, (ax, (column, title)) in enumerate(zip(axes[0], _PANELS.items(), strict=True)):
        panel(ax, position, f"{title}\nr = {_coefficient(tables, column)}" if len(points) else title)
        _draw_panel(ax, points, column, colors)
    if points.empty:
        _say_missing(axes[0], tables)
    else:
        fit_y(axes[0, 0], [_bare(points)])
        axes[0, 0].xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        _draw_thresholds(axes[0, 0], points)
        format_log_epochs(axes[0, 1], points["first_task_epochs"].to_numpy(), FIRST_TASK_AXIS)
        _draw_color_bar(axes, points, colors)
    format_y(axes[0, 0], "online_accuracy", "permuted")
    axes[0, 0].set(xlabel=metric_label("nc1", "permuted"), ylabel="Online accuracy on task 2 (%)")
    axes[0, 1].set_xlabel(FIRST_TASK_AXIS)
    top_legend(figure, _key(points))
    write_notes(figure, _notes(tables, runs, points))
    return figure


def _draw_panel(ax: Axes, points: pd.DataFrame, column: str, colors: LogNorm) -> None:
    looks: dict[str, Any] = {
        "cmap": SEQUENCE,
        "norm": colors,
        "edgecolors": "white",
        "linewidths": THINNEST,
        "zorder": 3,
    }
    for marker, (seed, rows) in zip(_markers(points), points.groupby("seed"), strict=True):
        ordered = rows.sort_values("first_task_epochs")
        ax.plot(ordered[column], ordered["second"], color=NEUTRAL, alpha=0.5, linewidth=0.7, label=f"seed {seed}")
        x, y, epochs = (ordered[name] for name in (column, "second", "first_task_epochs"))
        ax.scatter(x, y, c=epochs, marker=marker, s=26, label=f"seed {seed}", **looks)


def _draw_thresholds(ax: Axes, points: pd.DataFrame) -> None:
    low, high = ax.get_xlim()
    for threshold in points["nc1_threshold"].dropna().unique():
        if low < threshold < high:
            ax.axvline(threshold, color=NEUTRAL, linewidth=0.7, linestyle=":", zorder=1, label="threshold")


def _draw_color_bar(axes: np.ndarray, points: pd.DataFrame, colors: LogNorm) -> None:
    body = axes[0, 0].get_figure(root=False)
    bar = body.colorbar(ScalarMappable(colors, SEQUENCE), ax=list(axes[0]), pad=0.02, aspect=28)
    ticks = log_ticks(points["first_task_epochs"].to_numpy())
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("First task (epochs)")


def _norm(points: pd.DataFrame) -> LogNorm:
    epochs = points["first_task_epochs"].to_numpy(dtype=float)
    low, high = (epochs.min(), epochs.max()) if len(epochs) else (1.0, 2.0)
    return LogNorm(low, max(high, 2 * low))


def _markers(points: pd.DataFrame) -> list[str]:
    count = len(set(points["seed"]))
    return [_MARKERS[place % len(_MARKERS)] for place in range(count)]


def _key(points: pd.DataFrame) -> list[Line2D]:
    seeds = sorted(set(points["seed"]))
    looks: dict[str, Any] = {"color": NEUTRAL, "linewidth": 0.7, "markersize": 4.5}
    key = [Line2D([], [], marker=m, label=f"seed {s}", **looks) for m, s in zip(_markers(points), seeds, strict=True)]
    if np.isfinite(points["nc1_threshold"].to_numpy(dtype=float)).any():
        key.append(Line2D([], [], color=NEUTRAL, linewidth=0.7, linestyle=":", label="threshold"))
    return key


def _say_missing(axes: np.ndarray, tables: PermutedTables) -> None:
    absent = _EXPERIMENT not in tables.families
    for ax in axes:
        empty(ax, "the study has no arms\nfirst_task_collapse" if absent else "no run with a second task")


def _bare(points: pd.DataFrame) -> pd.DataFrame:
    return points.rename(columns={"second": "mean"}).assign(low=float("nan"), high=float("nan"))


def _coefficient(tables: PermutedTables, metric: str, **keys: str) -> str:
    """Return a correlation of `metric` with accuracy on task 2, Pearson's and pooled unless `keys` say otherwise."""
    usual = {"outcome": "online_accuracy", "method": "pearson", "aggregate": "pooled"}
    rows = tables.coefficients(arm=_EXPERIMENT, window_kind="task", metric=metric, **usual | keys)
    task = 1 if keys.get("outcome") == "first_task_epochs" else 2
    return coefficient_text(rows_where(rows, rows["window_start"].eq(task)))


def _notes(tables: PermutedTables, runs: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    notes = tables.exclusions(tables.families.get(_EXPERIMENT, ()))
    if points.empty:
        return notes
    distinct = len(points.drop_duplicates(["seed", "first_task_epochs"]))
    same = f"; {distinct} distinct" if distinct < len(points) else ""
    others = {
        "accuracy with NC1, adjusted for log epochs": _coefficient(tables, "nc1", method="partial_log"),
        "accuracy with NC1, within seeds": _coefficient(tables, "nc1", aggregate="within"),
        "accuracy with epochs, within seeds": _coefficient(tables, "first_task_epochs", aggregate="within"),
        "epochs with NC1": _coefficient(tables, "nc1", outcome="first_task_epochs"),
    }
    given = "; ".join(f"{what} {value}" for what, value in others.items())
    return [
        f"Other correlations: {given}.",
        f"{len(points)} of {len(runs)} runs shown{same}.",
        *notes,
    ]
