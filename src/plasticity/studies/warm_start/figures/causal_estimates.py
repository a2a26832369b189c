"""Does NC1 say anything beyond training length, and does what an arm does pass through it? Warm starting."""

from matplotlib.figure import Figure

from plasticity.report.figures.causal_lines import correlation_lines, draw_both, effect_lines
from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figure_tables import FigureTables, exclusion_notes

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
