"""Every figure says in words what it shows, from what was drawn; screen readers find it where they look."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from of_studies import FIGURES
from plasticity.report.figures.axes import fit_y, format_y
from plasticity.report.figures.description import Description, describe
from plasticity.report.figures.layout import empty, panel
from plasticity.report.figures.style import Style, save
from plasticity.studies.warm_start.figure_tables import FigureTables

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("saved", FIGURES, indirect=True)
def test_every_figure_names_its_axes_its_seeds_and_what_is_drawn(saved):
    words, figure = saved.words, saved.figure
    assert ": 3 seeds" in words.title
    body = figure.subfigs[0]
    labels = {body.get_supxlabel(), body.get_supylabel()}
    labels |= {
        label for ax in figure.axes if ax.get_label() != "<colorbar>" for label in (ax.get_xlabel(), ax.get_ylabel())
    }
    for label in labels - {""}:
        assert " ".join(label.split()) in words.text
    letters = {ax.get_title(loc="center").split("\n")[0].strip() for ax in figure.axes} - {""}
    assert all(f"Panel {letter}" in words.text for letter in letters)
    assert words.text.startswith(f"{len(letters)} panel")
    assert re.search(r"\bfrom −?[\d.]+(e[−+]?\d+)? to |\bat −?[\d.]+|: −?[\d.]+|rises|falls", words.text)
    assert "nan" not in words.text
    assert "child" not in words.text
    assert len(words.text) < 4000


@pytest.mark.parametrize("saved", FIGURES, indirect=True)
def test_screen_readers_find_title_and_description_in_the_svg(saved):
    words, root = saved.words, saved.root
    ids = root.attrib["aria-labelledby"].split()
    first, second = root[0], root[1]
    assert root.attrib["role"] == "img"
    assert (first.tag, second.tag) == (f"{SVG}title", f"{SVG}desc")
    assert [first.attrib["id"], second.attrib["id"]] == ids
    assert (first.text, second.text) == (words.title, words.text)


def test_what_is_drawn_is_told_in_the_numbers_of_the_axis():
    figure = Figure()
    above, below = figure.subplots(2)
    panel(above, 0, "rising")
    above.plot([1, 2, 3], [0.1, 0.5, 0.2], label="warm_start")
    above.axhline(0.25, label="random_init")
    above.axhline(0)
    format_y(above, "full_test_accuracy")
    above.set_xlabel("Training (epochs)")
    panel(below, 1, "nothing")
    empty(below, "no such\narm")
    text = describe(figure, "a_figure").text
    axes = "Panel a, rising: Full test accuracy (%) against Training (epochs)"
    assert f"{axes}; warm start from 10 to 20 (between 10 and 50); random init at 25." in text
    assert "Panel b, nothing: empty, no such arm." in text
    assert describe(figure, "a_figure").title == "A figure"


def test_powers_of_ten_are_numbers_and_no_names():
    figure = Figure()
    ax = figure.subplots()
    summary = {"x": [1, 2], "mean": [1e-4, 1e5], "low": [np.nan] * 2, "high": [np.nan] * 2}
    fit_y(ax, [pd.DataFrame(summary)], log=True)
    ax.plot([1, 2], [1e-4, 1e5], label="nc1")
    assert "NC1 from 0.0001 to 100,000" in describe(figure, "x").text


def test_many_lines_are_told_by_their_ends_and_seeds_by_their_number():
    figure = Figure()
    ax = figure.subplots()
    for place in range(12):
        ax.plot([0, 1], [0, place], label=f"arm_{place}")
    for seed in range(3):
        ax.plot([0, 1], [0, 1], label=f"seed {seed}")
    text = describe(figure, "x").text
    assert "12 lines, of which arm 0 ends lowest at 0 and arm 11 highest at 11; 3 lines of single seeds" in text


def test_named_rows_have_estimates_and_verdicts():
    figure = Figure()
    ax = figure.subplots()
    ax.set_yticks([0, 1], ["plain", "given\ntime"])
    ax.plot([-0.5], [0], "o", label="nc1")
    ax.plot([0.25], [1], "o", label="nc1")
    ax.plot([0.75], [0], "o", label="plain")
    for place in (0, 1):
        ax.text(1, place, "undecided")
    assert "NC1, plain: −0.5; NC1, given time: 0.25; plain: 0.75; verdicts: 2 undecided" in describe(figure, "x").text


def test_a_matrix_has_a_shape_and_a_span():
    figure = Figure()
    figure.subplots().imshow([[1.0, -0.5, 0.0], [-0.5, 1.0, 0.25]])
    assert "matrix of 2 by 3 values, from −0.5 to 1" in describe(figure, "x").text


def test_a_description_is_escaped_where_it_stands(tmp_path):
    with Style().context():
        figure, _ = Style().figure(1, 1, height=2, width=3.35)
        words = Description("a < b", "NC1 < 0.2 & more \\1")
        save(figure, tmp_path / "f.svg", tmp_path / "f.png", words)
    root = ElementTree.parse(tmp_path / "f.svg").getroot()
    assert (root[0].text, root[1].text) == (words.title, words.text)
    with Image.open(tmp_path / "f.png") as picture:
        assert (picture.info["Title"], picture.info["Description"]) == (words.title, words.text)


def test_tables_are_what_names_and_seeds_come_from(study):
    tables: FigureTables = study(arms=("random_init", "warm_start"), seeds=(7,))
    assert describe(Figure(), "x", tables).title == "X: 1 seed"
