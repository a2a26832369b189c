"""Tables and folded parts of a page as Markdown."""

import re
from collections.abc import Iterator

import pandas as pd

_MINUS = re.compile(r"(?<![\w.-])-(?=\d)")


def markdown(frame: pd.DataFrame) -> str:
    """Return a table as Markdown, with proper minus signs."""
    return "\n".join(_lines(frame))


def folded(summary: str, body: str) -> str:
    """Return a part that is opened by its summary."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _lines(frame: pd.DataFrame) -> Iterator[str]:
    yield "| " + " | ".join(map(str, frame.columns)) + " |"
    yield "|---" * frame.shape[1] + "|"
    for row in frame.itertuples(index=False):
        cells = ("" if pd.isna(cell) else _MINUS.sub("−", str(cell)).replace("|", "\\|") for cell in row)
        yield "| " + " | ".join(cells) + " |"
