"""Does any quantity explain plasticity in every environment?

One panel per quantity, a point per agent at its last checkpoint: probe loss against the quantity, coloured by
environment. Lines are least-squares fits of an environment; solid ones have a slope that differs from zero after
Holm's correction for all quantities and environments ({{ n }}, jackknife over seeds, {{ confidence }}). A quantity is
falsified as the cause of lost plasticity if two solid lines have different signs.

Lyle et al. (2023, arXiv:2303.01486), Figure 3, show 128 agents without intervals: the sign of weight norm and weight
rank changes with the images, that of dead units with the network, that of feature rank with the reward. NC1 is as in
Bonifazi et al. (2024, arXiv:2404.02719); neither paper measures NC1, gradients or curvature of agents.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.analysis.sign_test import ALL, SIGNS
from plasticity.report.figures.axes import metric_name
from plasticity.report.figures.layout import (
    drop_unused,
    empty,
    grid_shape,
    label_axes,
    panel,
    sample,
    top_legend,
    write_notes,
)
from plasticity.report.figures.style import THINNEST, Style
from plasticity.report.figures.summaries import rows_where
from plasticity.studies.agents.figure_tables import ENVIRONMENTS, AgentTables
from plasticity.studies.agents.quantities import PROBE_LOSS, TESTED

TABLES = ("metrics", "falsification")

_FRACTIONS = ("dead_units", "negative_gradient_pairs")


def draw(tables: AgentTables, style: Style) -> Figure:
    """Draw probe loss against every tested quantity, a point per agent, and the fits by environment."""
    tests = rows_where(tables.falsification, tables.falsification["kind"].eq("environment"))
    names = list(dict.fromkeys(tests["quantity"]))
    rows, columns = grid_shape(max(1, len(names)))
    figure, axes = style.figure(rows, columns, height=1.0 + 2.0 * rows, sharey=True)
    for position, (ax, name) in enumerate(zip(axes.flat, names, strict=False)):
        _draw_panel(ax, tables, rows_where(tests, tests["quantity"].eq(name)), position)
    if not names:
        empty(axes[0, 0], "no probes measured")
    label_axes(axes, y="Probe loss (dimensionless)")
    drop_unused(axes, max(1, len(names)))
    present = set(tables.last["environment"]) if names else set()
    top_legend(
        figure, [sample(looks, name.replace("_", " ")) for name, looks in ENVIRONMENTS.items() if name in present]
    )
    write_notes(figure, tables.exclusions())
    return figure


def _draw_panel(ax: Axes, tables: AgentTables, tests: pd.DataFrame, position: int) -> None:
    name = str(tests["quantity"].iloc[0])
    verdicts = dict(zip(tests["group"], tests["verdict"], strict=True))
    panel(ax, position, f"{metric_name(name)}\n{verdicts[ALL]}")
    unit = "fraction" if name in _FRACTIONS else "dimensionless"
    ax.set_xlabel(f"{'ln ' if TESTED[name] else ''}{metric_name(name)} ({unit})")
    for environment, looks in ENVIRONMENTS.items():
        x, y = _points(tables.last, environment, name)
        if not len(x):
            continue
        options = {"color": looks.color, "linestyle": "none", "markersize": 3, "markeredgewidth": THINNEST}
        ax.plot(x, y, marker=looks.marker, label=environment, **options)
        if len(x) > 2 and np.ptp(x) > 0:
            ends = np.array([x.min(), x.max()])
            line = "-" if verdicts[environment] in SIGNS else ":"
            fit = np.polynomial.Polynomial.fit(x, y, 1)
            ax.plot(ends, fit(ends), color=looks.color, linestyle=line, linewidth=1.2, label=f"{environment}, fit")


def _points(last: pd.DataFrame, environment: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    rows = rows_where(last, last["environment"].eq(environment))
    x, y = (rows[column].to_numpy(dtype=float) for column in (name, PROBE_LOSS))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(x) if TESTED[name] else x
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]
