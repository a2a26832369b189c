"""Correlations.

Over the checkpoints of an agent, where time is the rival explanation. Student's t intervals over {{ seeds }} at
{{ confidence }}; a single seed has none. Rows with ``step`` as the metric are controls.
"""

from plasticity.report.checkpoint_correlations import rows

__all__ = ["NOTE", "TABLES", "rows"]

TABLES = ("correlations",)
NOTE = (
    "Correlations over the checkpoints of an agent, mean over seeds with t intervals: a quantity with probe loss, "
    "which is high where plasticity is lost, and with the share of right actions."
)
