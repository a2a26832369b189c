"""What holds for all figures: they can be drawn from anything, look alike, and nothing in them overlaps."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from diverged_tables import lose, lose_tasks, permuted_diverge, some_diverge
from of_studies import FIGURES, render
from plasticity.report.figures.arm_styles import arm_styles
from plasticity.report.figures.style import Style
from plasticity.storage.schemas import SCHEMAS
from train_test_tables import WITH_DECAYS

of_studies = pytest.mark.parametrize("saved", FIGURES, indirect=True)
SMALL = ("random_init", "warm_start", "nc1_spread")


def all_diverge(frames):
    return lose(frames, *(pd.Series(True, frames[name].index) for name in ("metrics", "correlations", "history")))


def no_rows(frames):
    return {name: frame.head(0) for name, frame in frames.items()}


def no_warm_start(frames):
    columns = {"metrics": "arm", "correlations": "arm", "history": "run"}
    return {name: frame[frame[columns[name]] != "warm_start"] for name, frame in frames.items()}


def no_correlations(frames):
    return {**frames, "correlations": frames["correlations"].head(0)}


# Figures of studies in which some networks diverged are `saved`; those of single seeds are a test of their own.
DEGENERATE = {
    "all diverge": {"edit": all_diverge},
    "no rows": {"edit": no_rows},
    "no warm start": {"edit": no_warm_start},
    "single checkpoint": {"epochs": (8,), "edit": no_correlations},
    "no baseline": {"arms": ("warm_start",)},
    "baseline alone": {"arms": ("random_init",)},
    "own arms": {"arms": ("mine", "mine_2", "a_much_longer_name_of_an_arm")},
}


WARM_START = [name for name, entry in FIGURES.items() if entry.study == "warm_start"]
PERMUTED = [name for name, entry in FIGURES.items() if entry.study == "permuted"]

NAMED = {"partial_correlations", "task_correlations", "causal_estimates", "task_causal_estimates", "explanations"}
"""Figures whose y axes have the names of methods or arms."""


def all_tasks_diverge(frames):
    return lose_tasks(frames, frames["permuted"].index, frames["correlations"].index)


def no_threshold_reached(frames):
    metrics = frames["permuted"]
    limited = metrics["experiment"].eq("first_task_collapse")
    metrics.loc[limited, "threshold_reached"] = False
    correlations = frames["correlations"].query("arm != 'first_task_collapse'")
    return {"permuted": metrics[~limited | metrics["task"].eq(1)], "correlations": correlations}


def without_the_reference(frames):
    metrics = frames["permuted"]
    metrics[["fresh_accuracy", "plasticity_gap"]] = np.nan
    return {**frames, "permuted": metrics.query("arm != 'random_init'")}


def undefined_correlations(frames):
    frames["correlations"].loc[frames["correlations"].index % 3 == 0, ["estimate", "ci_low", "ci_high"]] = np.nan
    return frames


PERMUTED_DEGENERATE = {
    "all diverge": {"edit": all_tasks_diverge},
    "no rows": {"edit": no_rows},
    "no correlations": {"edit": no_correlations},
    "some undefined": {"edit": undefined_correlations},
    "no threshold reached": {"edit": no_threshold_reached},
    "no fresh networks": {"edit": without_the_reference},
    "first task alone": {"tasks": 1, "edit": no_correlations},
    "two tasks": {"tasks": 2},
    "no continual": {"arms": ("random_init", "first_task_length_5", "first_task_length_10")},
    "one threshold": {"arms": ("random_init", "continual", "first_task_collapse_0.2"), "seeds": (1,)},
    "own arms": {"arms": ("random_init", "mine", "a_much_longer_name_of_an_arm", "my_2", "my_4", "my_6", "my_8")},
    "reference alone": {"arms": ("random_init",), "edit": no_correlations},
}


def every_iteration_diverges(frames):
    for name in ("variances", "transfer"):
        columns = [e.name for e in SCHEMAS[name] if e.kind == "float" and e.name != "learning_rate"]
        frames[name][columns] = np.nan
        frames[name]["diverged"] = True
    frames["transfer"][["chosen", "chosen_on_test"]] = False
    return frames


TRAIN_TEST = [name for name, entry in FIGURES.items() if entry.study == "train_test_collapse"]
FEW = ("transfer", "training_size_100", "training_size_400")
TRAIN_TEST_DEGENERATE = {
    "all diverge": {"edit": every_iteration_diverges},
    "no rows": {"edit": no_rows},
    "no correlations": {"edit": no_correlations},
    "single checkpoint": {"iterations": (1,)},
    "before training alone": {"iterations": (0,)},
    "no next task": {"arms": ("cascade",)},
    "two weight decays": {"arms": WITH_DECAYS[:3], "seeds": (4,), "iterations": (1,)},
    "many arms": {"arms": ("transfer", *(f"a_much_longer_name_of_an_arm_{place}" for place in range(4)))},
}


AGENTS = [name for name, entry in FIGURES.items() if entry.study == "agents"]
AGENTS_DEGENERATE = {
    "no rows": {"edit": no_rows},
    "no probe": {"probed": False},
    "one environment": {"environments": ("sparse",)},
    "one seed": {"seeds": (4,)},
    "before training alone": {"steps": (0,)},
    "many arms": {"experiments": tuple(f"a_much_longer_name_of_an_arm_{place}" for place in range(4))},
}


LOCOMOTION = [name for name, entry in FIGURES.items() if entry.study == "locomotion"]
LOCOMOTION_DEGENERATE = {
    "no rows": {"edit": no_rows},
    "one seed": {"seeds": (4,)},
    "before training alone": {"tasks": 0},
    "many arms": {"arms": tuple(f"a_much_longer_name_of_an_arm_{place}" for place in range(6))},
}


@pytest.fixture
def small(study, permuted, train_test, agents, locomotion):
    """Factory of a small study that a figure belongs to."""
    makers = {"warm_start": partial(study, arms=SMALL), "permuted": permuted}
    makers["train_test_collapse"] = partial(train_test, arms=FEW)
    makers |= {"agents": agents, "locomotion": locomotion}
    return lambda name, **changes: makers[FIGURES[name].study](**changes)


def concerned(names, tables, usual):
    """Return the figures of these names that a poor table is drawn in; the others are as in any usual study."""
    poor = {table for table in tables.SCHEMAS if not getattr(tables, table).equals(getattr(usual, table))}
    return [name for name in names if poor & set(FIGURES[name].tables)]


def texts(part):
    """Return the visible texts of a figure, or of a part of it, that was laid out."""
    return [text for text in part.findobj(Text) if text.get_visible() and text.get_text().strip()]


def box_of(artist):
    return artist.get_window_extent()


@pytest.mark.slow
@pytest.mark.parametrize("case", DEGENERATE)
def test_every_figure_can_be_drawn_from_poor_tables(study, style, case):
    usual = {"arms": SMALL, "epochs": (8, 16, 24, 32)}
    tables = study(**{**usual, **DEGENERATE[case]})
    names = set(WARM_START) - {"collapse_and_accuracy_all", "collapse_and_accuracy_first_phase"}
    for name in concerned(names, tables, study(**usual)):
        figure = render(name, tables, style)
        assert figure.axes
        assert texts(figure)


@pytest.mark.slow
@pytest.mark.parametrize("case", PERMUTED_DEGENERATE)
def test_every_figure_of_the_permuted_study_can_be_drawn_from_poor_tables(permuted, style, case):
    tables = permuted(**PERMUTED_DEGENERATE[case])
    for name in concerned(PERMUTED, tables, permuted()):
        figure = render(name, tables, style)
        if case in {"no rows", "own arms"}:  # laying out is slow
            figure.draw_without_rendering()
        assert figure.axes
        nothing = not any(ax.lines or ax.collections for ax in figure.axes)
        assert not nothing or any(ax.texts for ax in figure.axes), name


@pytest.mark.slow
@pytest.mark.parametrize("case", TRAIN_TEST_DEGENERATE)
def test_every_figure_of_the_train_test_study_can_be_drawn_from_poor_tables(train_test, style, case):
    tables = train_test(**{"arms": FEW, **TRAIN_TEST_DEGENERATE[case]})
    for name in concerned(TRAIN_TEST, tables, train_test(arms=FEW)):
        figure = render(name, tables, style)
        if case in {"no rows", "many arms", "before training alone"}:  # laying out is slow
            figure.draw_without_rendering()
        nothing = not any(ax.lines or ax.collections for ax in figure.axes)
        assert not nothing or any(ax.texts for ax in figure.axes), name


@pytest.mark.slow
@pytest.mark.parametrize("case", AGENTS_DEGENERATE)
def test_every_figure_of_agents_can_be_drawn_from_poor_tables(agents, style, case):
    tables = agents(**AGENTS_DEGENERATE[case])
    for name in AGENTS:
        figure = render(name, tables, style)
        if case in {"no rows", "many arms"}:  # laying out is slow
            figure.draw_without_rendering()
        nothing = not any(ax.lines or ax.collections for ax in figure.axes)
        assert not nothing or any(ax.texts for ax in figure.axes), name


@pytest.mark.slow
@pytest.mark.parametrize("case", LOCOMOTION_DEGENERATE)
def test_every_figure_of_locomotion_can_be_drawn_from_poor_tables(locomotion, style, case):
    tables = locomotion(**LOCOMOTION_DEGENERATE[case])
    for name in LOCOMOTION:
        figure = render(name, tables, style)
        if case in {"no rows", "many arms"}:  # laying out is slow
            figure.draw_without_rendering()
        nothing = not any(ax.lines or ax.collections for ax in figure.axes)
        assert not nothing or any(ax.texts for ax in figure.axes), name


@of_studies
def test_every_axis_has_a_label_with_a_unit(saved):
    axes, (body,), named = saved.figure.axes, saved.figure.subfigs, saved.name in NAMED
    of_all = {"x": body.get_supxlabel().endswith(")"), "y": body.get_supylabel().endswith(")")}
    for ax in axes:
        if ax.get_label() == "<colorbar>":
            assert ax.get_ylabel().endswith(")")
            continue
        shared_x = any(ax.get_shared_x_axes().joined(ax, other) for other in axes if other is not ax)
        shared_y = any(ax.get_shared_y_axes().joined(ax, other) for other in axes if other is not ax)
        assert shared_x or of_all["x"] or ax.get_xlabel().endswith(")")
        assert shared_y or of_all["y"] or ax.get_ylabel().endswith(")") or named
    assert of_all["x"] or any(ax.get_xlabel().endswith(")") for ax in axes)
    assert named or of_all["y"] or any(ax.get_ylabel().endswith(")") for ax in axes)


@of_studies
def test_an_arm_has_one_colour_in_all_figures_and_their_legends(saved):
    name, figure, tables = saved.name, saved.figure, saved.tables
    if name in TRAIN_TEST or name == "rank_and_accuracy":
        return  # lines that are no arms; many arms, of which all but the first have one colour
    names = {tables.label(arm): arm for arm in tables.arms} | {arm: arm for arm in tables.arms}
    names |= {tables.value_label(arm): arm for arm in tables.arms} if name in PERMUTED else {}
    lines = [line for ax in figure.axes for line in ax.lines]
    keys = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    shown = [line for line in lines + [line for key in keys for line in key.get_lines()] if is_seen(line)]
    found = {
        (names[str(line.get_label())], to_hex(line.get_color()).upper())
        for line in shown
        if str(line.get_label()) in names
    }
    styles = arm_styles(tables.arms)
    assert found == {(arm, styles[arm].color) for arm, _ in found}
    assert len({color for _, color in found}) == len(found)
    of_lines = {line.get_label() for line in lines}
    if name in WARM_START and not name.startswith(("collapse_and_accuracy", "dose_response", "causal_estimates")):
        assert of_lines >= set(tables.warmed)
    if name == "plasticity_by_task":
        assert of_lines & set(tables.arms) == set(tables.continued)


def is_seen(line):
    return line.get_linestyle() != "None" or line.get_marker() != "None"


@of_studies
def test_no_text_is_clipped_and_no_legend_covers_anything(saved):
    figure = saved.figure
    page = figure.bbox.padded(1)
    for text in texts(figure):
        box = box_of(text)
        inside = page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)
        assert inside or is_number(text.get_text()), text.get_text()  # ticks outside the limits are not drawn
    panels = [box_of(ax) for ax in figure.axes]
    beside = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    keys = [text for legend in beside for text in legend.get_texts()]
    labels = [box_of(text) for text in texts(figure.subfigs[0]) if not is_number(text.get_text()) and text not in keys]
    notes = [text for text in texts(figure) if text.get_text() == figure.get_supxlabel()]
    for artist in (*figure.legends, *beside, *notes):
        assert not any(Bbox.intersection(box_of(artist), other) for other in (*panels, *labels))


def is_number(text):
    return text.strip("−").replace(".", "").isdigit()


@pytest.mark.parametrize("name", FIGURES)
def test_the_configured_size_and_font_are_taken_and_a_single_seed_has_no_interval_and_says_so(small, name):
    style = Style(width=9, height=6, font_size=10)
    with style.context():
        figure = render(name, small(name, seeds=(7,)), style)
    assert tuple(figure.get_size_inches()) == (9, 6)
    assert {ax.xaxis.label.get_fontsize() for ax in figure.axes} == {10}
    body = figure.subfigs[0]
    of_all = {body.get_supxlabel(), body.get_supylabel(), body.get_suptitle()}
    assert all(text.get_fontsize() == 10 for text in texts(figure) if text.get_text() in of_all)
    labels = [str(artist.get_label()) for ax in figure.axes for artist in ax.collections]
    assert not [label for label in labels if label.endswith((" interval", " error"))]
    if name != "training_curves":
        assert "One seed: no intervals." in " ".join(figure.get_supxlabel().split())


def test_diverged_networks_of_the_permuted_study_are_counted_in_a_note(permuted, style):
    tables = permuted(edit=permuted_diverge)
    for name in ("accuracy_and_collapse_by_task", "plasticity_by_task"):
        note = " ".join(render(name, tables, style).get_supxlabel().split())
        assert f"9 of {len(tables.metrics) if name[0] == 'p' else 36} tasks (continual: 9)." in note


def test_diverged_networks_are_counted_in_a_note(study, style):
    tables = study(arms=SMALL, edit=some_diverge)
    for name in ("accuracy_by_warm_up", "collapse_by_warm_up", "plasticity_gap"):
        assert "10 of 39 checkpoints (NC1 spread: 10)." in render(name, tables, style).get_supxlabel()
    assert "3 trainings" in render("training_curves", tables, style).get_supxlabel()
    assert "2 points (16)" in render("partial_correlations", tables, style).get_supxlabel()


def what_is_drawn(figure):
    """Return all numbers that lines and points stand for, and the titles above them."""
    axes = figure.axes
    lines = [line.get_xydata().tolist() for ax in axes for line in ax.lines]
    points = [artist.get_offsets().tolist() for ax in axes for artist in ax.collections]
    return repr((lines, points, [ax.get_title(loc="left") for ax in axes]))


@of_studies
def test_a_figure_is_drawn_from_the_tables_that_its_entry_names(saved, style):
    named = set(FIGURES[saved.name].tables)
    assert saved.read >= named
    if unnamed := saved.read - named:
        assert unnamed == {"metrics"}  # says what arms there are
        without = render(saved.name, replace(saved.tables, metrics=saved.tables.metrics.head(0)), style)
        assert what_is_drawn(without) == what_is_drawn(saved.figure)
