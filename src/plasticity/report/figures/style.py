"""One look for all figures: sizes, fonts, and files whose bytes depend on the data alone."""

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from plasticity.config.study_section import FigureStyle
from plasticity.report.figures.description import Description
from plasticity.storage.files import atomic_path

SINGLE = 3.35
"""Width of one journal column, inches: 85 mm."""
DOUBLE = 6.9
"""Width of two journal columns, inches: 175 mm."""
TEXT = (6.0, 9.0)
"""Smallest and largest text of a figure at its own size, points."""
THINNEST = 0.5
"""Width of the thinnest line, points: thinner ones get lost in print."""
PNG_DPI = 200
NEUTRAL = "#6B6B6B"
"""Colour of everything that is no arm: reference lines, notes, the second axis of a panel."""


@dataclass(frozen=True)
class Style:
    """What a configuration may change in one figure; None keeps the figure's own choice.

    Width and height are in inches, `font_size` is in points, `log_y` forces a logarithmic (or linear) axis in
    figures that can have either.
    """

    width: float | None = None
    height: float | None = None
    log_y: bool | None = None
    font_size: float = 8.0

    @classmethod
    def of(cls, given: FigureStyle) -> "Style":
        """Return the style that a configuration gives to a figure."""
        return cls(**{key: value for key, value in given.given().items() if value is not None})

    def figure(self, rows: int, columns: int, *, height: float, width: float = DOUBLE, **grid: Any) -> tuple:
        """Return a new figure and its 2-D array of axes; `height` and `width` (inches) are the figure's own choice.

        The figure belongs to no global state of Matplotlib, so that nothing has to be closed and no display is needed.
        The axes lie in a subfigure that has labels of its own; the figure's legend and notes surround it.
        """
        figure = Figure(
            figsize=(self.width or width, self.height or height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06)
        )
        axes = figure.add_subfigure(figure.add_gridspec()[0]).subplots(rows, columns, squeeze=False, **grid)
        sns.despine(figure)
        return figure, axes

    @contextmanager
    def context(self) -> Iterator[None]:
        """Draw and save in this look; settings of Matplotlib are as before when the block ends."""
        small = self.font_size - 1
        parameters: Any = {
            **sns.axes_style("ticks", {"axes.grid": True, "grid.color": "#E8E8E8"}),
            "font.family": ["sans-serif"],
            "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],  # the first one comes with Matplotlib
            **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "figure.labelsize"), self.font_size),
            **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), small),
            **{"axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6},
            **{"xtick.major.size": 3, "ytick.major.size": 3, "xtick.minor.size": 0, "ytick.minor.size": 0},
            **{"lines.linewidth": 1.2, "lines.markersize": 3.5, "legend.frameon": False, "axes.titlepad": 5},
            **{"axes.formatter.useoffset": False, "axes.formatter.limits": (-99, 99)},  # no factor of all ticks
            **{"svg.fonttype": "none", "svg.hashsalt": "plasticity", "pdf.fonttype": 42, "axes.unicode_minus": True},
            **dict.fromkeys(("figure.autolayout", "figure.constrained_layout.use"), False),  # the figure's own layout
        }
        with mpl.rc_context(parameters):
            yield


def save(
    figure: Figure,
    svg_path: str | Path,
    png_path: str | Path,
    description: Description,
    pdf_path: str | Path | None = None,
) -> None:
    """Write a figure as SVG (text stays text) and PNG (200 dpi), whole or not at all, the same bytes each time.

    All say what they show: the SVG to screen readers, the PNG in its fields Title and Description.

    Args:
        figure: The figure.
        svg_path: Where it goes as SVG.
        png_path: Where it goes as PNG.
        description: What it shows.
        pdf_path: Where it goes as PDF for LaTeX, of the same size, its fonts embedded as TrueType; by default nowhere.
    """
    save_svg(figure, svg_path, description)
    figure.set_layout_engine(None)  # laid out by now; each further file would take as long again for the same places
    fields: Any = {"Software": None, "Title": description.title, "Description": description.text}
    with atomic_path(png_path) as temporary:
        figure.savefig(temporary, format="png", dpi=PNG_DPI, metadata=fields)
    if pdf_path is not None:
        fields = {"CreationDate": None, "Title": description.title, "Subject": description.text}
        with atomic_path(pdf_path) as temporary:
            figure.savefig(temporary, format="pdf", metadata=fields)


def save_svg(figure: Figure, path: str | Path, description: Description) -> None:
    """Write a figure as SVG alone, as `save` does."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    with atomic_path(path) as temporary:
        temporary.write_text(_described(drawn.getvalue(), description), encoding="utf-8")


def _described(svg: str, description: Description) -> str:
    """Put title and description where screen readers look for them: first in the root, which names them."""
    title, text = html.escape(description.title, quote=False), html.escape(description.text, quote=False)
    label = 'role="img" aria-labelledby="figure-title figure-description"'
    named = f'\n <title id="figure-title">{title}</title>\n <desc id="figure-description">{text}</desc>'
    return re.sub(r"<svg ([^>]*)>", lambda root: f"<svg {label} {root[1]}>{named}", svg, count=1)
