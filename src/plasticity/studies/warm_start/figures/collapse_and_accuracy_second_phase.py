"""Neural collapse and plasticity, over the second phase of the warm-up.

Arm warm_start, epochs after {{ study.analysis.phase_boundary }}. (a) Test accuracy after fine-tuning from a checkpoint
on the full training set. (b-e) NC1 to NC4 of the checkpoint, on the warm-up images. Lines are means over {{ n }}, bands
{{ intervals }}; bands much wider than the range of the means are cut off. r is Pearson's correlation between the curve
in (a) and that of the panel in a seed, mean over seeds; brackets: its t interval over seeds.

Corresponds to Figure 7 of Bonifazi et al. (2024, arXiv:2404.02719), which shows a single seed.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.collapse_and_accuracy import draw_phase
from plasticity.studies.warm_start.figure_tables import FigureTables

TABLES = ("metrics", "correlations")


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw the five panels."""
    return draw_phase(tables, style, phase="second_phase")
