"""Ranks of the curvature against accuracy, from small tables."""

from dataclasses import replace

import numpy as np
import pytest

from plasticity.studies.continual.figures import rank_and_accuracy


@pytest.fixture
def stored(permuted):
    """A study with two arms beside the fresh networks."""
    return permuted(arms=("random_init", "continual", "weight_decay"), tasks=6)


def test_ranks_stand_beside_the_accuracy_on_the_task(stored, style):
    figure = rank_and_accuracy.draw(stored, style)
    arms, tasks = figure.axes
    metrics = stored.metrics.set_index(["arm", "task"])
    (point,) = [line for line in arms.lines if line.get_label() == "weight_decay"]
    assert list(np.asarray(point.get_xdata())) == [500 - 60 + len("weight_decay")]
    assert np.asarray(point.get_ydata())[0] == pytest.approx(metrics.loc[("weight_decay", 6), "online_accuracy"].mean())
    (line,) = [line for line in tasks.lines if line.get_label() == "continual"]
    assert list(np.asarray(line.get_xdata())) == [500 - 10 * task + len("continual") for task in range(1, 7)]


def test_each_rank_that_was_measured_has_a_row(stored, style):
    task = stored.metrics["task"]
    ranks = {
        "start_hessian_rank_above_0.02_of_largest": np.where(task % 2, 40.0 - task, np.nan),
        "start_hessian_rank_above_0.02_of_largest_error": 1.0,
        "start_hessian_smoothed_share_above_0.02_of_largest": 1 / task,
    }
    figure = rank_and_accuracy.draw(replace(stored, metrics=stored.metrics.assign(**ranks)), style)
    assert [ax.get_xlabel() for ax in figure.axes[::2]] == [
        "Gauss-Newton eigenvalues above 0.01 (number)",
        "Hessian eigenvalues above 0.02 of the largest (number)",
        "Hessian's smoothed share above 0.02 of the largest (fraction)",
    ]
    assert [ax.get_title(loc="left").strip() for ax in figure.axes[::2]] == [
        "Arms, task 6",
        "Arms, task 5",
        "Arms, task 6",
    ]
    (line,) = [line for line in figure.axes[3].lines if line.get_label() == "continual"]
    assert list(np.asarray(line.get_xdata())) == [39, 37, 35]
    (line,) = [line for line in figure.axes[5].lines if line.get_label() == "continual"]
    assert list(np.asarray(line.get_xdata())) == pytest.approx([1 / task for task in range(1, 7)])


def test_a_single_arm_has_no_panel_of_arms(permuted, style):
    figure = rank_and_accuracy.draw(permuted(arms=("random_init", "continual"), tasks=6), style)
    assert [ax.get_title(loc="left").strip() for ax in figure.axes] == ["All measured tasks"]
    assert len(figure.axes[0].lines) == 1


def test_what_was_not_measured_is_said(permuted, style):
    tables = permuted()
    plain = tables.metrics.filter(regex="^(?!.*rank)")
    drawn = rank_and_accuracy.draw(replace(tables, metrics=plain), style)
    assert "measure." in drawn.axes[0].texts[0].get_text()


def test_only_the_first_of_many_arms_has_a_colour_of_its_own(permuted, style):
    methods = tuple(f"method_{letter}" for letter in "abcdefgh")
    tables = permuted(arms=("random_init", "continual", *methods), tasks=6)
    figure = rank_and_accuracy.draw(tables, style)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["continual", "other arms"]
    colors = {str(line.get_label()): line.get_color() for line in figure.axes[1].lines}
    assert set(colors) == {"continual", *methods}
    assert len({colors[name] for name in methods}) == 1
    assert colors["continual"] not in {colors[name] for name in methods}
