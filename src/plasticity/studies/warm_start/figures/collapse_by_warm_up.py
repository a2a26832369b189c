"""The four metrics of neural collapse by warm-up length, all arms."""

from matplotlib.figure import Figure

from plasticity.report.figures.layout import TITLES, arm_legend, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import COLLAPSE
from plasticity.studies.warm_start.figure_tables import FigureTables, exclusion_notes
from plasticity.studies.warm_start.figures.warm_up_lines import draw_by_warm_up


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw NC1 (logarithmic) to NC4 against warm-up epoch; arms without a warm-up show the untrained network."""
    figure, axes = style.figure(2, 2, height=4.7)
    for position, (ax, metric) in enumerate(zip(axes.flat, COLLAPSE, strict=True)):
        panel(ax, position, TITLES[metric])
        log = style.log_y if style.log_y is not None else metric == "nc1"
        draw_by_warm_up(ax, tables, metric, log=log and metric != "nc4")
    arm_legend(figure, tables)
    write_notes(figure, exclusion_notes(tables, tables.arms))
    return figure
