"""The alt text of a figure: read from what was drawn, so that it holds for any data."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from plasticity.report.figures.summaries import COLLAPSE

Namer = Callable[[str], str]
_POWER = re.compile("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_MOST_LINES = 8  # of a panel that are described one by one


@dataclass(frozen=True)
class Description:
    """A figure's name for screen readers, and what there is to see in it."""

    title: str
    text: str


def describe(figure: Figure, name: str, tables: Any = None) -> Description:
    """Describe a figure panel by panel: axes with units, how many seeds, where each line begins and ends.

    Args:
        figure: The figure; its lines are labelled by arm, or by what they are.
        name: Its name, such as plasticity_gap.
        tables: The tables that it was drawn from, for the names of arms and the number of seeds.
    """
    arms = set(getattr(tables, "arms", ()))

    def names(label: str) -> str:
        words = label.upper() if label in COLLAPSE else label.replace("_", " ")
        return tables.label(label) if label in arms else words

    title = name.replace("_", " ").capitalize()
    if tables is not None:
        title += f": {_counted(len(set(tables.metrics['seed'])), 'seed')}"
    axes = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    panels = [[ax for ax in axes if ax.get_subplotspec() == place] for place in _places(axes)]
    words = [_panel(parts, names) for parts in panels]
    notes = " ".join(figure.get_supxlabel().split())
    return Description(title, " ".join(filter(None, [_counted(len(panels), "panel") + ".", *words, notes])))


def _places(axes: Sequence[Axes]) -> list[Any]:
    """Return the places of panels; axes that lie on each other have one."""
    return list({id(ax.get_subplotspec()): ax.get_subplotspec() for ax in axes}.values())


def _panel(parts: Sequence[Axes], names: Namer) -> str:
    """Return a panel's letter, title and axes, and what is drawn in it; further axes are on its right."""
    first = parts[0]
    letter = first.get_title(loc="center").split("\n")[0].strip()
    title = " ".join(first.get_title(loc="left").split())
    head = ", ".join(filter(None, [f"Panel {letter}" if letter else "", title]))
    said = "; on the right axis: ".join(_axes(ax, names) for ax in parts)
    return f"{head}{': ' if head else ''}{said}."


def _axes(ax: Axes, names: Namer) -> str:
    against = " against ".join(filter(None, (_label(ax, "y"), _label(ax, "x"))))
    return "; ".join(filter(None, [against, *_drawn(ax, names)]))


def _label(ax: Axes, which: str) -> str:
    """Return the label of an axis, its own, that of an axis it is shared with, or that of all panels."""
    body = ax.get_figure(root=False)
    siblings = getattr(ax, f"get_shared_{which}_axes")().get_siblings(ax)
    own = getattr(ax, f"get_{which}label")()
    of_others = [getattr(other, f"get_{which}label")() for other in siblings]
    of_all = getattr(body, f"get_sup{which}label")() if body is not None else ""
    found = next(filter(None, [own, *of_others, of_all]), "")
    return " ".join(found.split())


def _drawn(ax: Axes, names: Namer) -> list[str]:
    """Return what stands in a panel: named rows, curves and levels, points, or why it is empty."""
    labelled = [line for line in ax.lines if not str(line.get_label()).startswith("_") and len(_points(line))]
    rows = _row_names(ax)
    if rows and labelled:
        return _of_rows(ax, labelled, rows, names)
    found = [*_curves(ax, labelled, names), *_clouds(ax), *_matrices(ax)]
    if not found and rows:
        found = [f"{_counted(len(rows), 'row')}, from the top: {', '.join(reversed(rows))}"]
    return found or [f"empty, {' '.join(text.get_text().split())}" for text in ax.texts]


def _curves(ax: Axes, lines: Sequence[Line2D], names: Namer) -> list[str]:
    """Return where lines begin and end; of single seeds only how many there are, beside others."""
    singles = [line for line in lines if _of_a_seed(line)]
    others = [line for line in lines if line not in singles]
    scale = _scale(ax.yaxis)
    words = [_course(line, scale, names) for line in others[:_MOST_LINES]]
    if len(others) > _MOST_LINES:
        words = [_extremes(others, scale, names)]
    return words + ([f"{_counted(len(singles), 'line')} of single seeds"] if singles else [])


def _course(line: Line2D, scale: float | None, names: Namer) -> str:
    name, (x, y) = names(str(line.get_label())), _points(line).T
    if len(x) > 1 and (x == x[0]).all():
        return f"{name} at {_number(x[0])} across"
    if scale is None:
        return f"{name} {'rises' if y[-1] > y[0] else 'falls' if y[-1] < y[0] else 'is level'}"
    if len(y) == 1 or (y == y[0]).all():
        return f"{name} at {_number(scale * y[0])}"
    inside = "" if min(y[0], y[-1]) <= y.min() and y.max() <= max(y[0], y[-1]) else _reach(scale * y)
    return f"{name} from {_number(scale * y[0])} to {_number(scale * y[-1])}{inside}"


