"""Does NC1 explain anything beyond training?

(a) Correlation of ln NC1 after a task with online accuracy on the *next* one, for three sets of points: all runs with
the same training on later tasks and no intervention, from the first task to the second, where length is the number of
first-task epochs; only those runs whose first task stopped at an NC1 threshold, the paper's experiment; and the tasks
of the continually trained network, where length is the task number. Unadjusted; adjusted for length or log length;
among networks of equal length; and within a seed. Positive if collapse hurts plasticity. (b) Online accuracy
on task 2 of each arm minus that of the control at the same seed: total effect, and its direct part and its part via
NC1 after the first task. Arms differ in the length of the first task, so the total effect is that of length; only the
part via NC1 concerns collapse.

Points are estimates from {{ n }}; runs of a seed that stopped at the same epoch count once. Thin bars: Student's t
intervals at {{ confidence }} (jackknife over seeds); a caret marks an interval that extends beyond the panel.
Crosses: effect sizes that Bonifazi et al. (2024, arXiv:2404.02719) publish or release, for 14 networks of the second
kind. Verdicts on the right use the t interval's p-value after Holm's correction; the rule is in docs/statistics.md.

Assumptions of (b): ln NC1 has the same effect in an arm and its control, and nothing but the arm and the length
affects both NC1 and later accuracy of a network. The latter cannot be checked.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.continual.figure_tables import PermutedTables, exclusion_notes

TABLES = ("causes",)

_FORMS = {
    "total": "unadjusted",
    "partial_linear": "adjusted for length",
    "partial_log": "adjusted for log length",
    "within_length": "at equal length",
    "within_seed_log": "within a seed, adjusted for log length",
}
_WINDOWS = {
    "second_task": "task 1 to 2, all arms",
    "thresholds": "task 1 to 2, NC1 thresholds",
    "all": "task to next task",
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with accuracy on the next task, and the effect of every arm, direct and indirect."""
    control = tables.trial.control
    return draw_both(
        style,
        (correlation_lines(tables.causes, _FORMS, _WINDOWS), effect_lines(tables.causes, tables)),
        titles=(
            "ln NC1 after a task and online accuracy on the next",
            f"Online accuracy on task 2 of an arm minus {tables.label(control) if control else 'the control'}",
        ),
        windows=_WINDOWS,
        notes=exclusion_notes(tables, [arm for arm in (control, *tables.trial.treatments) if arm]),
    )
