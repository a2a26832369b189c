"""Do larger networks keep more plasticity?

One panel per environment, a point per arm: probe loss at the last checkpoint against the number of parameters, both
axes logarithmic. Lines join arms whose target network is updated as often; the figure is for sections whose arms differ
in nothing else. The dotted line is the mean probe loss before training.

Points are means over {{ n }}, bars Student's t intervals over seeds at {{ confidence }}.

Counterpart of Figure 5 of Lyle et al. (2023, arXiv:2303.01486): networks of 16 to 256 units, target networks updated
every 1, 100 and 1,000 steps; wider networks lose less and all lose something.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle, arm_styles
from plasticity.report.figures.layout import label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import over_seeds, rows_where
from plasticity.studies.agents.figure_tables import ENVIRONMENTS, AgentTables, exclusion_notes
from plasticity.studies.agents.quantities import PROBE_LOSS

TABLES = ("metrics",)


def draw(tables: AgentTables, style: Style) -> Figure:
    """Draw probe loss against size, a panel per environment and a line per period of the target network."""
    present = set(tables.metrics["environment"])
    environments = [name for name in ENVIRONMENTS if name in present] or [""]
    periods = sorted(set(tables.metrics["target_period"].tolist()))
    looks = arm_styles(tuple(f"period_{period}" for period in periods))
    figure, axes = style.figure(1, len(environments), height=2.6, sharey=True)
    for place, (ax, name) in enumerate(zip(axes[0], environments, strict=True)):
        panel(ax, place, name.replace("_", " "))
        for period in periods if tables.probed else ():
            _draw_line(ax, tables, (name, period), looks[f"period_{period}"])
        if ax.has_data():
            ax.set_xscale("log")
            ax.set_yscale("log")
            _draw_start(ax, tables, (name, periods[0]))
        else:
            say(ax, "not measured")
        ax.set_xlabel("Parameters (number)")
    label_axes(axes, y="Probe loss (dimensionless)")
    words = {period: "target updated every step" if period == 1 else f"every {period:,} steps" for period in periods}
    top_legend(figure, [sample(looks[f"period_{period}"], words[period]) for period in periods])
    write_notes(figure, exclusion_notes(tables, tables.arms))
    return figure


def _draw_line(ax: Axes, tables: AgentTables, where: tuple[str, int], look: ArmStyle) -> None:
    """Draw the arms of an environment and period, by their number of parameters."""
    rows = _of(tables.last, where)
    if rows.empty:
        return
    label = f"every {where[1]}"
    points = pd.concat(
        [over_seeds(part, "parameters", PROBE_LOSS, tables.analysis.confidence) for _, part in rows.groupby("arm")]
    ).sort_values("x", kind="stable")
    ax.plot(points["x"], points["mean"], marker=look.marker, color=look.color, markersize=3.5, label=label)
    ax.vlines(points["x"], points["low"], points["high"], color=look.color, linewidth=0.8, label=f"{label}, interval")


def _draw_start(ax: Axes, tables: AgentTables, where: tuple[str, int]) -> None:
    """Draw the probe loss before training."""
    rows = _of(tables.kept.loc[tables.kept["step"].eq(0)], where)
    if len(rows):
        means = over_seeds(rows, "parameters", PROBE_LOSS, tables.analysis.confidence)
        ax.plot(means["x"], means["mean"], color="0.4", linestyle=":", linewidth=1, label="before training")


def _of(rows: pd.DataFrame, where: tuple[str, int]) -> pd.DataFrame:
    chosen = rows["environment"].eq(where[0]) & rows["target_period"].eq(where[1]) & rows[PROBE_LOSS].notna()
    return rows_where(rows, chosen)
