"""Does NC1 explain anything beyond training length?

(a) Correlation of ln NC1 at a checkpoint with test accuracy after fine-tuning from it, over all warmed-up arms and the
whole warm-up: unadjusted; adjusted for the logarithm of the warm-up epoch; and among networks of equal epoch, where no
form of time can be the explanation. Positive if collapse hurts plasticity. (b) Full test accuracy of each arm minus
that of the control at the same seed and epoch.

Points are estimates from {{ n }}. Thin bars: Student's t intervals at {{ confidence }} (jackknife over seeds);
a caret marks an interval that extends beyond the panel. Crosses: effect sizes that Bonifazi et al. (2024,
arXiv:2404.02719) publish or release. Verdicts on the right use the t interval's p-value after Holm's correction, so an
interval that excludes zero can be undecided; *smaller than published* means undecided about zero and below the
cross, itself uncertain. The rule is in docs/statistics.md.

The table of causes has all other forms, both phases of the warm-up, and of each effect the direct part and the part
via NC1. Arms of the same seed and epoch differ only in the arm, by design.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables

TABLES = ("causes",)

_CORRELATIONS = {
    ("total", "all"): "unadjusted",
    ("partial_log", "all"): "adjusted for log epoch",
    ("within_length", "all"): "at equal epoch",
}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with full test accuracy, and the total effect of every arm."""
    control = tables.label(tables.causal_design.control) if tables.causal_design.control else "the control"
    return draw_both(
        style,
        (correlation_lines(tables.causes, _CORRELATIONS), effect_lines(tables.causes, tables)),
        titles=("ln NC1 of a checkpoint and full test accuracy", f"Full test accuracy of an arm minus {control}"),
        notes=tables.exclusions(),
    )
