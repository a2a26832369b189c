"""NC1 and train variance.

Correlations of both, measured on the same checkpoints, with test accuracy on the next task: over the checkpoints of
an arm, with the iteration as control, and at the last checkpoint of arms that differ in weight decay alone, with
weight decay as control. Student's t intervals over {{ seeds }} at {{ confidence }}; a
single seed has none, and of fewer than three it decides nothing.
"""

from plasticity.studies.train_test_collapse.agreement import relations

TABLES = ("correlations",)
READS = ("confidence",)
NOTE = (
    "NC1 and train variance of the same checkpoints against test accuracy on the next task, at the learning rate that "
    "was best on held-out images: over the checkpoints of each arm, and at the last checkpoint of arms that differ in "
    "weight decay alone. Means of the seeds' coefficients with t intervals over seeds. Both papers ask for a "
    "positive one: the less collapse, the more accuracy. What they say goes by the side of zero of both intervals, "
    "after Holm's correction for all correlations of this table; fewer than three seeds decide nothing."
)
WIDE = ("compared", "what they say")
rows = relations
