import re

import matplotlib as mpl
from PIL import Image

from plasticity.config.study_section import FigureStyle
from plasticity.report.figures.description import Description
from plasticity.report.figures.style import DOUBLE, PNG_DPI, Style, save


def test_style_takes_what_the_configuration_gives():
    style = Style.of(FigureStyle(width=3.35, height=2.0, font_size=7.0, log_y=True))
    with style.context():
        figure, axes = style.figure(1, 2, height=4)
    assert tuple(figure.get_size_inches()) == (3.35, 2)
    assert axes.shape == (1, 2)
    assert axes[0, 0].xaxis.label.get_fontsize() == 7
    with Style.of(FigureStyle(width=None)).context():
        assert Style().figure(1, 1, height=4)[0].get_figwidth() == DOUBLE


def test_context_leaves_the_settings_of_matplotlib_as_they_were():
    before = dict(mpl.rcParams)
    with Style(font_size=11).context():
        assert mpl.rcParams["font.size"] == 11
    assert dict(mpl.rcParams) == before


def test_a_pdf_has_the_size_of_the_svg_and_its_fonts_embedded_as_truetype(tmp_path):
    svg, png, pdf = (tmp_path / f"figure.{ending}" for ending in ("svg", "png", "pdf"))
    with Style().context():
        figure, axes = Style().figure(1, 1, height=2, width=3)
        axes[0, 0].set_title("readable text")
        save(figure, svg, png, Description("a title", "what is drawn"), pdf)
    written = pdf.read_bytes()
    assert b"/MediaBox [ 0 0 216 144 ]" in written
    assert 'width="216pt" height="144pt"' in svg.read_text()
    assert b"/FontFile2" in written  # a TrueType font program; Type 3 fonts, which journals refuse, have none
    assert b"/Type3" not in written
    assert b"(a title)" in written
    assert b"CreationDate" not in written


def test_save_writes_text_as_text_and_the_same_bytes_each_time(tmp_path):
    names = ("once", "again")
    for name in names:
        with Style().context():
            figure, axes = Style().figure(1, 1, height=2, width=3)
            axes[0, 0].fill_between([1, 2], [1, 2], [2, 3], label="band")
            axes[0, 0].set_title("readable text")
            save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png", Description("a title", "what is drawn"))
    for kind in ("svg", "png"):
        once, again = ((tmp_path / f"{name}.{kind}").read_bytes() for name in names)
        assert once == again
    text = (tmp_path / "once.svg").read_text()
    assert re.search(r"<text[^>]*>\s*readable text</text>", text)
    assert "dc:date" not in text
    with Image.open(tmp_path / "once.png") as image:
        assert image.size == (3 * PNG_DPI, 2 * PNG_DPI)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.png", "again.svg", "once.png", "once.svg"]
