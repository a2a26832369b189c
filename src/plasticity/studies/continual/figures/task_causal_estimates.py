"""Does NC1 explain anything beyond training?

(a) Correlation of ln NC1 after a task with online accuracy on the *next* one: from the first task to the second, over
all runs with the same training on later tasks and no intervention, unadjusted and among networks with equally many
first-task epochs; and over the tasks of the continually trained network, at equal task number. Positive if collapse
hurts plasticity. (b) Online accuracy on task 2 of each arm minus that of the control at the same seed. Arms differ in
the length of the first task, so this is the effect of that length.

Points are estimates from {{ n }}; runs of a seed that stopped at the same epoch count once. Thin bars: Student's t
intervals at {{ confidence }} (jackknife over seeds); a caret marks an interval that extends beyond the panel.
Crosses: effect sizes that Bonifazi et al. (2024, arXiv:2404.02719) publish or release. Verdicts on the right use the t
interval's p-value after Holm's correction; the rule is in docs/statistics.md.

The table of causes has all other forms, the runs whose first task stopped at an NC1 threshold, and of each effect the
direct part and the part via NC1.
"""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.continual.figure_tables import PermutedTables

TABLES = ("causes",)

_CORRELATIONS = {
    ("total", "second_task"): "task 1 to 2, unadjusted",
    ("within_length", "second_task"): "task 1 to 2, at equal length",
    ("within_length", "all"): "task to next task, at equal number",
}


def draw(tables: PermutedTables, style: Style) -> Figure:
    """Draw correlations of ln NC1 with accuracy on the next task, and the total effect of every arm."""
    control = tables.causal_design.control
    several = [arm for family in tables.families.values() if len(family) > 1 for arm in family]
    names = {arm: f"first task: {tables.value_label(arm)}" for arm in several if arm.startswith("first_task_")}
    return draw_both(
        style,
        (correlation_lines(tables.causes, _CORRELATIONS), effect_lines(tables.causes, tables, names)),
        titles=(
            "ln NC1 after a task and online accuracy on the next",
            f"Online accuracy on task 2 of an arm minus {tables.label(control) if control else 'the control'}",
        ),
        notes=tables.exclusions([arm for arm in (control, *tables.causal_design.treatments) if arm]),
    )
