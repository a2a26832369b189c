"""Correlations.

Over the tasks of an agent, where time is the rival explanation. Student's t intervals over {{ seeds }} at
{{ confidence }}; a single seed has none. Rows with ``task`` as the metric are controls.
"""

from plasticity.report.checkpoint_correlations import rows

__all__ = ["NOTE", "TABLES", "rows"]

TABLES = ("correlations",)
NOTE = (
    "Correlations over the tasks of an agent, mean over seeds with t intervals: a quantity at a change of friction "
    "with the return in the next task and in the last tenth of the task before it."
)
