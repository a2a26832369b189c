"""The manual page of the tables, rendered from their definitions and the studies' so that it cannot be out of date."""

from collections.abc import Iterator

from plasticity.storage.schemas import SCHEMAS, Column
from plasticity.studies import all_studies

COMMAND = "python -m plasticity.studies tables"

_OF_JOBS = {
    "published": ("<study>/<dataset>/published.parquet and not_run.parquet", "a published number or shape"),
    "next_task": (
        "train_test_collapse/<dataset>/transfer/<training>/<seeds>/<rate>.parquet",
        "a seed, a checkpoint and a learning rate",
    ),
    "explanations_across": (
        "across_sections/<dataset>/explanations.parquet",
        "a quantity, a loss and a held-out section, or the mean over the sections",
    ),
    "benchmarks": ("benchmarks/<dataset>/jobs.parquet", "a job, as it was last run"),
    "split": ("warm_start/<dataset>/splits/seed<seed>.parquet", "a training image"),
    "collapse": ("warm_start/<dataset>/collapse/<start>/<seeds>.parquet", "a checkpoint"),
    "fine_tune": ("warm_start/<dataset>/fine_tune/<arm>/<seeds>/<epochs>.parquet", "a checkpoint"),
    "first_task": ("permuted/<dataset>/first_task/<training>/<seeds>/history.parquet", "a seed and an epoch"),
    "agent_history": (
        "agents/<dataset>/train_agents/<arm>/<seeds>/history.parquet",
        "a seed and an update of the target network",
    ),
    "agent_checkpoints": ("agents/<dataset>/agent_checkpoints/<arm>/<seeds>.parquet", "a seed and a checkpoint"),
    "policy_history": ("locomotion/<dataset>/train_policy/<arm>/<seeds>/history.parquet", "a seed and an update"),
    "policy_checkpoints": ("locomotion/<dataset>/policy_checkpoints/<arm>/<seeds>.parquet", "a seed and a checkpoint"),
    "following_tasks": ("permuted/<dataset>/following_tasks/<experiment>/<seeds>.parquet", "a seed and a task"),
}
"""Tables that no study names as its own: where each is in results/, and what one of its rows is about."""

_INTRODUCTION = f"""\
<!-- Rendered from the definitions of the tables (*columns.py, metrics/declared) by: {COMMAND} -->
# Tables

Every Parquet table of the workflow, from its definition. Unit and meaning of each column are in the file's own
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
since is missing in every row, and one that this version does not know stays, to the right of the others. Metrics of
your own code and, if a section asks for it, the [loss landscape](landscape.md) are there as well.
"""


def tables() -> dict[str, tuple[str, str]]:
    """Return where each table is in results/, and what one of its rows is about, by the name of its schema."""
    named = [(study, name, table) for study in all_studies().values() for name, table in study.tables.items()]
    schemas = [table.schema for _, _, table in named]
    found = {
        table.schema: (
            f"{study.section if schemas.count(table.schema) == 1 else '<study>'}/<dataset>/{name}.parquet",
            table.row,
        )
        for study, name, table in named
    }
    return found | _OF_JOBS


def describe_tables() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRODUCTION, *(part for name, where in tables().items() for part in _table(name, *where))])


def _table(name: str, file: str, row: str) -> Iterator[str]:
    yield f"## `{name}`\n\n`results/{file}`: a row is {row}.\n"
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    yield from map(_row, SCHEMAS[name])
    yield ""


def _row(column: Column) -> str:
    meaning = column.description.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{column.name}` | {column.kind} | {column.unit} | {meaning} |"
