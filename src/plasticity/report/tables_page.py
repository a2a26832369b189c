"""Write the manual page of the tables: `python -m plasticity.report.tables_page docs/tables.md`."""

import sys
from collections.abc import Iterator

from plasticity.storage.files import atomic_path
from plasticity.storage.schemas import SCHEMAS, Column

_JOBS = "results/<study>/<dataset>"
TABLES: dict[str, tuple[str, str]] = {
    "metrics": ("results/warm_start/<dataset>/metrics.parquet", "an arm, a seed and a checkpoint"),
    "permuted": ("results/permuted/<dataset>/metrics.parquet", "an arm, a seed and a task"),
    "correlations": (f"{_JOBS}/correlations.parquet", "a metric, an outcome, an arm, a method, a window, an aggregate"),
    "causes": (f"{_JOBS}/causes.parquet", "a question, a quantity, a treatment, a method, a window"),
    "published": (f"{_JOBS}/published.parquet and not_run.parquet", "a published number or shape"),
    "history": ("results/warm_start/<dataset>/histories.parquet", "an epoch of a training"),
    "variances": ("results/train_test_collapse/<dataset>/metrics.parquet", "an arm, a seed, a checkpoint and a layer"),
    "transfer": (
        "results/train_test_collapse/<dataset>/transfer.parquet",
        "an arm, a seed, a checkpoint, a learning rate",
    ),
    "next_task": (
        "results/train_test_collapse/<dataset>/transfer/<training>/<seeds>/<rate>.parquet",
        "a seed, a checkpoint and a learning rate",
    ),
    "benchmarks": ("results/benchmarks/<dataset>/jobs.parquet", "a job, as it was last run"),
    "split": ("results/warm_start/<dataset>/splits/seed<seed>.parquet", "a training image"),
    "collapse": ("results/warm_start/<dataset>/collapse/<start>/<seeds>.parquet", "a checkpoint"),
    "fine_tune": ("results/warm_start/<dataset>/fine_tune/<arm>/<seeds>/<epochs>.parquet", "a checkpoint"),
    "first_task": ("results/permuted/<dataset>/first_task/<training>/<seeds>/history.parquet", "a seed and an epoch"),
    "following_tasks": ("results/permuted/<dataset>/following_tasks/<experiment>/<seeds>.parquet", "a seed and a task"),
}
"""Where each table is, and what one of its rows is about."""

COMMAND = "python -m plasticity.report.tables_page docs/tables.md"

_INTRODUCTION = f"""\
<!-- Rendered from the definitions of the tables (*columns.py, metrics/declared) by: {COMMAND} -->
# Tables

Every Parquet table of the workflow, from its one definition. Unit and meaning of each column are in the file's own
schema too, and provenance (commit, versions, device, settings) in its metadata. Accuracies are fractions in [0, 1]; `1`
is the unit of a pure number. In a notebook:

```python
import plasticity

run = plasticity.load("results/warm_start/digits")
run.metrics.groupby("arm")["plasticity_gap"].mean() # a data frame per table
run.columns("metrics") # type, unit and meaning of its columns
run.provenance("metrics")["commit"]
```

[examples/own_figure.py](examples/own_figure.py) draws a figure from them. A missing number is one that could not be
measured or does not apply; the column says which. Tables outlive the version that wrote them: a column that was added
since is missing in every row, and one that this version does not know stays, to the right of the others.
"""


def describe_tables() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRODUCTION, *(part for name in TABLES for part in _table(name))])


def main(arguments: list[str]) -> int:
    """Write the page to the one path that is given; return the exit status."""
    if len(arguments) != 1:
        print(f"usage: {COMMAND}", file=sys.stderr)
        return 2
    with atomic_path(arguments[0]) as temporary:
        temporary.write_text(describe_tables(), encoding="utf-8")
    return 0


def _table(name: str) -> Iterator[str]:
    file, row = TABLES[name]
    yield f"## `{name}`\n\n`{file}`: a row is {row}.\n"
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    yield from map(_row, SCHEMAS[name])
    yield ""


def _row(column: Column) -> str:
    meaning = column.description.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{column.name}` | {column.kind} | {column.unit} | {meaning} |"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
