"""Stage: the studies' curves as a page whose values are read by pointing at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from plasticity.figures.axes import TASK_AXIS, WARM_UP_AXIS, metric_label
from plasticity.figures.style import arm_styles
from plasticity.figures.summaries import over_seeds, rows_where
from plasticity.files import atomic_path
from plasticity.tables import read_table

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
    "Means over seeds. Point at a curve for its value, the interval of the mean over seeds, and the number of seeds; "
    "click on an arm to hide it, twice to see it alone; drag to enlarge."
)
_LEGEND = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"}
_DASHES = {"-": "solid", "--": "dash"}


@dataclass(frozen=True)
class Curves:
    """What of a study's table is drawn: two columns of the table `schema` against `x`; NC1's axis is logarithmic."""

    schema: str
    x: str
    x_label: str
    columns: tuple[str, str]


STUDIES: Mapping[str, Curves] = {
    "warm_start": Curves("metrics", "warm_up_epoch", WARM_UP_AXIS, ("full_test_accuracy", "nc1")),
    "permuted": Curves("permuted", "task", TASK_AXIS, ("online_accuracy", "nc1")),
}


def draw_curves(tables: Mapping[str, Path], *, settings: Mapping[str, Any], output: Path) -> None:
    """Write one page with the curves of all studies.

    Args:
        tables: Study -> its table of metrics.
        settings: Study -> arms (all, in order), labels (by arm), confidence.
        output: The page, which needs nothing else.
    """
    parts, library = [], True
    for study, path in tables.items():
        table = read_table(path, STUDIES[study].schema)
        parts.append(f"<h2>{study.replace('_', ' ').capitalize()}</h2><div class=row>")
        for column in STUDIES[study].columns:
            figure = curve_figure(table, STUDIES[study], column, settings[study])
            names = {"div_id": f"{study}_{column}", "config": {"responsive": True, "displaylogo": False}}
            parts.append(f"<div>{figure.to_html(full_html=False, include_plotlyjs=library, **names)}</div>")
            library = False  # once is enough
        parts.append("</div>")
    with atomic_path(output) as temporary:
        temporary.write_text(f"{_HEAD}<body><p>{_NOTE}</p>{''.join(parts)}</body></html>\n", encoding="utf-8")


def curve_figure(table: pd.DataFrame, curves: Curves, column: str, settings: Mapping[str, Any]) -> go.Figure:
    """Return a figure of one column, a curve per arm that has finite values of it."""
    figure, styles = go.Figure(), arm_styles(settings["arms"])
    span = [float(end) for end in table[curves.x].agg(["min", "max"]).to_numpy()]
    rows = rows_where(table, ~table["diverged"].eq(True))
    for arm in settings["arms"]:
        summary = over_seeds(rows_where(rows, rows["arm"] == arm), curves.x, column, settings["confidence"])
        if len(summary):
            line = {"color": styles[arm].color, "dash": _DASHES[styles[arm].linestyle]}
            trace = _trace(summary, column, curves.schema, span)
            figure.add_trace(go.Scatter(**trace, name=settings["labels"][arm], line=line))
    scale: dict[str, Any] = {"type": "log", "tickformat": "~g", "dtick": "D2"} if column == "nc1" else {}
    figure.update_xaxes(title_text=curves.x_label)
    figure.update_yaxes(title_text=metric_label(column, curves.schema), **scale)
    figure.update_layout(template="simple_white", height=460, margin={"t": 20, "r": 20}, legend=_LEGEND)
    return figure


def _trace(summary: pd.DataFrame, column: str, schema: str, span: list[float]) -> dict[str, Any]:
    """Return x, y and what is shown on pointing; a single value, as of an arm without warm-up, becomes a level."""
    scale = 100 if "%" in metric_label(column, schema) else 1
    x, y = summary["x"].to_list(), (scale * summary["mean"]).to_list()
    numbers = summary[["mean", "low", "high"]].to_numpy(dtype=float) * scale
    texts = [_text(*row, seeds=seeds) for row, seeds in zip(numbers.tolist(), summary["n"].to_list(), strict=True)]
    if len(x) == 1:
        return {"x": span, "y": y * 2, "text": texts * 2, "mode": "lines", "hovertemplate": "%{text}"}
    mode = "lines+markers" if len(x) <= 40 else "lines"
    return {"x": x, "y": y, "text": texts, "mode": mode, "hovertemplate": "%{x}: %{text}"}


def _text(mean: float, low: float, high: float, *, seeds: int) -> str:
    interval = "" if pd.isna(low) else f" [{low:.4g}, {high:.4g}]"
    return f"{mean:.4g}{interval}, {seeds} seed{'s' if seeds > 1 else ''}"
