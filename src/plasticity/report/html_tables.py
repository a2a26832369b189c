"""Tables as pages that a reader of the report sorts and filters, self-contained; the Parquet tables hold everything."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity.report.table_page import HEAD, SCRIPT, STYLE
from plasticity.storage.files import atomic_path

_TEXT = """\
th:nth-child({position}), td:nth-child({position}) {{ text-align: left; }}
td:nth-child({position}) {{ white-space: normal; min-width: 18rem; }}
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
    body = _table(frame)
    if folded is not None:
        body += f"<details><summary>{folded[0]}</summary>{_table(folded[1])}</details>"
    columns = [list(frame.columns).index(name) + 1 for name in wide]
    text = "".join(_TEXT.format(position=position) for position in columns)
    style = STYLE.replace("</style>", f"{text}</style>")
    page = f"{HEAD}<title>{title}</title>{style}</head>"
    with atomic_path(path) as temporary:
        temporary.write_text(f"{page}<body><p>{note}</p>{body}{SCRIPT}</body></html>\n", encoding="utf-8")


def _table(frame: pd.DataFrame) -> str:
    return frame.to_html(index=False, border=0, na_rep="–", justify="right")


def mean_and_spread(groups: Any, form: str, scale: float = 1.0) -> pd.Series:
    """Return "mean ± standard deviation" of a column's groups, times `scale` and formatted by `form`.

    A sign that `form` asks for is the mean's alone.
    """
    mean, spread, unsigned = groups.mean() * scale, groups.std() * scale, form.replace("+", "")
    return pd.Series(
        [
            "–" if pd.isna(m) else form.format(m) + ("" if pd.isna(s) else " ± " + unsigned.format(s))
            for m, s in zip(mean, spread, strict=True)
        ],
        index=mean.index,
    )


def interval_text(estimate: float, low: float, high: float, note: str) -> str:
    """Return "estimate [low, high]", or a dash with the reason where the estimate is undefined."""
    if pd.isna(estimate):
        return f"– ({note})" if note else "–"
    interval = "" if pd.isna(low) else f" [{low:+.2f}, {high:+.2f}]"
    return f"{estimate:+.2f}{interval}"


def number_text(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    """Return a number in four significant digits, with its interval in brackets where there is one."""
    if pd.isna(value):
        return "–"
    interval = "" if pd.isna(low) or pd.isna(high) else f" [{low:.4g}, {high:.4g}]"
    return f"{value:.4g}{interval}"
