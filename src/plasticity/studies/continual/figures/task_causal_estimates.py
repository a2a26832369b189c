"""Does NC1 say anything beyond training, and does what a longer first task does pass through it? Permuted images."""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.continual.figure_tables import PermutedTables, exclusion_notes

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
