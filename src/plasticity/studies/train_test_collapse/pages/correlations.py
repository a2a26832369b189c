"""Correlations.

Over the checkpoints of a run, where time is the rival explanation. Student's t intervals over {{ seeds }} at
{{ confidence }}; a single seed has none. Rows with ``iteration`` as the metric are controls.
"""

from plasticity.report.checkpoint_correlations import rows

__all__ = ["NOTE", "TABLES", "rows"]

TABLES = ("correlations",)
NOTE = (
    "Correlations over the checkpoints of a seed, mean over seeds with t intervals: variance of the checkpoint with "
    "test accuracy on the next task, at the learning rate chosen on held-out images, and at the one chosen on the test "
    "images, as published."
)
