"""Which quantities explain the loss in sections that they were not fitted on, in words."""

import pandas as pd

from plasticity.config.page_slices import AcrossDisplay
from plasticity.report.figures.axes import metric_name
from plasticity.report.summary.finding import rows_with
from plasticity.report.summary.words import numbers
from plasticity.studies.continual.across.explain_across import MEAN
from plasticity.studies.continual.explained import RIVAL, basis_of_gains, gain_of, gains_in_words, loss_of

NOTHING = "No loss on later tasks that every section has."


_NAMED = 6  # quantities that a section lacks


def explained_across(table: pd.DataFrame, settings: AcrossDisplay) -> str:
    """Return which quantities predict the loss in other sections better than the task number, in a sentence.

    Args:
        table: The table "explanations_across".
        settings: Level of the intervals, and titles of the sections.
    """
    loss = loss_of(table)
    rows = rows_with(table, loss=loss).loc[lambda found: found["quantity"].ne(RIVAL)]
    means = rows_with(rows, section=MEAN)
    compared = means.loc[means["n_points"].gt(0)]
    if compared.empty:
        return NOTHING
    named, parts = gains_in_words(compared, "in held-out sections", settings.confidence)
    parts.append(_least(rows_with(rows, quantity=named[0]), settings))
    left_out = "".join(f" {each}" for each in left_out_of(means))
    return f"{'; '.join(parts)} ({basis_of_gains(compared, loss, settings.confidence)}). {about(settings)}{left_out}"


def about(settings: AcrossDisplay) -> str:
    """Return what the comparison is about."""
    *first, last = settings.titles.values()
    return f"The comparison covers {len(first) + 1} sections only: {', '.join(first)} and {last}."


def left_out_of(means: pd.DataFrame) -> list[str]:
    """Say which quantities were not compared because a section lacks them: few by name, many by their number."""
    missing = [metric_name(name) for name in means.loc[means["n_points"].eq(0), "quantity"]]
    if len(missing) > _NAMED:
        return [f"Not compared, as a section lacks them: {len(missing)} quantities, which the table lists."]
    return [f"Not compared, as a section lacks them: {', '.join(missing)}."] if missing else []


def _least(rows: pd.DataFrame, settings: AcrossDisplay) -> str:
    """Return the section in which a quantity gains least."""
    each = rows.loc[rows["section"].ne(MEAN)].sort_values("gain", kind="stable").iloc[0].to_dict()
    gain = numbers(gain_of(each, settings.confidence, 1))
    return f"{metric_name(str(each['quantity']))} gains least in {settings.titles[each['section']]} ({gain})"
