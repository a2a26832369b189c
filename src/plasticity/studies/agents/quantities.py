"""What is measured of agents that may explain their plasticity, and the plasticity itself: the probe's loss."""

from collections.abc import Iterable

from plasticity.studies.agents.columns import AGENTS
from plasticity.studies.shared_columns import NEURAL_COLLAPSE, OTHER_METRICS

PROBE_LOSS = "probe_loss"
TESTED = {
    "weight_norm": False,
    "weight_rank": False,
    "dead_units": False,
    "effective_rank": False,
    "nc1": True,
    "gradient_rank": False,
    "negative_gradient_pairs": False,
    "gauss_newton_largest": True,
}
"""Quantities of the falsification test, fixed beforehand -> whether ln of them is taken.

The first four are those of Lyle et al. (2023), Figure 3; the last three are there if the section measures them.
"""
_COLLAPSE = {column.name for column in (*NEURAL_COLLAPSE, *OTHER_METRICS)} | {"weight_rank", "greedy_accuracy"}


def measured_in(more: Iterable[str]) -> list[str]:
    """Return the columns of measured numbers of a table: the study's, and further ones but for those of the probe."""
    own = [name for name in AGENTS.of_kind("int", "float") if name in _COLLAPSE]
    return [*own, *(name for name in more if "probe" not in name)]
