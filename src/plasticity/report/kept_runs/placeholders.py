"""Numbers of a note, filled from the tables beside it, so that a note says what the tables hold.

    {{causes question=dose_response treatment=shrink_perturb outcome=accuracy: .1f x100}}      2.1 [1.3, 2.8]
    {{causes question=mediation treatment=x quantity=direct: verdict}}                         undecided
    {{metrics arm=continual task=140: nc1 .2f}}                                                0.35 [0.33, 0.36]
    {{explanations quantity=nc1 scope=across_arms: skill .2f}}                                 0.55 [0.51, 0.59]
    {{metrics arm=cascade layer=1 lowest=train_variance: iteration ,.0f}}                      1,326

Before the colon stand the table and the columns that choose its rows; behind it what is shown. Of a table of estimates
one row is chosen, and a format shows its estimate with its interval; of a table of observations, the mean of the named
column over the seeds with Student's t interval, each seed's mean over its rows. `lowest=column` and `highest=column`
keep, of every arm's seeds, the row in which the column is lowest or highest. `x100` scales; `alone` leaves out the
interval; `sd` shows the standard deviation over seeds in its place; `geometric` shows the geometric mean, with the
interval of the logarithms; `min` and `max` show the smallest and largest of the rows; `n` counts the seeds. A comma in
the format separates thousands, also of rounded numbers: `,.2g` shows 2,900 for 2,867.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.cells import number_text
from plasticity.report.published.measures import t_interval

PLACEHOLDER = re.compile(r"\{\{([^{}:]+):([^{}]+)\}\}")
_FORMAT = re.compile(r"^\+?,?\.\d[fg]$")
_EXTREMES = ("lowest", "highest")
_ENDS: dict[str, tuple[str, str]] = dict.fromkeys(("estimate", "value"), ("ci_low", "ci_high"))
_ENDS |= {name: (f"{name}_low", f"{name}_high") for name in ("skill", "gain")}


def filled(text: str, tables: Mapping[str, pd.DataFrame], confidence: float) -> str:
    """Return a note with its placeholders filled.

    Args:
        text: The note.
        tables: The tables by name.
        confidence: Level of the intervals of means over seeds.

    Raises:
        PlasticityError: If a placeholder names no table, no column, no row, or several rows of estimates.
    """
    return PLACEHOLDER.sub(lambda match: _shown(match[0], match[1], match[2], tables, confidence), text)


def _shown(whole: str, chosen: str, shown: str, tables: Mapping[str, pd.DataFrame], confidence: float) -> str:
    name, *keys = chosen.split()
    if name not in tables:
        raise PlasticityError(f"{whole}: expected one of the tables {', '.join(tables)}, got {name!r}")
    rows = _rows(whole, tables[name], dict(key.split("=", 1) for key in keys))
    words = shown.split()
    if "n" in words:
        return str(rows["seed"].nunique() if "seed" in rows else int(rows["n_seeds"].iloc[0]))
    form = next((word for word in words if _FORMAT.match(word)), "")
    scale = next((float(word[1:]) for word in words if re.match(r"^x\d", word)), 1.0)
    column = next((word for word in words if word in rows), "value" if "value" in rows else "estimate")
    if column not in rows:
        raise PlasticityError(f"{whole}: expected a column of {name}, got {shown.strip()!r}")
    if not form:
        return str(_only(whole, rows)[column])
    if {"min", "max"} & set(words):
        values = rows[column].to_numpy(dtype="float64")
        return _number(scale * float(values.min() if "min" in words else values.max()), form)
    if "seed" in rows and column not in _ENDS:
        return _mean(rows, column, form, scale, words, confidence)
    row = _only(whole, rows)
    return _interval([row[column], *(row[end] for end in _ENDS.get(column, ()))], form, scale, alone="alone" in words)


def _rows(whole: str, table: pd.DataFrame, keys: Mapping[str, str]) -> pd.DataFrame:
    mask = np.ones(len(table), dtype=bool)
    for key, value in keys.items():
        column = value if key in _EXTREMES else key
        if column not in table:
            raise PlasticityError(f"{whole}: expected a column, got {column!r}")
        if key in _EXTREMES:
            continue
        wanted = value.replace("_nothing_", "").split(",")
        mask &= table[column].astype(str).isin(wanted).to_numpy()
    if not mask.any():
        raise PlasticityError(f"{whole}: expected a row, found none")
    rows = cast("pd.DataFrame", table.loc[mask])
    for key in _EXTREMES:
        if key in keys:
            groups: Any = rows.groupby(["arm", "seed"], sort=False)[keys[key]]
            rows = rows.loc[groups.idxmin() if key == "lowest" else groups.idxmax()]
    return rows


def _only(whole: str, rows: pd.DataFrame) -> Any:
    if len(rows) != 1:
        raise PlasticityError(f"{whole}: expected one row, found {len(rows)}")
    return rows.iloc[0]


def _mean(rows: pd.DataFrame, column: str, form: str, scale: float, words: list[str], confidence: float) -> str:
    means: Any = rows.groupby("seed")[column].mean()
    values = means.to_numpy(dtype="float64")
    values = values[np.isfinite(values)]
    if "sd" in words:
        return f"{_number(scale * values.mean(), form)} ± {scale * values.std(ddof=1):{form.removeprefix('+')}}"
    if "geometric" in words:
        logs = np.log(values)
        return _interval(np.exp([logs.mean(), *t_interval(logs, confidence)]), form, scale, alone="alone" in words)
    return _interval([values.mean(), *t_interval(values, confidence)], form, scale, alone="alone" in words)


def _interval(numbers: Iterable[float], form: str, scale: float, *, alone: bool) -> str:
    estimate, *ends = (scale * float(number) for number in numbers)
    if alone or not ends or not np.isfinite(ends).all():
        return _number(estimate, form)
    return f"{_number(estimate, form)} [{', '.join(_number(end, form) for end in ends)}]"


def _number(value: float, form: str) -> str:
    return number_text(value, form).replace("-", "\N{MINUS SIGN}")
