"""The stage that correlates collapse with the accuracy on later tasks: over the tasks of an arm, and across runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.analysis.across_runs import LENGTH, Runs, compares, runs_of, within
from plasticity.analysis.blocks import Block, Summary, Whole, pooled
from plasticity.analysis.correlation import CONTROL_METHODS, METHODS
from plasticity.analysis.panel import Excluded
from plasticity.analysis.windows import TASK
from plasticity.config.analysis_section import ContinualAnalysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.continual.quantities import METRICS, quantities_of
from plasticity.studies.over_checkpoints import over_checkpoints
from plasticity.studies.statistics_tables import correlations_table

CONTROL = "task"  # what any quantity that drifts over the tasks would give
RUN_METRICS = ["nc1", "nc2", "nc3", "nc4"]
RUN_OUTCOMES = ["online_accuracy", "plasticity_gap", "published_plasticity_loss"]
_RUN_METHODS = METHODS[:4]


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate_permuted(job.input["metrics"], job.output["correlations"], settings=job.slice(ContinualAnalysis))


def correlate_permuted(metrics_path: str | Path, output: str | Path, *, settings: ContinualAnalysis) -> None:
    """Write the correlations table of the permuted study.

    Every arm with at least three tasks has rows over its tasks; an experiment with arms that differ in the length of
    the first task or in its threshold has rows across its runs, with its own name as arm.

    Args:
        metrics_path: The study's table "permuted".
        output: Where the correlations table goes.
        settings: The section `analysis` of the study.

    Raises:
        PlasticityError: If the table is missing or damaged.
    """
    frame = read_table(metrics_path, "permuted")
    table = correlations_of(frame, settings, quantities_of(frame, metrics_path))
    write_table(table, output, "correlations", provenance(settings.plain()))


def correlations_of(frame: pd.DataFrame, settings: ContinualAnalysis, metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """Return the correlations of the "permuted" table as `correlate_permuted` writes them, or of some metrics."""
    return correlations_table([*_over_tasks(frame, settings, metrics), *_across_runs(frame, settings)])


def _over_tasks(frame: pd.DataFrame, settings: ContinualAnalysis, names: Sequence[str]) -> Iterator[Block]:
    """Return the blocks of every arm over all of its tasks, the first included."""
    summary = Summary(settings.confidence, averaged=True)
    outcomes = settings.outcomes or ("online_accuracy", "plasticity_gap")
    return over_checkpoints(frame, names, outcomes, axis=CONTROL, summary=summary)


def _across_runs(frame: pd.DataFrame, settings: ContinualAnalysis) -> Iterator[Block]:
    """Yield the blocks of every experiment: outcomes of the later tasks, then the length of the first task itself."""
    summary = Summary(settings.confidence)
    for _, rows in frame.groupby("experiment", sort=False):
        if not compares(rows):
            continue
        runs = runs_of(rows, RUN_METRICS, [*RUN_OUTCOMES, LENGTH])
        first = runs.at(runs.tasks == 1)
        later = runs.at(runs.tasks > 1)
        for method in _RUN_METHODS:
            controls = [LENGTH] if method in CONTROL_METHODS else []
            pairs = [(metric, outcome) for outcome in RUN_OUTCOMES for metric in [*RUN_METRICS, *controls]]
            yield from (_run_block(later, pair, method, summary) for pair in pairs)
            pairs = [(metric, LENGTH) for metric in RUN_METRICS] if controls else []
            yield from (_run_block(first, pair, method, summary) for pair in pairs)


def _run_block(runs: Runs, pair: tuple[str, str], method: str, summary: Summary) -> Block:
    """Return the rows of one metric, outcome and method: for every task, pooled and within."""
    metric, outcome = pair
    points, left_out = runs.points(method, *pair), runs.excluded(*pair)
    wholes = [pooled(points, summary), pooled(within(points), summary, aggregate="within")]
    columns = {
        "window_start": np.column_stack([runs.tasks] * 2),
        "window_end": np.column_stack([runs.tasks] * 2),
        "estimate": np.column_stack([whole.found.value for whole in wholes]),
        "ci_low": np.column_stack([whole.ends[0] for whole in wholes]),
        "ci_high": np.column_stack([whole.ends[1] for whole in wholes]),
        "n_seeds": np.column_stack([whole.contributing for whole in wholes]),
        "n_points": np.column_stack([whole.found.n_points for whole in wholes]),
        "n_excluded": np.column_stack([left_out.total[:, 0]] * 2),
        "note": np.array([_notes(whole, left_out, runs, pair) for whole in wholes], dtype=object).T,
        "aggregate": np.tile(np.array([whole.aggregate for whole in wholes], dtype=object), (runs.tasks.size, 1)),
    }
    same = {"metric": metric, "outcome": outcome, "arm": runs.experiment, "method": method, "window_kind": TASK}
    labels = {
        name: np.full(2 * runs.tasks.size, value, dtype=object) for name, value in (same | {"seed": pd.NA}).items()
    }
    return labels | {name: values.ravel() for name, values in columns.items()}


def _notes(whole: Whole, left_out: Excluded, runs: Runs, pair: tuple[str, str]) -> list[str]:
    """Return for every task what is undefined, what was left out, and which runs were counted once."""
    repeated = (runs.present & runs.twins).sum(axis=(1, 2)).tolist()
    notes = []
    for task, number in enumerate(repeated):
        once = [f"counted once: {number} repeated"] if number else []
        parts = [*whole.reasons(task, pair), left_out.note(task, slice(None)), *once]
        notes.append("; ".join(part for part in parts if part))
    return notes
