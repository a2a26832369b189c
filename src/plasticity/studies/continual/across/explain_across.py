"""Stage: how well does each quantity, after a task, predict the next loss in sections that it was not fitted on?

A section is a sequence of tasks and a network. A quantity is compared if every section has measured it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.analysis.across_sections import predictions_across
from plasticity.analysis.inference import Level
from plasticity.analysis.next_losses import NextLosses, next_losses_of
from plasticity.config.slices import ExplainAcrossSettings
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.provenance import provenance
from plasticity.storage.schemas import find_table
from plasticity.storage.tables import read_table, write_table
from plasticity.studies.continual.explain import TASK, corrected, numbers_of
from plasticity.studies.continual.quantities import quantities_of

MEAN = ""
"""What a row of the mean over the sections has as its section."""
_FAMILY = ["loss", "section"]  # quantities that are tested together
_FEWEST = 8  # values of a quantity in a section that has measured it: a fit's coefficients, and some to spare

Parts = Mapping[str, tuple[NextLosses, pd.DataFrame]]
"""Transitions of each section, and the rows that they begin at."""


def run(job: Job) -> None:
    """Write the table of explanations across the sections that the job has tables of."""
    explain_across(job.input.each(), job.output["explanations"], settings=job.slice(ExplainAcrossSettings))


def explain_across(metrics: Mapping[str, Path], output: Path, *, settings: ExplainAcrossSettings) -> None:
    """Write the table of explanations across sections.

    Args:
        metrics: Section -> its table "permuted".
        output: Where the table goes.
        settings: Level of the intervals, losses, and the arms that they are measured against, which are left out.

    Raises:
        PlasticityError: If there is only one section, or a table is damaged.
    """
    if len(metrics) < 2:
        raise PlasticityError(f"explanations across sections: expected two sections or more, got {len(metrics)}")
    frames, quantities = {}, []
    for section, path in metrics.items():
        frame = read_table(path, "permuted")
        frames[section] = frame.loc[~frame["arm"].isin(settings.references[section])]
        quantities += quantities_of(frames[section], path)
    table = explanations_across_of(frames, list(dict.fromkeys(quantities)), settings)
    write_table(table, output, "explanations_across", provenance(settings.plain()))


def explanations_across_of(
    frames: Mapping[str, pd.DataFrame], quantities: Sequence[str], settings: ExplainAcrossSettings
) -> pd.DataFrame:
    """Return the explanations across sections from the rows of their tables, as `explain_across` writes them."""
    level, rows = Level(confidence=settings.confidence), []
    for loss in settings.losses:
        parts = {section: next_losses_of(frame, loss) for section, frame in frames.items()}
        if all(len(set(points.loss.tolist())) > 1 for points, _ in parts.values()):
            rows += _rows(parts, quantities, loss, level)
    return corrected(pd.DataFrame(rows, columns=find_table("explanations_across").names), _FAMILY)


def _rows(parts: Parts, quantities: Sequence[str], loss: str, level: Level) -> Iterator[dict[str, Any]]:
    """Yield the rows of a loss that all sections have; of a quantity that only some have, one that names the others."""
    points = _joined(parts)
    sizes = [len(points.loss), *(len(part.loss) for part, _ in parts.values())]
    for quantity in (TASK, *quantities):
        values = [_values(begun, quantity) for _, begun in parts.values()]
        few = [name for name, each in zip(parts, values, strict=True) if np.isfinite(each).sum() < _FEWEST]
        if not few:
            found = predictions_across(points, np.concatenate(values), level)
            for section, size, each in zip((MEAN, *parts), sizes, found, strict=True):
                yield {"quantity": quantity, "loss": loss, "section": section, **numbers_of(quantity, size, each)}
        elif len(few) < len(parts):
            note = f"fewer than {_FEWEST} values in {', '.join(few)}"
            counts = {"n_seeds": 0, "n_arms": 0, "n_points": 0, "n_excluded": sizes[0]}
            yield {"quantity": quantity, "loss": loss, "section": MEAN, **counts, "note": note}


def _values(begun: pd.DataFrame, quantity: str) -> np.ndarray:
    """Return a quantity where transitions begin; NaN where a section has not measured it."""
    return begun[quantity].astype(float).to_numpy() if quantity in begun else np.full(len(begun), np.nan)


def _joined(parts: Parts) -> NextLosses:
    """Return the transitions of all sections; an experiment is a section, and arms of two sections are two."""
    sizes = [len(points.loss) for points, _ in parts.values()]
    section = np.repeat(np.arange(len(parts)), sizes)
    arm = np.concatenate([points.arm for points, _ in parts.values()])
    seed = np.concatenate([begun["seed"].to_numpy() for _, begun in parts.values()])
    task, loss = (np.concatenate([getattr(points, name) for points, _ in parts.values()]) for name in ("task", "loss"))
    pairs = np.unique(np.stack([section, arm]), axis=1, return_inverse=True)[1].ravel()
    return NextLosses(pairs, section, pd.factorize(seed)[0], task, loss)
