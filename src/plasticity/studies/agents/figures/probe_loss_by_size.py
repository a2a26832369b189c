"""Do larger networks keep more plasticity?

One panel per environment, a point per arm: probe loss at the last checkpoint against the number of parameters. Lines
join arms whose target networks are updated equally often; the figure is for sections whose arms differ in nothing else.
The dotted line is the mean probe loss before training.

Points are means over {{ n }}, bars {{ intervals }}.

Counterpart of Figure 5 of Lyle et al. (2023, arXiv:2303.01486): networks of 16 to 256 units, target networks updated
every 1, 100 and 1,000 steps; wider networks lose less, but all lose some plasticity.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plasticity.report.figures.arm_styles import ArmStyle, arm_styles
from plasticity.report.figures.axes import fit_y, format_log_amounts
from plasticity.report.figures.layout import label_axes, panel, sample, say, top_legend, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import over_seeds, rows_where
from plasticity.studies.agents.figure_tables import ENVIRONMENTS, AgentTables
from plasticity.studies.agents.quantities import PROBE_LOSS

TABLES = ("metrics",)

_SIZE = "Parameters (thousands)"


def draw(tables: AgentTables, style: Style) -> Figure:
    """Draw probe loss against size, a panel per environment and a line per period of the target network."""
    present = set(tables.metrics["environment"])
    environments = [name for name in ENVIRONMENTS if name in present] or [""]
    periods = sorted(set(tables.metrics["target_period"].tolist()))
    looks = arm_styles(tuple(f"period_{period}" for period in periods))
    figure, axes = style.figure(1, len(environments), height=2.6, sharey=True)
    everything: list[pd.DataFrame] = []
    for place, (ax, name) in enumerate(zip(axes[0], environments, strict=True)):
        panel(ax, place, name.replace("_", " "))
        ax.set_xlabel(_SIZE)
        drawn = [_draw_line(ax, tables, (name, period), looks[f"period_{period}"]) for period in periods]
        drawn = [points for points in drawn if len(points)]
        if not drawn:
            say(ax, "not measured")
            continue
        drawn.append(_draw_start(ax, tables, (name, periods[0])))
        format_log_amounts(ax, pd.concat(drawn)["x"].to_numpy(dtype=float), _SIZE)
        everything += drawn
    if everything:
        fit_y(axes[0, 0], everything, log=None)
    label_axes(axes, y="Probe loss (dimensionless)")
    words = {period: "target updated every step" if period == 1 else f"every {period:,} steps" for period in periods}
    top_legend(figure, [sample(looks[f"period_{period}"], words[period]) for period in periods])
    write_notes(figure, tables.exclusions())
    return figure


def _draw_line(ax: Axes, tables: AgentTables, where: tuple[str, int], look: ArmStyle) -> pd.DataFrame:
    """Draw the arms of an environment and period, by their number of parameters; return what was drawn."""
    arms = [part for _, part in _of(tables, tables.last, where).groupby("arm")]
    if not arms:
        return pd.DataFrame()
    label, confidence = f"every {where[1]}", tables.analysis.confidence
    points = pd.concat([over_seeds(part, "size", PROBE_LOSS, confidence) for part in arms])
    points = points.sort_values("x", kind="stable")
    ax.plot(points["x"], points["mean"], marker=look.marker, color=look.color, markersize=3.5, label=label)
    several = points.dropna()
    if len(several):
        ends = several["low"], several["high"]
        ax.vlines(several["x"], *ends, color=look.color, linewidth=0.8, label=f"{label}, interval")
    return points


def _draw_start(ax: Axes, tables: AgentTables, where: tuple[str, int]) -> pd.DataFrame:
    """Draw the probe loss before training; return it."""
    rows = _of(tables, rows_where(tables.kept, tables.kept["step"].eq(0)), where)
    means = over_seeds(rows, "size", PROBE_LOSS, tables.analysis.confidence)
    ax.plot(means["x"], means["mean"], color="0.4", linestyle=":", linewidth=1, label="before training")
    return means


def _of(tables: AgentTables, rows: pd.DataFrame, where: tuple[str, int]) -> pd.DataFrame:
    chosen = rows["environment"].eq(where[0]) & rows["target_period"].eq(where[1])
    kept = rows_where(rows, chosen & (rows[PROBE_LOSS].notna() if tables.probed else False))
    return kept.assign(size=kept["parameters"] / 1000)
