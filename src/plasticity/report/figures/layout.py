"""What surrounds the axes: panel letters, legends that cover no data, notes on what is missing."""

import textwrap
from collections.abc import Sequence
from functools import cached_property
from string import ascii_letters
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.style import NEUTRAL

_INDENT = "\N{NO-BREAK SPACE}" * 4  # room for the panel's letter; SVG viewers would drop plain spaces

TITLES = {
    "nc1": "NC1, within-class variability",
    "nc2": "NC2, distance of WWᵀ from the simplex",
    "nc3": "NC3, distance of WH from the simplex",
    "nc4": "NC4, agreement with nearest class mean",
}


class Arms(Protocol):
    """What names and styles of a study's arms are taken from: the tables of any study."""

    @property
    def arms(self) -> Sequence[str]:
        """All arms in the order of the configuration."""
        ...

    styles: cached_property[dict[str, ArmStyle]]

    def label(self, arm: str) -> str:
        """Return the arm's name in legends."""
        ...


def panel(ax: Axes, position: int, title: str, **text: Any) -> None:
    """Write a panel's bold letter, a for position 0, and its title, with properties of the `text`, above it.

    Their height is given, or each drawing of the figure would look for it among all ticks: a third of its time.
    """
    letter = ascii_letters[position % len(ascii_letters)] + "\n " * title.count("\n")
    ax.set_title(letter, loc="center", x=0, y=1, ha="left", fontweight="bold")
    ax.set_title("\n".join(_INDENT + line for line in title.splitlines()), loc="left", y=1, **text)


def grid_shape(count: int) -> tuple[int, int]:
    """Return the rows and columns of a grid of `count` panels that leaves few places empty, 4 columns at most."""
    columns = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}.get(count, 4)
    return -(-count // columns), columns


def label_axes(axes: np.ndarray, *, x: str | None = None, y: str | None = None, above: str | None = None) -> None:
    """Label all of a figure's axes at once; `axes` as `Style.figure` returns them, `above` goes over the panels."""
    body = axes.flat[0].get_figure(root=False)
    for text, axis, write in ((x, "x", body.supxlabel), (y, "y", body.supylabel)):
        if text is not None:
            write(text)
            for ax in axes.flat:
                ax.set(**{f"{axis}label": ""})
    if above is not None:
        body.suptitle(above, fontsize=mpl.rcParams["axes.titlesize"])


def drop_unused(axes: np.ndarray, count: int) -> None:
    """Remove the panels after the first `count` of a grid; those above them get the tick labels of the x axis."""
    panels: list[Axes] = list(axes.flat)
    for place in range(count, len(panels)):
        panels[place - axes.shape[1]].tick_params(labelbottom=True)
        panels[place].remove()


def empty(ax: Axes, reason: str) -> None:
    """Say in the middle of a panel why nothing is drawn in it."""
    say(ax, reason)
    ax.set_xticks([])
    ax.set_yticks([])


def say(ax: Axes, text: str) -> None:
    """Write a text into the middle of a panel whose axes may be shared with others."""
    ax.text(0.5, 0.5, text, ha="center", va="center", color=NEUTRAL, transform=ax.transAxes, backgroundcolor="white")


def arm_legend(figure: Figure, tables: Arms) -> None:
    """Put one legend of the arms that were drawn above all panels, where it covers no data."""
    drawn = {line.get_label() for ax in figure.axes for line in ax.lines}
    top_legend(figure, [sample(tables.styles[arm], tables.label(arm)) for arm in tables.arms if arm in drawn])


def sample(style: ArmStyle, label: str) -> Line2D:
    """Return a line for a legend."""
    options: dict[str, Any] = {"color": style.color, "marker": style.marker, "linestyle": style.linestyle}
    return Line2D([], [], label=label, **options)


def side_legend(ax: Axes, handles: Sequence[Line2D]) -> None:
    """Put a legend of this panel alone to its right; it shortens all panels of the column."""
    if handles:
        options: dict[str, Any] = {"labelspacing": 0.35, "handlelength": 2.2, "borderaxespad": 0.4}
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), **options)


def top_legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Put a legend above all panels, in as many columns as fit the figure's width."""
    if not handles:
        return
    longest = max(len(str(handle.get_label())) for handle in handles)
    size = mpl.rcParams["font.size"] / 8
    columns = max(1, int(figure.get_figwidth() / (0.45 + 0.062 * size * longest)))
    rows = -(-len(handles) // columns)
    figure.legend(
        handles=handles, loc="outside upper center", ncols=-(-len(handles) // rows), columnspacing=1.2, handlelength=2.2
    )


def write_notes(figure: Figure, notes: Sequence[str]) -> None:
    """Write notes below all panels, wrapped to the figure's width."""
    if notes:
        width = int(figure.get_figwidth() * 20 * 8 / mpl.rcParams["font.size"])
        text = textwrap.fill(" ".join(notes), width=width)
        figure.supxlabel(text, x=0.01, ha="left", fontsize="small", color=NEUTRAL)
