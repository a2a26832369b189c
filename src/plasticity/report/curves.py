"""Stage: the studies' curves as an interactive page."""

from collections.abc import Mapping
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

from plasticity.config.page_slices import Curves, CurvesSettings
from plasticity.jobs.adapter import Job
from plasticity.report.figures.arm_styles import arm_styles
from plasticity.report.figures.axes import metric_label
from plasticity.report.figures.summaries import over_seeds, rows_where
from plasticity.storage.files import atomic_path
from plasticity.storage.tables import read_table

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; color: #222; margin: 1.5rem; }
p { max-width: 46rem; }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); }
.row > div { min-width: 0; }
"""
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    f"<title>Curves</title><style>{_STYLE}</style></head>"
)
_NOTE = (
    "Means over seeds. Hover over a curve to see its value, the interval of the mean over seeds (of two, both in "
    "parentheses), and the number of seeds. Click an arm in the legend to show it alone; click outside it to show all."
)
_MANY = 40  # values of x, above which points are small
_OPTIONS = '{"actions": false}'
_DASHES = {"-": [1, 0], "--": [6, 4]}


def run(job: Job) -> None:
    """Draw the curves of the studies that the job has tables of."""
    draw_curves(job.input.each(), settings=job.slice(CurvesSettings), output=job.output["page"])


def draw_curves(tables: Mapping[str, Path], *, settings: CurvesSettings, output: Path) -> None:
    """Write one page with the curves of all sections.

    Args:
        tables: Section -> its table of metrics.
        settings: Section -> its curves.
        output: The page, which needs nothing else.
    """
    parts, charts = [], {}
    for section, path in tables.items():
        curves = settings.sections[section]
        table = read_table(path, curves.table)
        names = {f"{section}_{column}": column for column in curves.columns}
        panels = "".join(f'<div id="{name}"></div>' for name in names)
        parts.append(f"<h2>{section.replace('_', ' ').capitalize()}</h2><div class=row>{panels}</div>")
        charts |= {name: chart(values(table, curves, column), curves, column) for name, column in names.items()}
    shown = "".join(
        f"vegaEmbed('#{name}', {drawn.to_json(indent=None)}, {_OPTIONS});\n" for name, drawn in charts.items()
    )
    library = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]
    scripts = f"<script>{library}</script><script>{shown}</script>"
    with atomic_path(output) as temporary:
        temporary.write_text(f"{_HEAD}<body><p>{_NOTE}</p>{''.join(parts)}{scripts}</body></html>\n", encoding="utf-8")


def values(table: pd.DataFrame, curves: Curves, column: str) -> pd.DataFrame:
    """Return the points of all arms that have finite values of `column`.

    Returns:
        Label of the `arm`, `x`, `y` (the mean over seeds, per cent for fractions) and `shown`, the text on pointing. A
        single point, as of an arm without warm-up, becomes a level over all x.
    """
    rows = rows_where(table, ~table["diverged"].eq(True))
    ends = table[curves.x].agg(["min", "max"]).to_list()
    found = []
    for arm in curves.arms:
        summary = over_seeds(rows_where(rows, rows["arm"] == arm), curves.x, column, curves.confidence)
        if len(summary) == 1:
            summary = pd.concat([summary.assign(x=end) for end in ends])
        found.append(_points(summary, column, curves.table).assign(arm=curves.labels[arm]))
    return pd.concat(found, ignore_index=True)


def chart(points: pd.DataFrame, curves: Curves, column: str) -> alt.Chart:
    """Return the chart of one column; clicking on an arm of the legend leaves that arm alone."""
    styles = arm_styles(curves.arms)
    labels = [curves.labels[arm] for arm in curves.arms]
    colors = alt.Scale(domain=labels, range=[styles[arm].color for arm in curves.arms])
    dashes = alt.Scale(domain=labels, range=[_DASHES[styles[arm].linestyle] for arm in curves.arms])
    picked = alt.selection_point(fields=["arm"], bind="legend", name="arm")
    scale = alt.Scale(type="log" if column == "nc1" else "linear", zero=False, nice=False)
    size = 18 if len(set(points["x"])) <= _MANY else 5
    drawn = alt.Chart(points).mark_line(point={"size": size}, strokeWidth=1.5)
    return drawn.encode(
        x=alt.X("x:Q", title=curves.x_label, axis=alt.Axis(grid=False)),
        y=alt.Y("y:Q", title=metric_label(column, curves.table), scale=scale),
        color=alt.Color("arm:N", scale=colors, legend=alt.Legend(title=None, orient="bottom", columns=3)),
        strokeDash=alt.StrokeDash("arm:N", scale=dashes, legend=None),
        opacity=alt.condition(picked, alt.value(1), alt.value(0.08)),
        tooltip=["arm:N", alt.Tooltip("x:Q", title=curves.x.replace("_", " ")), alt.Tooltip("shown:N", title=column)],
    ).add_params(picked).properties(width="container", height=300)  # fmt: skip


def _points(summary: pd.DataFrame, column: str, schema: str) -> pd.DataFrame:
    scale = 100 if "%" in metric_label(column, schema) else 1
    numbers = (summary[["mean", "low", "high"]].to_numpy(dtype=float) * scale).tolist()
    shown = [_text(*row, seeds=seeds) for row, seeds in zip(numbers, summary["n"].to_list(), strict=True)]
    rounded = [float(f"{mean:.5g}") for mean, _, _ in numbers]  # a page in a report may not exceed some megabytes
    return pd.DataFrame({"x": summary["x"].to_list(), "y": rounded, "shown": shown})


def _text(mean: float, low: float, high: float, *, seeds: int) -> str:
    ends = f"{low:.4g}, {high:.4g}"
    interval = "" if pd.isna(low) else f" ({ends})" if seeds == 2 else f" [{ends}]"
    return f"{mean:.4g}{interval}, {seeds} seed{'s' if seeds > 1 else ''}"
