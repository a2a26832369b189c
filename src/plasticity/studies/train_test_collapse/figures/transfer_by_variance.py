"""Does collapse hurt transfer?

The first task classifies super-classes, the next one the classes within them, on {{ study.next_task.train_size }}
other images: a checkpoint's body with a new head, the whole network trained for {{ study.next_task.iterations }}
iterations. A point is a seed and a checkpoint: test accuracy on the next task against train variance on the first
(class means of the last checkpoint). Points of a seed are joined in the order of training and darken with its length;
dashed: the untrained network, mean over seeds. Left: learning rate chosen among
{{ study.next_task.learning_rates|join(", ") }} by accuracy on {{ study.next_task.validation_size }} held-out training
images. Right: chosen by accuracy on the {{ study.next_task.test_size }} test images shown, as published: an
optimistic choice.

r is Pearson's over the checkpoints of a seed, mean over n = {{ seeds }}, with t interval over seeds at
{{ confidence }}; the untrained network is excluded. Everything changes with training length; *adjusted* is the partial
correlation controlling for log iterations. Rank correlations are in the table of correlations.

Hui, Belkin & Nakkiran (2022, arXiv:2202.08384), Figure 5, show one run of the right column. In Bonifazi et al. (2024,
arXiv:2404.02719) the next task has the same classes.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import SEQUENCE
from plasticity.report.figures.axes import fit_y, format_log_amounts, format_y, round_ticks
from plasticity.report.figures.layout import empty, label_axes, panel, top_legend, write_notes
from plasticity.report.figures.style import NEUTRAL, THINNEST, Style
from plasticity.report.figures.summaries import coefficient_text, rows_where
from plasticity.studies.train_test_collapse.correlate import OUTCOMES, outcomes_of
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables

TABLES = ("transfer", "correlations")

_TITLES = {
    "test_accuracy": "Learning rate chosen on held-out images",
    "test_accuracy_chosen_on_test": "Learning rate chosen on the test images",
}
_X = "train_variance"
_X_LABEL = "Train variance on the first task (dimensionless)"
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">", "*", "p")


def draw(tables: TrainTestTables, style: Style) -> Figure:
    """Draw a point per seed and checkpoint, an arm per row, at either choice of the learning rate.

    Points of a seed are joined in the order of training; the dashed line is the network before training, mean over
    seeds.
    """
    arms = tables.transferred
    figure, axes = style.figure(max(1, len(arms)), 2, height=1.2 + 1.95 * max(1, len(arms)), sharey="row")
    norm = _norm(tables.transfer)
    for row, arm in enumerate(arms):
        reached = outcomes_of(rows_where(tables.transfer, tables.transfer["arm"].eq(arm)))
        for column, outcome in enumerate(OUTCOMES):
            above = f"{_TITLES[outcome]}\n" if row == 0 else ""
            panel(axes[row, column], 2 * row + column, f"{above}{tables.label(arm)}\n{_r(tables, arm, outcome)}")
            _draw_panel(axes[row, column], reached, outcome, norm)
        fit_y(axes[row, 0], [_bare(reached, outcome) for outcome in OUTCOMES])
        format_y(axes[row, 0], "test_accuracy", "transfer")
    label_axes(axes, x=_X_LABEL if arms else None, y="Test accuracy on the next task (%)" if arms else None)
    if arms:
        _draw_color_bar(axes, tables.transfer, norm)
        top_legend(figure, _key(tables))
    for ax in () if arms else axes.flat:
        empty(ax, "no arm with\na next task")
    write_notes(figure, tables.exclusions(arms))
    return figure


def _r(tables: TrainTestTables, arm: str, outcome: str) -> str:
    """Return Pearson's r of the checkpoints, and the partial correlation controlling for log iterations."""
    chosen = {"arm": arm, "metric": _X, "outcome": outcome, "aggregate": "mean", "window_kind": "all"}
    r, adjusted = (coefficient_text(tables.coefficients(**chosen, method=how)) for how in ("pearson", "partial_log"))
    return f"r = {r}\nadjusted {adjusted}"


def _draw_panel(ax: Axes, reached: pd.DataFrame, outcome: str, norm: LogNorm) -> None:
    trained = _finite(rows_where(reached, reached["iteration"].gt(0)), [_X, outcome])
    seeds = sorted(set(reached["seed"]))
    for seed, marker in zip(seeds, _markers(seeds), strict=True):
        rows = rows_where(trained, trained["seed"].eq(seed)).sort_values("iteration")
        if len(rows):
            ax.plot(rows[_X], rows[outcome], color=NEUTRAL, alpha=0.5, linewidth=0.7, label=f"seed {seed}")
            looks: dict[str, Any] = {"cmap": SEQUENCE, "norm": norm, "edgecolors": "white", "linewidths": THINNEST}
            ax.scatter(rows[_X], rows[outcome], c=rows["iteration"], marker=marker, s=26, zorder=3, **looks)
    fresh = _finite(rows_where(reached, reached["iteration"].eq(0)), [outcome])
    if len(fresh):
        ax.axhline(
            fresh[outcome].to_numpy(dtype=float).mean(),
            color="black",
            linestyle="--",
            linewidth=0.9,
            label="untrained",
        )
    positive = rows_where(trained, trained[_X].gt(0))
    if len(positive):
        format_log_amounts(ax, positive[_X].to_numpy(dtype=float), _X_LABEL)
    else:
        ax.set_xlabel(_X_LABEL)


def _draw_color_bar(axes: np.ndarray, transfer: pd.DataFrame, norm: LogNorm) -> None:
    body = axes[0, 0].get_figure(root=False)
    bar = body.colorbar(ScalarMappable(norm, SEQUENCE), ax=axes, pad=0.02, aspect=25 * len(axes))
    iterations = transfer["iteration"].to_numpy(dtype=float)
    ticks = round_ticks(iterations[iterations > 0]) if (iterations > 0).any() else np.array([1.0])
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("First task (iterations)")


def _norm(transfer: pd.DataFrame) -> LogNorm:
    iterations = transfer["iteration"].to_numpy(dtype=float)
    return LogNorm(1.0, max([2.0, *iterations.tolist()]))


def _finite(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return rows_where(rows, np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1))


def _bare(reached: pd.DataFrame, outcome: str) -> pd.DataFrame:
    return pd.DataFrame({"mean": reached[outcome]}).assign(low=float("nan"), high=float("nan"))


def _markers(seeds: list[int]) -> list[str]:
    return [_MARKERS[place % len(_MARKERS)] for place in range(len(seeds))]


def _key(tables: TrainTestTables) -> list[Line2D]:
    seeds = sorted(set(tables.transfer["seed"]))
    looks: dict[str, Any] = {"color": NEUTRAL, "linewidth": 0.7, "markersize": 4.5}
    key = [Line2D([], [], marker=m, label=f"seed {s}", **looks) for m, s in zip(_markers(seeds), seeds, strict=True)]
    return [*key, Line2D([], [], color="black", linestyle="--", linewidth=0.9, label="untrained")]
