"""What a warm-up costs: test accuracy of a fresh network minus that of the warm-started one."""

from matplotlib.figure import Figure

from plasticity.figures.inputs import FigureTables, cap_note, exclusion_notes
from plasticity.figures.layout import arm_legend, write_notes
from plasticity.figures.lines import draw_by_warm_up
from plasticity.figures.style import NEUTRAL, Style

_GAP = "plasticity_gap"


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the plasticity gap of every arm against warm-up epoch; above zero, plasticity was lost."""
    figure, axes = style.figure(1, 1, height=3.2)
    ax = axes[0, 0]
    draw_by_warm_up(ax, tables, _GAP, levels=False, include=0)
    if ax.lines:
        ax.axhline(0, color=NEUTRAL, linewidth=1, zorder=1)
        ax.set_title("Above zero: random init generalises better")
    else:
        ax.set_title("No gap: it needs random init and a warmed-up arm at the same seed")
    arm_legend(figure, tables)
    write_notes(figure, exclusion_notes(tables, tables.arms) + cap_note(tables, tables.arms))
    return figure
