import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.layout import (
    arm_legend,
    drop_unused,
    empty,
    grid_shape,
    label_axes,
    panel,
    sample,
    side_legend,
    top_legend,
    write_notes,
)


def test_panel_has_a_bold_letter_and_its_title_beside_it():
    ax = Figure().subplots()
    panel(ax, 2, "two\nlines")
    letter, title = ax.get_title(loc="center"), ax.get_title(loc="left")
    assert letter.strip() == "c"
    assert ax.title.get_fontweight() == "bold"
    assert [line.strip() for line in title.split("\n")] == ["two", "lines"]


@pytest.mark.parametrize("count", range(1, 31))
def test_grid_holds_all_panels_and_leaves_no_row_empty(count):
    rows, columns = grid_shape(count)
    assert columns <= 4
    assert (rows - 1) * columns < count <= rows * columns


def test_unused_panels_go_and_those_above_them_show_their_ticks(style):
    figure, axes = style.figure(2, 3, height=3, sharex=True, sharey=True)
    drop_unused(axes, 4)
    assert len(figure.axes) == 4
    shown = [ax.xaxis.get_tick_params()["labelbottom"] for ax in figure.axes]
    assert shown == [False, True, True, True]


def test_labels_of_all_axes_stand_apart_from_the_notes(style):
    figure, axes = style.figure(1, 2, height=2)
    axes[0, 1].set_xlabel("its own")
    label_axes(axes, x="epochs", y="accuracy", above="a title")
    write_notes(figure, ["one note"])
    (body,) = figure.subfigs
    assert (body.get_supxlabel(), body.get_supylabel(), body.get_suptitle()) == ("epochs", "accuracy", "a title")
    assert figure.get_supxlabel() == "one note"
    assert [ax.get_xlabel() for ax in figure.axes] == ["", ""]


def test_empty_panel_says_why_and_has_no_ticks():
    ax = Figure().subplots()
    empty(ax, "no checkpoints")
    assert [text.get_text() for text in ax.texts] == ["no checkpoints"]
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


def test_legend_holds_the_arms_that_were_drawn_in_the_studys_order(study):
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    for arm in ("nc1_spread", "warm_start"):
        ax.plot([1, 2], [1, 2], label=arm)
    ax.axhline(0)
    arm_legend(figure, study())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["warm start", "NC1 spread"]


def test_no_legend_and_no_notes_where_there_is_nothing_to_say():
    figure = Figure()
    top_legend(figure, [])
    write_notes(figure, [])
    assert figure.legends == []
    assert figure.get_supxlabel() == ""


def test_notes_are_wrapped_to_the_width_of_the_figure():
    figure = Figure(figsize=(3.35, 2), layout="constrained")
    write_notes(figure, ["Diverged and excluded: 6 of 111 checkpoints (warm start 6)."] * 3)
    figure.draw_without_rendering()
    (note,) = (text for text in figure.findobj(Text) if text.get_text() == figure.get_supxlabel())
    box = note.get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= 0


def test_a_legend_beside_a_panel_leaves_the_page_to_it(style):
    figure, axes = style.figure(2, 1, height=3)
    side_legend(axes[0, 0], [sample(ArmStyle("#000000", "o"), "a rather long name of an arm")])
    side_legend(axes[1, 0], [])
    figure.draw_without_rendering()
    legend = axes[0, 0].get_legend()
    box, page = legend.get_window_extent(), figure.bbox
    assert box.x0 >= axes[0, 0].bbox.x1
    assert box.x1 <= page.x1
    assert axes[1, 0].get_legend() is None


@pytest.mark.parametrize("values", [[1e-7, 3e-7], [0.99999, 0.999991]], ids=["tiny", "alike"])
def test_no_power_of_ten_stands_where_a_panel_has_its_title(style, values):
    figure, axes = style.figure(1, 1, height=2, width=3)
    panel(axes[0, 0], 0, "what is shown")
    axes[0, 0].plot(values)
    figure.draw_without_rendering()
    assert not axes[0, 0].yaxis.get_offset_text().get_text()
    assert axes[0, 0].title.get_position() == (0, 1)
