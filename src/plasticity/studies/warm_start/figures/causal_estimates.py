"""Does NC1 say or do anything beyond training length?

(a) Correlation of ln NC1 at a checkpoint with the test accuracy after fine-tuning from it, over all warmed-up arms:
as it is; given the warm-up epoch, linearly and by its logarithm; and among networks of equal epoch alone, which no
form of time can explain: over arms and seeds, over the arms of a seed, over the seeds of an arm. The last rows are
those of the control alone, which is what the paper correlates. Positive if collapse costs plasticity. (b) Full test
accuracy of each arm minus that of the control at the same seed and epoch: in total, and what of it does and does
not pass through NC1.

Points are estimates from {{ n }}. Thin bars: Student's t intervals at {{ confidence }} from leaving out each seed
once; a caret marks one that leaves the panel. Crosses: sizes that Bonifazi et al. (2024, arXiv:2404.02719) publish
or release. Verdicts on the right go by the t interval's p-value after Holm's correction, so that an interval beside
zero can be undecided; *smaller than published* is undecided about zero and below the cross, itself
uncertain. The rule is in docs/statistics.md.

Assumptions of (b), in words: arms of a seed and epoch differ in nothing but the arm (by design); one ln NC1 has the
same effect b in an arm and its control; and nothing but the arm and the epoch moves both NC1 and later accuracy of
a network. The last cannot be checked. Norms and fit move with NC1, so that what passes *through NC1* may pass
through them.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables, exclusion_notes

TABLES = ("causes",)

_FORMS = {
    "total": "as it is",
    "partial_linear": "given epoch, linear",
    "partial_log": "given log epoch",
    "within_length": "at equal epoch",
    "across_arms": "at equal epoch and seed",
    "across_seeds": "at equal epoch and arm",
    "within_seed": "control alone, within a seed",
    "within_seed_log": "the same given log epoch",
}
_WINDOWS = {"all": "whole warm-up", "first_phase": "first phase", "second_phase": "second phase"}


def draw(tables: FigureTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with full test accuracy, and the total, direct and indirect effect of every arm."""
    control = tables.label(tables.trial["control"]) if tables.trial["control"] else "the control"
    correlations = correlation_lines(tables.causes, _FORMS, _WINDOWS)
    effects = effect_lines(tables.causes, tables)
    return draw_both(
        style,
        (correlations, effects),
        titles=("ln NC1 of a checkpoint and full test accuracy", f"Full test accuracy of an arm minus {control}"),
        windows=_WINDOWS,
        notes=exclusion_notes(tables, tables.warmed),
    )
