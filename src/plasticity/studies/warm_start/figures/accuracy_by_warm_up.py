"""Accuracy after fine-tuning, and of the checkpoint itself, by warm-up length (Bonifazi et al. 2024, Figure 4)."""

from matplotlib.figure import Figure

from plasticity.report.figures.layout import arm_legend, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables, cap_note, exclusion_notes
from plasticity.studies.warm_start.figures.warm_up_lines import draw_by_warm_up

_PANELS = {
    "full_test_accuracy": "After fine-tuning on the full data",
    "warm_up_test_accuracy": "At the warm-up checkpoint",
}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw test accuracy against warm-up epoch for all arms; arms without a warm-up are horizontal lines on the left.

    An untrained network's accuracy is chance, so that the right panel leaves these arms out.
    """
    figure, axes = style.figure(1, 2, height=3.0)
    for position, (ax, (column, title)) in enumerate(zip(axes[0], _PANELS.items(), strict=True)):
        panel(ax, position, title)
        draw_by_warm_up(ax, tables, column, levels=column == "full_test_accuracy", log=bool(style.log_y))
    arm_legend(figure, tables)
    write_notes(figure, exclusion_notes(tables, tables.arms) + cap_note(tables, tables.arms))
    return figure
