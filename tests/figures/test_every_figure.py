"""What holds for all figures: they can be drawn from anything, look alike, and nothing in them overlaps."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from plasticity.draw import render
from plasticity.figures.registry import FIGURES
from plasticity.figures.style import Style, arm_styles
from plasticity.schemas import SCHEMAS

SMALL = ("random_init", "warm_start", "nc1_spread")
FLOATS = [entry.name for entry in SCHEMAS["metrics"] if entry.kind == "float"]


def lose(frames, metrics=None, correlations=None, history=None):
    """Set the numbers of the masked rows to missing, as the stages do for diverged networks."""
    frames["metrics"].loc[metrics, FLOATS] = np.nan
    frames["metrics"].loc[metrics, "diverged"] = True
    frames["correlations"].loc[correlations, ["estimate", "ci_low", "ci_high"]] = np.nan
    frames["correlations"].loc[correlations, "note"] = "2 points"
    frames["history"].loc[history, "loss"] = np.inf
    return frames


def some_diverge(frames):
    metrics, correlations, history = frames["metrics"], frames["correlations"], frames["history"]
    return lose(
        frames,
        metrics["arm"].eq("nc1_spread") & metrics["warm_up_epoch"].gt(8) & metrics["seed"].ne(9),
        correlations["arm"].eq("nc1_spread") & correlations["method"].ne("pearson"),
        history["run"].eq("nc1_spread") & history["stage"].eq("warm_up") & history["epoch"].gt(4),
    )


def all_diverge(frames):
    return lose(frames, *(pd.Series(True, frames[name].index) for name in ("metrics", "correlations", "history")))


def no_rows(frames):
    return {name: frame.head(0) for name, frame in frames.items()}


def no_warm_start(frames):
    columns = {"metrics": "arm", "correlations": "arm", "history": "run"}
    return {name: frame[frame[columns[name]] != "warm_start"] for name, frame in frames.items()}


def no_correlations(frames):
    return {**frames, "correlations": frames["correlations"].head(0)}


DEGENERATE = {
    "some diverge": {"edit": some_diverge},
    "all diverge": {"edit": all_diverge},
    "no rows": {"edit": no_rows},
    "no warm start": {"edit": no_warm_start},
    "single seed": {"seeds": (7,)},
    "single checkpoint": {"epochs": (8,), "edit": no_correlations},
    "no baseline": {"arms": ("warm_start",)},
    "baseline alone": {"arms": ("random_init",)},
    "own arms": {"arms": ("mine", "mine_2", "a_much_longer_name_of_an_arm")},
}


@pytest.fixture(scope="module")
def drawn(study):
    """Every figure by name, with all arms and some diverged networks."""
    look = Style()
    with look.context():
        yield {name: render(name, study(edit=some_diverge), look) for name in FIGURES}


def texts(part):
    """Return the visible texts of a figure, or of a part of it, that was laid out."""
    return [text for text in part.findobj(Text) if text.get_visible() and text.get_text().strip()]


def box_of(artist):
    return artist.get_window_extent()


@pytest.mark.parametrize("case", DEGENERATE)
def test_every_figure_can_be_drawn_from_poor_tables(study, style, case):
    tables = study(**{"arms": SMALL, "epochs": (8, 16, 24, 32), **DEGENERATE[case]})
    for name in set(FIGURES) - {"collapse_and_accuracy_all", "collapse_and_accuracy_first_phase"}:
        figure = render(name, tables, style)
        assert figure.axes
        assert texts(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_has_a_label_with_a_unit(drawn, name):
    axes, (body,) = drawn[name].axes, drawn[name].subfigs
    of_all = {"x": body.get_supxlabel().endswith(")"), "y": body.get_supylabel().endswith(")")}
    for ax in axes:
        shared_x = any(ax.get_shared_x_axes().joined(ax, other) for other in axes if other is not ax)
        shared_y = any(ax.get_shared_y_axes().joined(ax, other) for other in axes if other is not ax)
        assert shared_x or of_all["x"] or ax.get_xlabel().endswith(")")
        assert shared_y or of_all["y"] or ax.get_ylabel().endswith(")")
    assert of_all["x"] or any(ax.get_xlabel().endswith(")") for ax in axes)
    named = name == "partial_correlations"  # its y axis has the names of methods
    assert named or of_all["y"] or any(ax.get_ylabel().endswith(")") for ax in axes)


@pytest.mark.parametrize("name", FIGURES)
def test_an_arm_has_the_same_colour_in_every_figure(drawn, study, name):
    tables = study()
    expected = arm_styles(tables.arms)
    lines = [line for ax in drawn[name].axes for line in ax.lines if line.get_label() in expected]
    assert all(line.get_color() == expected[line.get_label()].color for line in lines)
    if not name.startswith("collapse_and_accuracy"):
        assert {line.get_label() for line in lines} >= set(tables.warmed)


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_clipped_and_no_legend_covers_anything(drawn, name):
    figure = drawn[name]
    figure.draw_without_rendering()
    page = figure.bbox.padded(1)
    for text in texts(figure):
        box = box_of(text)
        inside = page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)
        assert inside or is_number(text.get_text()), text.get_text()  # ticks outside the limits are not drawn
    panels = [box_of(ax) for ax in figure.axes]
    labels = [box_of(text) for text in texts(figure.subfigs[0]) if not is_number(text.get_text())]
    notes = [text for text in texts(figure) if text.get_text() == figure.get_supxlabel()]
    for artist in (*figure.legends, *notes):
        assert not any(Bbox.intersection(box_of(artist), other) for other in (*panels, *labels))


def is_number(text):
    return text.strip("−").replace(".", "").isdigit()


@pytest.mark.parametrize("name", FIGURES)
def test_the_configured_size_and_font_are_taken(study, name):
    style = Style(width=9, height=6, font_size=10)
    with style.context():
        figure = render(name, study(arms=SMALL), style)
    assert tuple(figure.get_size_inches()) == (9, 6)
    assert {ax.xaxis.label.get_fontsize() for ax in figure.axes} == {10}
    body = figure.subfigs[0]
    of_all = {body.get_supxlabel(), body.get_supylabel(), body.get_suptitle()}
    assert all(text.get_fontsize() == 10 for text in texts(figure) if text.get_text() in of_all)


def test_diverged_networks_are_counted_in_a_note(study, style):
    tables = study(arms=SMALL, edit=some_diverge)
    for name in ("accuracy_by_warm_up", "collapse_by_warm_up", "plasticity_gap"):
        assert "10 of 39 checkpoints: NC1 spread 10." in render(name, tables, style).get_supxlabel()
    assert "3 trainings" in render("training_curves", tables, style).get_supxlabel()
    assert "2 points (16)" in render("partial_correlations", tables, style).get_supxlabel()


@pytest.mark.parametrize("name", FIGURES)
def test_a_single_seed_has_no_interval_and_says_so(study, style, name):
    figure = render(name, study(arms=SMALL, seeds=(7,)), style)
    labels = [str(artist.get_label()) for ax in figure.axes for artist in ax.collections]
    assert not [label for label in labels if label.endswith((" interval", " error"))]
    if name != "training_curves":
        assert "One seed: no intervals." in figure.get_supxlabel()
