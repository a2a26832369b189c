"""Does NC1 explain anything beyond training length?

(a) Correlation of ln NC1 at a checkpoint with test accuracy after fine-tuning from it, over all warmed-up arms:
unadjusted; adjusted for the warm-up epoch or its logarithm; and among networks of equal epoch, where no form of time
can be the explanation: over arms and seeds, over the arms of a seed, over the seeds of an arm. The last rows are
for the control alone, as in the paper. Positive if collapse hurts plasticity. (b) Full test
accuracy of each arm minus that of the control at the same seed and epoch: total effect, and its direct part and its
part via NC1.

Points are estimates from {{ n }}. Thin bars: Student's t intervals at {{ confidence }} (jackknife over seeds);
a caret marks an interval that extends beyond the panel. Crosses: effect sizes that Bonifazi et al. (2024,
arXiv:2404.02719) publish or release. Verdicts on the right use the t interval's p-value after Holm's correction, so an
interval that excludes zero can be undecided; *smaller than published* means undecided about zero and below the
cross, itself uncertain. The rule is in docs/statistics.md.

Assumptions of (b): arms of the same seed and epoch differ only in the arm (by design); ln NC1 has the
same effect in an arm and its control; and nothing but the arm and the epoch affects both NC1 and later accuracy of
a network. The last cannot be checked. Norms and fit change with NC1, so an effect *via NC1* may be via them.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables, exclusion_notes

TABLES = ("causes",)

_FORMS = {
    "total": "unadjusted",
    "partial_linear": "adjusted for epoch",
    "partial_log": "adjusted for log epoch",
    "within_length": "at equal epoch",
    "across_arms": "at equal epoch and seed",
    "across_seeds": "at equal epoch and arm",
    "within_seed": "control alone, within a seed",
    "within_seed_log": "the same, adjusted for log epoch",
}
_WINDOWS = {"all": "whole warm-up", "first_phase": "first phase", "second_phase": "second phase"}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with full test accuracy, and the total, direct and indirect effect of every arm."""
    control = tables.label(tables.trial.control) if tables.trial.control else "the control"
    correlations = correlation_lines(tables.causes, _FORMS, _WINDOWS)
    effects = effect_lines(tables.causes, tables)
    return draw_both(
        style,
        (correlations, effects),
        titles=("ln NC1 of a checkpoint and full test accuracy", f"Full test accuracy of an arm minus {control}"),
        windows=_WINDOWS,
        notes=exclusion_notes(tables, tables.warmed),
    )
