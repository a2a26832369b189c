"""Stage: how well does each measured quantity, after a task, predict what is lost on the next one?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.inference import Inference, Level
from plasticity.analysis.next_losses import next_losses_of
from plasticity.analysis.prediction import SCOPES, Prediction, predictions
from plasticity.analysis.verdict import holm
from plasticity.config.slices import ExplainSettings
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.continual.quantities import quantities_of

TASK = "task"  # the rival of every quantity
_FAMILY = ["loss", "scope"]  # quantities that are tested together


def run(job: Job) -> None:
    """Write the table of explanations."""
    explain(job.input["metrics"], job.output["explanations"], settings=job.slice(ExplainSettings))


def explain(metrics: Path, output: Path, *, settings: ExplainSettings) -> None:
    """Write the table of explanations: all numbers measured after a task, those of the user's own code included.

    Args:
        metrics: The study's table "permuted".
        output: Where the table goes.
        settings: Level of the intervals, losses, and the arms that losses are measured against, which are left out.

    Raises:
        PlasticityError: If the table is damaged, or lacks a quantity of `beyond`.
    """
    frame = read_table(metrics, "permuted")
    frame = frame.loc[~frame["arm"].isin(settings.references)]
    names = quantities_of(frame, metrics)
    if unknown := sorted(set(settings.beyond) - set(names)):
        raise PlasticityError(f"analysis.beyond: expected measured quantities ({', '.join(names)}), got {unknown[0]}")
    table = explanations_of(frame, names, settings)
    write_table(table, output, "explanations", provenance(settings.plain()))


def explanations_of(frame: pd.DataFrame, quantities: Sequence[str], settings: ExplainSettings) -> pd.DataFrame:
    """Return the explanations of the rows of a table of tasks, as `explain` writes them."""
    rows = [row for loss in settings.losses for row in _rows(frame, quantities, loss, settings)]
    table = corrected(pd.DataFrame(rows, columns=find_table("explanations").names), _FAMILY)
    order = {scope: place for place, scope in enumerate(SCOPES)}
    return table.sort_values(_FAMILY, key=lambda c: c.map(order) if c.name == "scope" else c, kind="stable")


def _rows(
    frame: pd.DataFrame, quantities: Sequence[str], loss: str, settings: ExplainSettings
) -> Iterator[dict[str, Any]]:
    points, begun = next_losses_of(frame, loss)
    if not len(points.loss):
        return
    level = Level(confidence=settings.confidence)
    measured = {name: begun[name].astype(float).to_numpy() for name in (TASK, *quantities)}
    for quantity, values in measured.items():
        beside = [measured[name] for name in settings.beyond if name != quantity]
        beyond = predictions(points, values, level, beside=beside) if beside and quantity != TASK else {}
        for scope, found in predictions(points, values, level).items():
            further = _beyond(beyond[scope].gain) if beyond else {}
            said = numbers_of(quantity, len(points.loss), found)
            yield {"quantity": quantity, "loss": loss, "scope": scope, **said, **further}


def numbers_of(quantity: str, points: int, found: Prediction) -> dict[str, Any]:
    """Return what a row says of a quantity, of so many points; the number of the task has no gain over itself."""
    gain = Inference(np.nan, note="the baseline of the gains") if quantity == TASK else found.gain
    notes = [found.skill.note, gain.note if gain.note != found.skill.note else ""]
    return {
        "skill": found.skill.estimate,
        "skill_low": found.skill.low,
        "skill_high": found.skill.high,
        "gain": gain.estimate,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "p_value": gain.p_value,
        "n_seeds": found.skill.n_seeds,
        "n_arms": found.n_arms,
        "n_points": found.n_points,
        "n_excluded": points - found.n_points,
        "note": "; ".join(filter(None, notes)),
    }


def _beyond(gain: Inference) -> dict[str, float]:
    """Return what a quantity adds to others."""
    return {
        "gain_beyond": gain.estimate,
        "gain_beyond_low": gain.low,
        "gain_beyond_high": gain.high,
        "p_value_beyond": gain.p_value,
    }


def corrected(table: pd.DataFrame, family: Sequence[str]) -> pd.DataFrame:
    """Return the table with the p-values of gains corrected after Holm, all quantities of a family together."""
    p_values, adjusted = table["p_value"].to_numpy(float), np.full(len(table), np.nan)
    for place in table.groupby(list(family), sort=False).indices.values():
        adjusted[place] = holm(p_values[place])
    return table.assign(p_adjusted=adjusted)
