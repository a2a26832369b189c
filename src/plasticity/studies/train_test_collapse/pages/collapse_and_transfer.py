"""NC1 and train variance.

Correlations of both, measured at the same checkpoints, with test accuracy on the next task: over the checkpoints of
an arm, with the iteration as control, and at the last checkpoint of arms that differ only in weight decay, with
weight decay as control. Student's t intervals over {{ seeds }} at {{ confidence }}; a
single seed has none, and fewer than three are inconclusive.
"""

from plasticity.studies.train_test_collapse.agreement import relations

TABLES = ("correlations",)
READS = ("confidence",)
NOTE = (
    "Correlations of NC1 and train variance at the same checkpoints with test accuracy on the next task, at the "
    "learning rate that was best on held-out images: over the checkpoints of each arm, and at the last checkpoint of "
    "arms that differ only in weight decay. Means over seeds with t intervals. Both papers predict a positive "
    "correlation: less collapse, more accuracy. The conclusion depends on the signs of both intervals, after "
    "Holm's correction for all correlations of this table; fewer than three seeds are inconclusive."
)
WIDE = ("compared", "conclusion")
rows = relations
