"""Which quantities explain the loss in sections that they were not fitted on, in words."""

import pandas as pd

from plasticity.config.page_slices import AcrossDisplay
from plasticity.report.figures.axes import metric_name
from plasticity.report.summary.finding import rows_with
from plasticity.report.summary.words import numbers
from plasticity.studies.continual.across.explain_across import MEAN
from plasticity.studies.continual.explained import RIVAL, basis_of_gains, gain_of, gains_in_words, loss_of

NOTHING = "No loss on later tasks was measured everywhere."
_NAMED = 6  # quantities that a section lacks


def explained_across(table: pd.DataFrame, settings: AcrossDisplay, part: str = "section") -> str:
    """Return which quantities predict the loss in other sections better than the task number, in a sentence.

    Args:
        table: The table "explanations_across".
        settings: Level of the intervals, and titles of the sections.
        part: What a section is called, such as run.
    """
    loss = loss_of(table)
    rows = rows_with(table, loss=loss).loc[lambda found: found["quantity"].ne(RIVAL)]
    means = rows_with(rows, section=MEAN)
    compared = means.loc[means["n_points"].gt(0)]
    if compared.empty:
        return NOTHING
    named, parts = gains_in_words(compared, f"in held-out {part}s", settings.confidence)
    parts.append(_least(rows_with(rows, quantity=named[0]), settings))
    left_out = "".join(f" {each}" for each in left_out_of(means, part))
    basis = basis_of_gains(compared, loss, settings.confidence)
    return f"{'; '.join(parts)} ({basis}). {about(settings, part)}{left_out}"


def about(settings: AcrossDisplay, part: str = "section") -> str:
    """Return what the comparison is about."""
    titles = "; ".join(map(_quoted, settings.titles.values()))
    return f"The comparison covers only {len(settings.titles)} {part}s: {titles}."


def left_out_of(means: pd.DataFrame, part: str = "section") -> list[str]:
    """Say which quantities were not compared because a section lacks them: few by name, many by their number."""
    missing = [metric_name(name) for name in means.loc[means["n_points"].eq(0), "quantity"]]
    why = f"because at least one {part} lacks them"
    if len(missing) > _NAMED:
        return [f"{len(missing)} quantities are not compared {why}; the table lists them."]
    return [f"Not compared, {why}: {', '.join(missing)}."] if missing else []


def _least(rows: pd.DataFrame, settings: AcrossDisplay) -> str:
    """Return the section in which a quantity gains least."""
    each = rows.loc[rows["section"].ne(MEAN)].sort_values("gain", kind="stable").iloc[0].to_dict()
    gain, title = numbers(gain_of(each, settings.confidence, 1)), _quoted(settings.titles[each["section"]])
    return f"the gain of {metric_name(str(each['quantity']))} is smallest in {title} ({gain})"


def _quoted(title: str) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{title}\N{RIGHT DOUBLE QUOTATION MARK}"
