"""Columns that tables of several studies share."""

from plasticity.metrics.declaring import declared_columns
from plasticity.storage.schemas import columns

NEURAL_COLLAPSE = declared_columns("neural_collapse")
OTHER_METRICS = declared_columns("collapse", "capacity", "other")

EXPERIMENT_RUN = columns(
    ("experiment", "str", "name", "key of the arm in the configuration; a list there makes several arms"),
    ("arm", "str", "name", "arm of the study, with its value if made from a list"),
    ("seed", "int", "1", "seed of the run; all generators derive from it"),
)

DIVERGED = columns(
    ("diverged", "bool", "1", "weights, features or loss were not finite; dependent numbers are missing")
)
