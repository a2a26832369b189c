"""More training images: less collapse on the training set, more on the test set?

Train, strong and weak test variance of the last hidden layer at the end of training, by number of training
images; one panel per experiment. Variances and centres as in *variances_by_iteration*.

Lines are geometric means over {{ n }}, bands {{ intervals }}, both computed from logarithms.

Hui, Belkin & Nakkiran (2022, arXiv:2202.08384), Figure 4, show one run per number, stopped at a training loss. Not
in Bonifazi et al. (2024, arXiv:2404.02719).
"""

import pandas as pd
from matplotlib.figure import Figure

from plasticity.report.figures.axes import fit_y, format_log_epochs
from plasticity.report.figures.layout import empty, grid_shape, label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.lines import draw_band
from plasticity.report.figures.style import DOUBLE, SINGLE, Style
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.train_test_collapse.figure_tables import VARIANCES, TrainTestTables

TABLES = ("metrics",)

_AXIS = "Training images (number)"


def draw(tables: TrainTestTables, style: Style) -> Figure:
    """Draw the variances of the last hidden layer at the last checkpoint, an experiment of several sizes per panel.

    Lines are geometric means over seeds, bands their intervals.
    """
    families = _families(tables)
    rows, columns = grid_shape(max(1, len(families)))
    figure, axes = style.figure(
        rows, columns, height=1.0 + 2.4 * rows, width=SINGLE if columns == 1 else DOUBLE, sharey=True
    )
    drawn: list[pd.DataFrame] = []
    for position, (ax, (name, arms)) in enumerate(zip(axes.flat, families.items(), strict=False)):
        panel(ax, position, name.replace("_", " "))
        found = rows_where(tables.last, tables.last["arm"].isin(arms))
        summaries = [tables.geometric(found, "train_size", column) for column in VARIANCES]
        for (column, (_, looks)), summary in zip(VARIANCES.items(), summaries, strict=True):
            if len(summary):
                draw_band(ax, summary, looks, label=column)
                drawn.append(summary)
        if any(map(len, summaries)):
            format_log_epochs(ax, pd.concat(summaries)["x"].to_numpy(dtype=float), _AXIS)
        else:
            say(ax, "no finite variance")
    if not families:
        empty(axes[0, 0], "no experiment of several\nnumbers of training images")
    if drawn:
        fit_y(axes[0, 0], drawn, log=style.log_y is not False)
        top_legend(figure, [sample(looks, label) for label, looks in VARIANCES.values()])
    label_axes(axes, x=_AXIS, y="Variance at the end (dimensionless)")
    write_notes(figure, tables.exclusions([arm for arms in families.values() for arm in arms]))
    return figure


def _families(tables: TrainTestTables) -> dict[str, list[str]]:
    """Return the arms of every experiment whose arms differ in the number of training images."""
    found: dict[str, list[str]] = {}
    for arm in tables.measured:
        found.setdefault(tables.experiments.get(arm, arm), []).append(arm)
    sizes = tables.metrics.groupby("arm")["train_size"].first().to_dict()
    return {name: arms for name, arms in found.items() if len({sizes[arm] for arm in arms}) > 1}
