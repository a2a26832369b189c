"""Neural collapse by length of the warm-up.

(a) NC1, Tr(Σ_W Σ_B†)/C, on a logarithmic axis. (b) NC2, distance of the classifier's Gram matrix from the simplex
ETF. (c) NC3, distance of classifier times class means from the simplex ETF. (d) NC4, agreement of the network with
the nearest class mean. Full collapse is 0 in (a) to (c) and 100 % in (d). All are measured on the warm-up images,
in evaluation mode, before fine-tuning; definitions of NC2 to NC4 follow Zhu et al. (2021). Dashed: the
untrained network; where it is far from all others, its value is written at the panel's edge.

Lines are means over {{ n }}, bars and the dashed line's band ± one standard error of the mean. They are not confidence
intervals: with three seeds, Student's t interval at 95 % is 4.3 times as long, with five 2.8 times. Arms are shifted
sideways at a checkpoint, by at most a tenth of the distance between checkpoints. With many checkpoints, an arm has its
bar and marker at every k-th of them, arms in turn; its line passes through all. Bars much longer than the differences
of the means are cut off. Diverged networks are excluded and counted below the panels.

Not in Bonifazi et al. (2024, arXiv:2404.02719), whose Figures 5 to 7 show these metrics for one arm and one seed.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.layout import TITLES, arm_legend, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.report.figures.summaries import COLLAPSE
from plasticity.studies.warm_start.figure_tables import FigureTables
from plasticity.studies.warm_start.warm_up_lines import draw_by_warm_up

TABLES = ("metrics",)


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw NC1 (logarithmic) to NC4 against warm-up epoch; arms without a warm-up show the untrained network."""
    figure, axes = style.figure(2, 2, height=4.7)
    for position, (ax, metric) in enumerate(zip(axes.flat, COLLAPSE, strict=True)):
        panel(ax, position, TITLES[metric])
        log = style.log_y if style.log_y is not None else metric == "nc1"
        draw_by_warm_up(ax, tables, metric, log=log and metric != "nc4")
    arm_legend(figure, tables)
    write_notes(figure, tables.exclusions(tables.arms))
    return figure
