"""Test accuracy by length of the warm-up.

(a) After fine-tuning from the checkpoint on the full training set, until
{{ study.fine_tune.stop_accuracy|percent }} running training accuracy or for {{ study.fine_tune.max_epochs }}
epochs. Dashed: a network trained from random initialisation with the same seeds. (b) At the checkpoint, before
fine-tuning and after the arm's intervention.
If batch_norm is keep, shrink and perturb scales the weights but not the batch-normalisation statistics, which lowers
accuracy in (b) without a loss of information. Arms without a warm-up are at chance and not shown in (b).

Lines are means over {{ n }}, bars and the dashed line's band ± one standard error of the mean. They are not confidence
intervals: with three seeds, Student's t interval at 95 % is 4.3 times as long, with five 2.8 times. Arms are shifted
sideways at a checkpoint, by at most a tenth of the distance between checkpoints. With many checkpoints, an arm has its
bar and marker at every k-th of them, arms in turn; its line passes through all. Bars much longer than the differences
of the means are cut off; the figure plasticity_gap shows the seeds themselves. Diverged networks are excluded and
counted below the panels; where there are many, a mean is that of the remaining seeds.

Corresponds to Figure 4 of Bonifazi et al. (2024, arXiv:2404.02719), which has no random-init baseline.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.layout import arm_legend, panel, write_notes
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables, cap_note
from plasticity.studies.warm_start.warm_up_lines import draw_by_warm_up

TABLES = ("metrics",)

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
    write_notes(figure, tables.exclusions(tables.arms) + cap_note(tables, tables.arms))
    return figure
