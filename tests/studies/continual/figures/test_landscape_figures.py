"""What figures of the landscape draw, from small stored spectra, cosines and curves."""

from dataclasses import replace

import numpy as np
import pytest

from plasticity.studies.continual.figures import gradient_cosines, hessian_spectra, probe_curves, rank_and_accuracy


@pytest.fixture
def stored(permuted):
    """A study with two arms beside the fresh networks."""
    return permuted(arms=("random_init", "continual", "weight_decay"), tasks=6)


def test_densities_are_those_of_the_nodes(stored, style):
    figure = hessian_spectra.draw(stored, style)
    assert [ax.get_title(loc="left").strip() for ax in figure.axes] == ["Initialisation", "After task 6"]
    for ax in figure.axes:
        assert [line.get_label() for line in ax.lines] == ["continual", "weight_decay"]
        x, y = (np.asarray(values) for values in ax.lines[0].get_data())
        mass = y * np.gradient(x)
        assert mass.sum() == pytest.approx(1, abs=0.01)
        assert mass[x > 5].sum() == pytest.approx(0.25, abs=0.01)  # half of one of two Lanczos runs


def test_cosines_are_a_matrix_per_arm_and_moment(stored, style):
    figure = gradient_cosines.draw(stored, style)
    matrices = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    assert len(matrices) == 4
    for matrix in matrices:
        np.testing.assert_array_equal(matrix, [[1, -0.5], [-0.5, 1]])


def test_curves_are_means_over_copies(stored, style):
    figure = probe_curves.draw(stored, style)
    for ax in figure.axes[:2]:
        found = {line.get_label(): list(np.asarray(line.get_ydata())) for line in ax.lines}
        assert list(found) == ["Initialisation", "After task 1", "After task 6", "fresh network"]
        assert found["After task 6"] == [2.0, 1.0]
        assert found["fresh network"] == pytest.approx([1.0, 0.2])


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


@pytest.mark.parametrize("figure", [gradient_cosines, hessian_spectra, probe_curves, rank_and_accuracy])
def test_what_was_not_stored_is_said(permuted, style, figure):
    tables = permuted()
    plain = tables.metrics.filter(regex="^(?!.*(hessian|cosines|probe|rank))")
    drawn = figure.draw(replace(tables, metrics=plain), style)
    assert "measure." in drawn.axes[0].texts[0].get_text()
