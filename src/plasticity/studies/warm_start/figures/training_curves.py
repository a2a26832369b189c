"""Training curves.

Running cross-entropy and running training accuracy of each epoch, in train mode: (a, d) warm-up on
{{ study.warm_up_fraction|percent }} of the training images; (b, e) fine-tuning on all of them, from each arm's
first checkpoint; (c, f) from its last. Arms without a warm-up are trained on the full set once and shown in
both. A warm-up shared by arms has the colour of the first of them.

Lines are means over {{ n }}; no intervals are drawn. Fine-tuning stops at
{{ study.fine_tune.stop_accuracy|percent }} or after {{ study.fine_tune.max_epochs }} epochs, and counts with its
last value from then on. A diverged warm-up counts until it diverged; a diverged fine-tuning is excluded.

Not in Bonifazi et al. (2024, arXiv:2404.02719).
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.axes import fit_y, format_epochs, format_y
from plasticity.report.figures.layout import arm_legend, panel, say, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.warm_start.figure_tables import FigureTables

TABLES = ("histories",)

_COLUMNS = ("Warm-up", "Fine-tuning, first checkpoint", "Fine-tuning, last checkpoint")


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw both quantities against the epoch of the training, means over seeds.

    A warm-up that arms share is drawn once, in the colour of the first of them. A fine-tuning that has stopped counts
    with its last value, so that a mean's course is not that of the slowest seed alone.
    """
    figure, axes = style.figure(2, 3, height=4.5, sharex="col", sharey="row")
    parts = [_warm_ups(tables), _fine_tunings(tables, last=False), _fine_tunings(tables, last=True)]
    for row, quantity in enumerate(("loss", "accuracy")):
        curves = [{arm: _mean_curve(part, quantity) for arm, part in parts[column].items()} for column in range(3)]
        drawn = [curve for column in curves for curve in column.values()]
        for column, ax in enumerate(axes[row]):
            panel(ax, 3 * row + column, _COLUMNS[column] if row == 0 else "")
            _draw_panel(ax, tables, curves[column])
            ax.set_xlabel("")
        fit_y(axes[row, 0], drawn, log=style.log_y if quantity == "loss" else False)
        format_y(axes[row, 0], quantity, "history")
    for ax in axes[1]:
        format_epochs(ax, label="Training (epochs)")
    arm_legend(figure, tables)
    write_notes(figure, _notes(tables))
    return figure


def _draw_panel(ax: Axes, tables: FigureTables, curves: dict[str, pd.DataFrame]) -> None:
    curves = {arm: curve for arm, curve in curves.items() if not curve.empty}
    if not curves:
        say(ax, "no history")
    for arm, curve in curves.items():
        style = tables.styles[arm]
        every = max(1, len(curve) // 6)
        keys = {"color": style.color, "marker": style.marker, "linestyle": style.linestyle, "markevery": every}
        ax.plot(curve["x"].to_numpy(), curve["mean"].to_numpy(), label=arm, linewidth=1, markersize=2.8, **keys)


def _warm_ups(tables: FigureTables) -> dict[str, pd.DataFrame]:
    """Return the warm-up histories under the first arm that starts from each."""
    rows = rows_where(tables.histories, tables.histories["stage"] == "warm_up")
    runs = set(rows["run"])
    first = {tables.warm_ups[arm]: arm for arm in reversed(tables.warmed) if arm in tables.warm_ups}
    ordered = sorted(first.items(), key=lambda item: tables.arms.index(item[1]))
    return {arm: rows_where(rows, rows["run"] == run) for run, arm in ordered if run in runs}


def _fine_tunings(tables: FigureTables, *, last: bool) -> dict[str, pd.DataFrame]:
    """Return each arm's fine-tuning histories from its first or last checkpoint."""
    rows = rows_where(tables.histories, tables.histories["stage"] == "fine_tune")
    found = {}
    for arm in tables.arms:
        runs = rows_where(rows, rows["run"] == arm)
        if len(runs):
            epochs = runs["warm_up_epoch"]
            found[arm] = rows_where(runs, epochs == (epochs.max() if last else epochs.min()))
    return found


def _mean_curve(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return `x` (epoch), `mean` over seeds, and empty intervals.

    A seed that has stopped keeps its last value; one that has diverged contributes until then.
    """
    finite = np.isfinite(rows["loss"].to_numpy())
    wide = rows_where(rows, finite).pivot_table(index="epoch", columns="seed", values=quantity).sort_index()
    stopped = wide.columns.difference(rows["seed"].to_numpy()[~finite])
    wide[stopped] = wide[stopped].ffill()
    mean = wide.mean(axis=1)
    return pd.DataFrame({"x": mean.index, "mean": mean.to_numpy(), "low": float("nan"), "high": float("nan")})


def _notes(tables: FigureTables) -> list[str]:
    broken = rows_where(tables.histories, ~np.isfinite(tables.histories["loss"]))
    diverged = broken.groupby(["stage", "run", "seed", "warm_up_epoch"]).ngroups
    notes = [f"Diverged and shown until then: {diverged} trainings."] if diverged else []
    drawn = _warm_ups(tables)
    runs = {tables.warm_ups[arm] for arm in drawn}
    shared = [arm for arm in tables.warmed if arm not in drawn and tables.warm_ups.get(arm) in runs]
    names = ", ".join(tables.label(arm) for arm in shared)
    return [*notes, f"Shares another arm's warm-up: {names}."] if shared else notes