def _reach(y: np.ndarray) -> str:
    return f" (between {_number(y.min())} and {_number(y.max())})"


def _extremes(lines: Sequence[Line2D], scale: float | None, names: Namer) -> str:
    """Return how many lines there are, and which ends lowest and which highest."""
    ends = sorted((float(_points(line)[-1, 1]), names(str(line.get_label()))) for line in lines)
    (low, lowest), (high, highest) = ends[0], ends[-1]
    values = ("", "") if scale is None else (f" at {_number(scale * low)}", f" at {_number(scale * high)}")
    return f"{len(lines)} lines, of which {lowest} ends lowest{values[0]} and {highest} highest{values[1]}"


def _clouds(ax: Axes) -> list[str]:
    """Return the number and the spans of points that are not joined."""
    parts = [np.asarray(part.get_offsets(), dtype=float) for part in ax.collections if isinstance(part, PathCollection)]
    points = np.concatenate([np.empty((0, 2)), *parts])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return []
    scales = (_scale(ax.xaxis) or 1.0, _scale(ax.yaxis) or 1.0)
    x, y = (scale * points[:, place] for place, scale in enumerate(scales))
    spans = f"from {_number(x.min())} to {_number(x.max())} across and {_number(y.min())} to {_number(y.max())} up"
    return [f"{_counted(len(points), 'point')}, {spans}"]


def _matrices(ax: Axes) -> list[str]:
    """Return the shape and the span of matrices that are drawn as images."""
    arrays = [np.ma.filled(np.ma.asarray(image.get_array()), np.nan) for image in ax.images]
    return [
        f"matrix of {array.shape[0]} by {array.shape[1]} values, from {_number(array.min())} to {_number(array.max())}"
        for array in arrays
    ]


def _of_rows(ax: Axes, lines: Sequence[Line2D], rows: Sequence[str], names: Namer) -> list[str]:
    """Return estimates that stand in named rows: each where they are few, else their spans; and all verdicts."""
    found: dict[str, list[tuple[str, float]]] = {}
    for line in lines:
        for x, y in _points(line).tolist():
            row = str(rows[int(np.clip(round(y), 0, len(rows) - 1))])
            found.setdefault(names(str(line.get_label())), []).append((row, x))
    few = sum(map(len, found.values())) <= _MOST_LINES
    words = [_estimates(name, part, few=few) for name, part in found.items()]
    verdicts = Counter(text.get_text() for text in ax.texts)
    shown = [f"{count} {text}" for text, count in verdicts.items()]
    return [*words, *([f"verdicts: {', '.join(shown)}"] if shown else [])]


def _estimates(name: str, found: Sequence[tuple[str, float]], *, few: bool) -> str:
    if few or len(found) == 1:
        return "; ".join(f"{name if name == row else f'{name}, {row}'}: {_number(x)}" for row, x in found)
    values = [x for _, x in found]
    return f"{name}, {_counted(len(values), 'row')} from {_number(min(values))} to {_number(max(values))}"


def _row_names(ax: Axes) -> list[str]:
    """Return the words at the ticks of the y axis; none where they are numbers."""
    words = [" ".join(text.split()) for _, text in _ticks(ax.yaxis)]
    return words if any(words) and not any(_is_number(word) for word in words) else []


def _of_a_seed(line: Line2D) -> bool:
    return "seed " in str(line.get_label())


def _points(line: Line2D) -> np.ndarray:
    points = np.asarray(line.get_xydata(), dtype=float)
    return points[np.isfinite(points).all(axis=1)]


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return the ticks of an axis that have a text."""
    places = np.asarray(axis.get_majorticklocs(), dtype=float).tolist()
    texts = axis.get_major_formatter().format_ticks(places)
    return [(place, text) for place, text in zip(places, texts, strict=True) if text.strip()]


def _scale(axis: Axis) -> float | None:
    """Return what the numbers at an axis are times those that are drawn; None where that is no constant."""
    if isinstance(axis.get_major_formatter(), ScalarFormatter):
        return 1.0
    ratios = [float(_plain(text)) / place for place, text in _ticks(axis) if abs(place) > 1e-12 and _is_number(text)]
    return round(ratios[0], 3) if ratios and np.allclose(ratios, ratios[0], rtol=1e-3) else None


def _plain(text: str) -> str:
    """Return a number as Python reads it; a power of ten has its exponent raised."""
    power = _POWER.fullmatch(text)
    return f"1e{power[1].translate(_LOWERED)}" if power else text.replace("\N{MINUS SIGN}", "-")


def _is_number(text: str) -> bool:
    try:
        float(_plain(text))
    except ValueError:
        return False
    return True


def _number(value: float) -> str:
    rounded = f"{value:.3g}"
    return (f"{float(rounded):,.0f}" if 1e3 <= abs(value) < 1e6 else rounded).replace("-", "\N{MINUS SIGN}")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
