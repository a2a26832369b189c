"""Every Parquet table of the project: its columns, units and meaning, defined once, in a module per study.

Accuracies are fractions in [0, 1]. Only the table "benchmarks" holds times: the same configuration gives the same
numbers in all others.
"""

from plasticity.storage.schemas import analyses, permuted, train_test_collapse, warm_start
from plasticity.storage.schemas.columns import Column

SCHEMAS: dict[str, tuple[Column, ...]] = {
    **warm_start.SCHEMAS,
    **permuted.SCHEMAS,
    **train_test_collapse.SCHEMAS,
    **analyses.SCHEMAS,
}

__all__ = ["SCHEMAS", "Column"]
