"""Tables as pages that a reader of the report sorts and filters, self-contained; the Parquet tables hold everything."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plasticity.report.table_page import HEAD, SCRIPT, STYLE
from plasticity.storage.files import atomic_path

_SHORT = re.compile(r"<td>([+\u2212-]?\d[^<[±]{0,21})</td>")  # no more than a number
_UNCERTAINTY = re.compile(r"\[[^][<>]{1,26}\]|± [^\s<]+")  # may stand below its estimate, and stays in one piece
_REASON = re.compile(r"<td>(?=– \()")
_COLUMN = re.compile(r"<td>\w+_\w+</td>")  # a column's name, which is broken behind its underscores
_TEXT = """\
th:nth-child({position}), td:nth-child({position}) {{ text-align: left; }}
td:nth-child({position}) {{ min-width: 11rem; }}
"""


def write_html(
    frame: pd.DataFrame,
    path: Path,
    *,
    title: str,
    note: str,
    wide: Sequence[str] = (),
    folded: tuple[str, pd.DataFrame] | None = None,
) -> None:
    """Write one table as a page that needs nothing else.

    Args:
        frame: The table.
        path: Where the page goes.
        title: Its title.
        note: What stands above the table.
        wide: Columns that hold text, which is broken into lines.
        folded: Summary and content of a second table below, which a click opens.
    """
    body = "" if frame.empty and folded is not None else _table(frame)
    if folded is not None:
        body += f"<details><summary>{folded[0]}</summary>{_table(folded[1])}</details>"
    columns = [place for place, name in enumerate(frame.columns, start=1) if name in wide]
    text = "".join(_TEXT.format(position=position) for position in columns)
    style = STYLE.replace("</style>", f"{text}</style>")
    script = SCRIPT if "<table" in body else ""
    page = f"{HEAD}<title>{title}</title>{style}</head>"
    with atomic_path(path) as temporary:
        temporary.write_text(f"{page}<body><p>{note}</p>{body}{script}</body></html>\n", encoding="utf-8")


def _table(frame: pd.DataFrame) -> str:
    """Return the table as narrow as it can be read: numbers and intervals stay in one piece."""
    if frame.empty:
        return "<p>This run has no rows for this table.</p>"
    written = frame.to_html(index=False, border=0, na_rep="–", justify="right")
    for pattern, replacement in (
        (_SHORT, r"<td class=short>\1</td>"),
        (_REASON, "<td class=reason>"),
        (_UNCERTAINTY, r"<span class=short>\g<0></span>"),
        (_COLUMN, lambda match: match[0].replace("_", "_<wbr>")),
    ):
        written = pattern.sub(replacement, written)
    return f'<div class="table">{written}</div>'


def decimals(mean: float, spread: float = float("nan")) -> int:
    """Return the decimals of a number: two digits of its spread, if it has one, and no more than four of its own."""
    parts = [3 - _exponent(mean)] if mean else [3]
    parts += [1 - _exponent(spread)] if np.isfinite(spread) and spread else []
    return max(0, min(parts))


def _exponent(value: float) -> int:
    return int(np.floor(np.log10(abs(value))))


def mean_and_spread(groups: Any, form: str = "", scale: float = 1.0) -> pd.Series:
    """Return "mean ± standard deviation" of a column's groups, times `scale` and formatted by `form`.

    A sign that `form` asks for is the mean's alone. Without a form, numbers have the `decimals` of their spread.
    """
    mean, spread = groups.mean() * scale, groups.std() * scale
    cells = [_with_spread(*pair, form) for pair in zip(mean, spread, strict=True)]
    return pd.Series(cells, index=mean.index)


def _with_spread(mean: float, spread: float, form: str) -> str:
    if pd.isna(mean):
        return "–"
    form = form or f"{{:.{decimals(mean, spread)}f}}"
    return form.format(mean) + ("" if pd.isna(spread) else " ± " + form.replace("+", "").format(spread))


def interval_text(estimate: float, low: float, high: float, note: str) -> str:
    """Return "estimate [low, high]", or a dash with the reason where the estimate is undefined."""
    if pd.isna(estimate):
        return f"– ({note})" if note else "–"
    interval = "" if pd.isna(low) else f" [{low:+.2f}, {high:+.2f}]"
    return f"{estimate:+.2f}{interval}"


def number_text(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    """Return a number in four significant digits, or with its interval in brackets in the digits that this leaves."""
    if pd.isna(value):
        return "–"
    if pd.isna(low) or pd.isna(high):
        return f"{value:.4g}"
    digits = decimals(value, (high - low) / 2)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
