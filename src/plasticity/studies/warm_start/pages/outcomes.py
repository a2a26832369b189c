"""Collapse and outcomes.

A row per arm and checkpoint (one every {{ study.warm_up.checkpoint_every }} warm-up epochs), with collapse before
fine-tuning and the results of fine-tuning; mean ± standard deviation over {{ seeds }}, accuracies in per cent.

The underlying table, ``metrics.parquet`` next to the figures' folder, has a row per arm, seed and checkpoint
and all columns; accuracies there are fractions in [0, 1]. Values of diverged
trainings are missing, and ``diverged`` is true. Units and meaning of each column are in the file's schema,
settings and versions in its metadata::

    import pandas, pyarrow.parquet
    metrics = pandas.read_parquet("metrics.parquet")
    for field in pyarrow.parquet.read_schema("metrics.parquet"):
        print(field.name, field.metadata)
"""

import pandas as pd

from plasticity.report.html_tables import mean_and_spread

TABLES = ("metrics",)
NOTE = (
    "Mean ± standard deviation over seeds. Accuracies in per cent, the gap to random init in percentage points. "
    "Values of diverged runs are missing; the column diverged counts them."
)
_COLLAPSE = ["nc1", "nc2", "nc3"]
_PERCENT = ["warm_up_train_accuracy", "warm_up_test_accuracy", "full_test_accuracy", "plasticity_gap"]


def rows(metrics: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return mean ± standard deviation over seeds, a row per arm and checkpoint; gaps in percentage points.

    Args:
        metrics: The "metrics" table.
        labels: What the report calls each arm.
    """
    length = metrics["fine_tune_epochs"].where(~metrics["diverged"])  # where it broke off says nothing about speed
    groups = metrics.assign(fine_tune_epochs=length).groupby(["arm", "warm_up_epoch"], sort=False)
    table = pd.DataFrame({"seeds": groups["seed"].nunique()})
    table["diverged"] = groups["diverged"].sum()
    for name in _COLLAPSE:
        table[name.upper()] = mean_and_spread(groups[name])
    table["NC4, %"] = mean_and_spread(groups["nc4"], "{:.1f}", scale=100)
    for name in _PERCENT:
        unit = "pp" if name == "plasticity_gap" else "%"
        table[f"{name.replace('_', ' ')}, {unit}"] = mean_and_spread(groups[name], "{:.1f}", scale=100)
    table["fine-tuning epochs"] = mean_and_spread(groups["fine_tune_epochs"], "{:.1f}")
    table["converged"] = groups["converged"].sum()
    table = table.reset_index().rename(columns={"warm_up_epoch": "warm-up epoch"})
    return table.assign(arm=[labels[arm] for arm in table["arm"]])
