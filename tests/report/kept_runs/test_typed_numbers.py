"""Numbers that are typed into a kept run's notes stand in its tables, its configuration, or what is published."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.report.kept_runs.kept_run import Run
from plasticity.report.kept_runs.placeholders import PLACEHOLDER
from plasticity.studies.kept_runs import read_run

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[3] / "docs/reproduction").glob("*/notes.md"))
_APART = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|arXiv:[\d.]+", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.,·/-])[+\N{MINUS SIGN}]?\d+\.\d+(?![\w.]|,\d)")
_ONLY_BY_PLACEHOLDER = ("correlations", "causes")  # thousands of coefficients: some number rounds to whatever is typed
# Numbers of decimals that are no results: a level, a power, and how the setup of a paper or a run is described.
_OF_THE_TEXT = {"0.8"}


def typed(folder: Path) -> Iterator[str]:
    """Yield the numbers with decimals of a note, but for placeholders, code and addresses; the others count things."""
    text = PLACEHOLDER.sub("", (folder / "notes.md").read_text(encoding="utf-8"))
    yield from _NUMBER.findall(_APART.sub("", text))


def known(run: Run) -> np.ndarray:
    """Return all numbers that a note may say: of tables, with means and deviations over seeds, and of settings."""
    found = [*_leaves(run.config), *_leaves([vars(claim) for claim in run.published.claims])]
    for path in run.folder.glob("*.parquet"):
        if path.stem in _ONLY_BY_PLACEHOLDER:
            continue
        frame = pd.read_parquet(path)
        numeric = [name for name in frame.select_dtypes("number") if name != "seed"]
        found += frame[numeric].to_numpy(dtype=float, na_value=np.nan).ravel().tolist()
        keys = [
            name for name in ("arm", "layer", "task", "warm_up_epoch", "iteration", "learning_rate") if name in frame
        ]
        if "seed" in frame and keys:
            found += _summed(frame.groupby(keys, dropna=False)[numeric])
        if {"seed", "iteration"} <= set(frame):  # each run's own last checkpoint, wherever its loss ended it
            last = frame.loc[frame["iteration"] == frame.groupby(["arm", "seed"])["iteration"].transform("max")]
            found += _summed(
                last.groupby([name for name in ("arm", "layer") if name in frame], dropna=False)[numeric],
                geometric=True,
            )
    values = np.array(found, dtype=float)
    values = np.abs(values[np.isfinite(values)])
    return np.unique(np.concatenate([values, 100 * values]))


def _summed(groups: Any, *, geometric: bool = False) -> list[float]:
    parts = (groups.mean(), groups.std(), groups.median(), *([groups.agg(_geometric)] if geometric else []))
    return [x for part in parts for x in part.to_numpy(dtype=float, na_value=np.nan).ravel().tolist()]


def _geometric(part: Any) -> float:
    values = part.to_numpy(dtype=float, na_value=np.nan)
    return float(np.exp(np.log(values).mean())) if (values > 0).all() else np.nan


def _leaves(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def unknown(numbers: Iterator[str], values: np.ndarray) -> list[str]:
    """Return the numbers that no value rounds to."""
    found = []
    for number in numbers:
        text = number.lstrip("+\N{MINUS SIGN}")
        half = 0.5 * 10.0 ** -len(text.partition(".")[2]) * (1 + 1e-9)
        place = np.searchsorted(values, float(text) - half)
        if text not in _OF_THE_TEXT and not (place < len(values) and values[place] <= float(text) + half):
            found.append(number)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_number_is_typed_that_no_table_holds(folder: Path) -> None:
    assert unknown(typed(folder), known(read_run(folder))) == []


def test_a_number_that_no_table_holds_is_found() -> None:
    values = np.array([0.12, 0.123456, 12.3456])
    assert unknown(iter(["0.12", "+0.123", "\N{MINUS SIGN}12.35", "0.13", "12.34"]), values) == ["0.13", "12.34"]
