"""The cells of a page that `plasticity.report.html_tables` wrote."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Rows(HTMLParser):
    """The cells of the page's table, row by row; the first row is the head."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def rows_of_page(path: Path) -> list[dict[str, str]]:
    """Cells by the names of their columns, row by row."""
    parser = Rows()
    parser.feed(path.read_text(encoding="utf-8").partition("<details>")[0])  # what is folded is another table
    if not parser.rows:
        return []
    head, *body = parser.rows
    assert all(len(row) == len(head) for row in body)
    return [dict(zip(head, row, strict=True)) for row in body]
