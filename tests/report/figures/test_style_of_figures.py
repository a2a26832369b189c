"""One style: drawn figures have one of two widths, readable text, lines that print, letters."""

import re

import numpy as np
from matplotlib.collections import Collection, LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from plasticity.report.figures.style import DOUBLE, SINGLE, TEXT, THINNEST

SVG = "{http://www.w3.org/2000/svg}"
_EPS = 1e-6


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_a_figure_is_one_column_wide_or_two(saved):
    figure, root = saved.figure, saved.root
    assert figure.get_figwidth() in (SINGLE, DOUBLE)
    points = float(root.attrib["width"].removesuffix("pt"))
    assert min(abs(points - 72 * width) for width in (SINGLE, DOUBLE)) < 0.01


def test_text_is_neither_too_small_nor_too_large(saved):
    figure, root = saved.figure, saved.root
    sizes = {text.get_text(): text.get_fontsize() for text in texts(figure)}
    assert all(TEXT[0] <= size <= TEXT[1] for size in sizes.values()), sizes
    written = [
        float(size) for text in root.iter(f"{SVG}text") for size in re.findall(r"([\d.]+)px", text.get("style", ""))
    ]
    assert written
    assert TEXT[0] <= min(written) <= max(written) <= TEXT[1]


def test_text_stays_text(saved):
    figure, root = saved.figure, saved.root
    written = " ".join("".join(text.itertext()).strip() for text in root.iter(f"{SVG}text"))
    shown = [text.get_text() for text in texts(figure)]
    titles = [text for text in shown if re.search("[a-z]{2}", text)]  # ticks outside the limits are not written
    for line in {line.strip("\N{NO-BREAK SPACE} ") for text in titles for line in text.split("\n")}:
        assert line.replace("\N{NO-BREAK SPACE}", " ") in written.replace("\N{NO-BREAK SPACE}", " "), line
    glyphs = [
        part.get("id", "") for part in root.iter(f"{SVG}path") if re.match("DejaVu|Arial|Helvetica", part.get("id", ""))
    ]
    assert not glyphs


def test_every_line_prints(saved):
    figure, root = saved.figure, saved.root
    for line in figure.findobj(Line2D):
        if line.get_linestyle() not in ("None", "none", ""):
            assert line.get_linewidth() >= THINNEST - _EPS, line.get_label()
        if line.get_marker() not in ("None", "none", "", None):
            assert line.get_markeredgewidth() >= THINNEST - _EPS or line.get_markeredgewidth() == 0
    for part in [*figure.findobj(Collection), *figure.findobj(Patch)]:
        if isinstance(part, LineCollection) and not part.get_segments():
            continue  # a colour bar's, between colours
        widths = np.atleast_1d(part.get_linewidth())
        assert all(width >= THINNEST - _EPS or width == 0 for width in widths), part
    strokes = [
        float(width) for part in root.iter() for width in re.findall(r"stroke-width: ([\d.]+)", part.get("style", ""))
    ]
    assert strokes
    assert min(strokes) >= THINNEST - _EPS


def test_panels_have_letters_in_their_order(saved):
    figure = saved.figure
    panels = list(
        {id(ax.get_subplotspec()): ax for ax in reversed(figure.axes) if ax.get_label() != "<colorbar>"}.values()
    )
    letters = [ax.get_title(loc="center").split("\n")[0].strip() for ax in reversed(panels)]
    assert letters == list("abcdefghijklmnop"[: len(panels)])
    assert {ax.title.get_fontweight() for ax in panels} == {"bold"}
