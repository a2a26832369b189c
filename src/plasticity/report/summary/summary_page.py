"""The summary as a page: self-contained, readable on a phone and on paper."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from plasticity.config.page_slices import SourceSettings
from plasticity.report.summary.digest import alt_text
from plasticity.report.summary.finding import Finding
from plasticity.report.table_page import HEAD

LARGEST_PAGE = 1_500_000
"""Bytes of a page: the report has it in base64, and Chrome opens no longer address than 2 MiB."""
_LARGEST_SVG = 200_000  # bytes; above, the PNG is shown
_STYLE = """
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 1.5rem auto; padding: 0 1rem; max-width: 46rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.3rem; }
.question { font-size: 1.1rem; margin-top: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0; }
dt { color: #6b6b6b; }
dd { margin: 0; overflow-wrap: anywhere; }
.figure { overflow-x: auto; margin: 0.6rem 0; }
.figure img { display: block; width: 100%; min-width: 44rem; } /* on a phone the figure moves sideways, not the page */
.source, summary { color: #6b6b6b; font-size: 0.85rem; }
code { overflow-wrap: anywhere; }
.rows { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.8rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.5rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.4rem; } }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none; }
  section { break-inside: avoid; }
  .figure img { min-width: 0; }
}
</style>
"""
# Inside the report the page has no place of its own, so that links beside it lead nowhere: they become text there.
_SCRIPT = """
<script>
if (location.protocol === "data:") for (const link of document.querySelectorAll("a")) link.removeAttribute("href");
</script>
"""


@dataclass(frozen=True)
class Image:
    """A figure as it is put into a page: its address, which holds all of it, and its alt text."""

    address: str
    text: str


@dataclass(frozen=True)
class Page:
    """What a page shows: what was asked and run, findings, figures by name, and rule and page of each table."""

    title: str
    question: str
    ran: Mapping[str, str]
    findings: Sequence[Finding]
    images: Mapping[str, Image]
    sources: Mapping[str, SourceSettings]


def image(svg: Path, png: Path) -> Image:
    """Return a figure, as SVG unless that is large, with title and description as they stand in the SVG."""
    text = svg.read_text(encoding="utf-8")
    kind, content = "svg+xml", text.encode()
    if len(content) > _LARGEST_SVG:
        kind, content = "png", png.read_bytes()
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return Image(address, alt_text(text))


def page_html(page: Page) -> str:
    """Return the page; a figure that would make it larger than `LARGEST_PAGE` is named and not shown."""
    facts = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd>" for key, value in page.ran.items())
    head = (
        f"{HEAD}<title>{page.title}: summary</title>{_STYLE}</head><body><main><h1>{page.title}</h1>"
        f'<p class="question">{html.escape(page.question)}</p><section><h2>What was run</h2><dl>{facts}</dl></section>'
    )
    parts, size = [head], len(head)
    for found in (each for each in page.findings if not each.missing):
        shown = page.images.get(found.figure)
        if shown and size + len(shown.address) > LARGEST_PAGE - 100_000:
            shown = None
        parts.append(_section(page, found, shown))
        size += len(parts[-1])
    parts.append(_absent(page.findings))
    return f"{''.join(parts)}</main>{_SCRIPT}</body></html>\n"


def _absent(findings: Sequence[Finding]) -> str:
    """Return what the run has no rows for, in one list."""
    items = [f"<li>{html.escape(f'{each.title}: {each.sentence}')}</li>" for each in findings if each.missing]
    return f"<section><h2>Not in this run</h2><ul>{''.join(items)}</ul></section>" if items else ""


def _section(page: Page, found: Finding, shown: Image | None) -> str:
    picture = ""
    if shown:
        picture = f'<div class="figure" tabindex="0"><img src="{shown.address}" alt="{html.escape(shown.text)}"></div>'
    said = f"<h2>{html.escape(found.title)}</h2><p>{html.escape(found.sentence)}</p>"
    return f"<section>{said}{picture}{_source(page, found, shown=shown is not None)}{_rows(found.rows)}</section>"


def _source(page: Page, found: Finding, *, shown: bool) -> str:
    """Return where sentence and figure come from, with links that lead from the study's folder."""
    source = page.sources[found.table]
    table = f'<a href="{found.table}.parquet">{found.table}.parquet</a>, rule <code>{source.rule}</code>'
    if source.page:
        table += f' (<a href="tables/{source.page}.html">as a page</a>: Tables, {source.page})'
    figure = (
        f"Figure {found.figure}: not among this run\N{RIGHT SINGLE QUOTATION MARK}s figures, or too large to embed."
    )
    if shown:
        figure = f'Figure: <a href="figures/{found.figure}.svg">{found.figure}</a>, rule <code>draw_figures</code>.'
    return f'<p class="source">Table: {table}. {figure}</p>'


def _rows(rows: pd.DataFrame) -> str:
    """Return the rows behind a sentence, folded."""
    if rows.empty:
        return ""
    named = rows.rename(columns=lambda name: str(name).replace("_", " "))
    body = named.to_html(index=False, border=0, na_rep="–", float_format=_number)
    return f'<details><summary>Underlying numbers</summary><div class="rows">{body}</div></details>'


def _number(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.4g}".replace("-", "\N{MINUS SIGN}")
