"""What is measured of actors and critics at a change of friction."""

from collections.abc import Iterable

from plasticity.studies.locomotion.columns import LOCOMOTION, MEASURED

SHOWN = ("effective_rank", "dead_units", "weight_norm", "critic_effective_rank", "critic_dead_units")
"""Quantities on the pages of the report."""


def measured_in(more: Iterable[str]) -> list[str]:
    """Return the columns of measured numbers of a table: the study's, and further ones that it has."""
    own = {column.name for column in MEASURED}
    return [*(name for name in LOCOMOTION.of_kind("float") if name in own), *more]
