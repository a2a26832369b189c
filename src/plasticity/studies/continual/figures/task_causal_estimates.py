"""Does NC1 say or do anything beyond training?

(a) Correlation of ln NC1 after a task with the online accuracy on the *next* one: over all runs that learn later
tasks alike and without an intervention, from their first task to the second, where length is the number of epochs
on the first; over those of them alone whose first task ended at an NC1, which is the paper's experiment; and over
the tasks of the network that goes on, where length is the number of the task. As it is; given length, linearly and
by its logarithm; among networks of equal length; and within a seed. Positive if collapse costs plasticity. (b)
Online accuracy on task 2 of each arm minus that of the control at the same seed: in total, and what of it does and
does not pass through NC1 after the first task. The arms differ in how long the first task was, so that the total
effect is that of length; only what passes through NC1 speaks about collapse.

Points are estimates from {{ n }}; runs of a seed that stopped at the same epoch count once. Thin bars: Student's t
intervals at {{ confidence }} from leaving out each seed once; a caret marks one that leaves the panel.
Crosses: sizes that Bonifazi et al. (2024, arXiv:2404.02719) publish or release, for 14
networks of the second kind. Verdicts on the right go by the t interval's p-value after Holm's correction; the rule
is in docs/statistics.md.

Assumptions of (b), in words: one ln NC1 has the same effect in an arm and its control, and nothing but the arm and
the length moves both NC1 and later accuracy of a network. The last cannot be checked.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.continual.figure_tables import PermutedTables, exclusion_notes

TABLES = ("causes",)

_FORMS = {
    "total": "as it is",
    "partial_linear": "given length, linear",
    "partial_log": "given log length",
    "within_length": "at equal length",
    "within_seed_log": "within a seed, given log length",
}
_WINDOWS = {
    "second_task": "task 1 to 2, all arms",
    "thresholds": "task 1 to 2, NC1 thresholds",
    "all": "task to next task",
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with accuracy on the next task, and the effect of every arm, direct and indirect."""
    control = tables.trial["control"]
    return draw_both(
        style,
        (correlation_lines(tables.causes, _FORMS, _WINDOWS), effect_lines(tables.causes, tables)),
        titles=(
            "ln NC1 after a task and online accuracy on the next",
            f"Online accuracy on task 2 of an arm minus {tables.label(control) if control else 'the control'}",
        ),
        windows=_WINDOWS,
        notes=exclusion_notes(tables, [arm for arm in (control, *tables.trial["treatments"]) if arm]),
    )
