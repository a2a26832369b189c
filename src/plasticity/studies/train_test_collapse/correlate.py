"""Stage: does the collapse of a checkpoint, or its training time, go with what it reaches on the next task?

Two questions to the same networks: over the checkpoints of an arm, and at the last checkpoint of arms that differ in
weight decay alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from plasticity.analysis.blocks import Block, Summary
from plasticity.analysis.correlation import CONTROL_METHODS
from plasticity.analysis.panel import panel_of
from plasticity.analysis.windows import Window
from plasticity.config.analysis_section import TransferAnalysis
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.tables import read_table, unknown_numbers, write_table
from plasticity.studies.over_checkpoints import in_window, whole
from plasticity.studies.statistics_tables import correlations_table
from plasticity.studies.train_test_collapse.columns import TRANSFER

METRICS = [name for name in TRANSFER.names if "variance" in name or name == "nc1"]
OUTCOMES = {"test_accuracy": "chosen", "test_accuracy_chosen_on_test": "chosen_on_test"}
"""Outcome -> the column that says which learning rate it is taken at."""
CONTROL = "iteration"  # what any monotone function of training time would give
WEIGHT_DECAY = "weight_decay"
ACROSS = "weight_decays"  # the kind of window of the second question


def run(job: Job) -> None:
    """Write the correlations table."""
    correlate_transfer(job.input["transfer"], job.output["correlations"], settings=job.slice(TransferAnalysis))


def correlate_transfer(transfer: Path, output: Path, *, settings: TransferAnalysis) -> None:
    """Write the correlations of the study: per arm that goes on to a next task, and across its weight decays.

    The network before training belongs to no iteration, and is left out: its variance is that of other features.

    Args:
        transfer: The "transfer" table.
        output: The "correlations" table, without rows where no arm goes on.
        settings: The section `analysis` of the study, and the families of arms that differ in weight decay alone.

    Raises:
        PlasticityError: If the table is missing or damaged.
    """
    frame = read_table(transfer, "transfer")
    measured = [*METRICS, *unknown_numbers(transfer, "transfer")]
    write_table(correlations_of(frame, settings, measured), output, "correlations", provenance(settings.plain()))


def correlations_of(frame: pd.DataFrame, settings: TransferAnalysis, metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """Return the correlations of the "transfer" table as `correlate_transfer` writes them, or those of some metrics."""
    frame = frame.loc[frame["iteration"] > 0]
    summary = Summary(settings.confidence)
    blocks = [block for _, rows in frame.groupby("arm", sort=False) for block in _blocks(rows, summary, metrics)]
    for family in (each for each in settings.families if len(each.weight_decays) > 1):
        blocks += _blocks_across(last_of(frame, family.weight_decays), family.name, summary, metrics)
    return correlations_table(blocks)


def outcomes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per arm, seed and checkpoint, with the test accuracy at either choice of the learning rate."""
    keys = ["arm", "seed", "iteration"]
    first = rows.sort_values([*keys, "learning_rate"]).drop_duplicates(keys)
    for outcome, choice in OUTCOMES.items():
        taken = rows.loc[rows[choice], [*keys, "test_accuracy"]].rename(columns={"test_accuracy": outcome})
        first = first.drop(columns=outcome, errors="ignore").merge(taken, on=keys, how="left")
    diverged = rows.groupby(keys, as_index=False)["diverged"].all()  # at every learning rate
    return first.drop(columns="diverged").merge(diverged, on=keys)


def last_of(rows: pd.DataFrame, weight_decays: Mapping[str, float]) -> pd.DataFrame:
    """Return what each run of a family reached from its last checkpoint, as `outcomes_of`, with its weight decay.

    Args:
        rows: Rows of the "transfer" table.
        weight_decays: Weight decay by arm of the family.
    """
    reached = outcomes_of(cast("pd.DataFrame", rows.loc[rows["arm"].isin(list(weight_decays))]))
    ends = reached.groupby(["arm", "seed"])["iteration"].transform("max").to_numpy()
    last = cast("pd.DataFrame", reached.loc[reached["iteration"].to_numpy() == ends])
    return last.assign(weight_decay=[weight_decays[arm] for arm in last["arm"]])


def _blocks_across(last: pd.DataFrame, family: str, summary: Summary, names: Sequence[str]) -> Iterator[Block]:
    """Yield the blocks over the weight decays of a family, at the last checkpoints."""
    if last.empty:
        return
    panel = panel_of(last.assign(arm=family), [*names, WEIGHT_DECAY, *OUTCOMES], axis=WEIGHT_DECAY)
    iterations = last["iteration"].to_numpy(dtype=int)
    window = Window(ACROSS, int(iterations.min()), int(iterations.max()))
    yield from in_window(panel, window, names, OUTCOMES, control=WEIGHT_DECAY, summary=summary, methods=CONTROL_METHODS)


def _blocks(rows: pd.DataFrame, summary: Summary, names: Sequence[str]) -> Iterator[Block]:
    panel = panel_of(outcomes_of(rows), [*names, CONTROL, *OUTCOMES], axis="iteration")
    return in_window(panel, whole(panel), names, OUTCOMES, control=CONTROL, summary=summary)
