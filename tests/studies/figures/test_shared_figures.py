"""What figures of every study draw, from small stored spectra, cosines and curves."""

from dataclasses import replace

import numpy as np
import pytest

from permuted_tables import STORED
from plasticity.studies.figures import gradient_cosines, hessian_spectra, probe_curves


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
        assert list(found) == ["Initialisation", "After task 1", "After task 6", "Fresh network"]
        assert found["After task 6"] == [2.0, 1.0]
        assert found["Fresh network"] == pytest.approx([1.0, 0.2])


def test_warm_starting_begins_with_the_untrained_networks_and_layers_share_what_is_stored(study, train_test, style):
    for tables, titles, arms in (
        (study(epochs=(8, 16)), ["Initialisation", "Epoch 16"], ("warm_start",)),
        (train_test(), ["Initialisation", "Step 1000"], ("cascade",)),
    ):
        stored = {name: [value] * len(tables.metrics) for name, value in STORED.items()}
        full = replace(tables, metrics=tables.metrics.assign(**stored))
        figure = hessian_spectra.draw(full, style)
        assert [ax.get_title(loc="left").strip() for ax in figure.axes] == titles
        first, last = full.moments(("probe_steps",))[0], full.moments(("probe_steps",))[-1]
        for arm in arms:
            assert len(first.of(arm)) == len(last.of(arm)) == len(set(tables.metrics["seed"]))


@pytest.mark.parametrize("figure", [gradient_cosines, hessian_spectra, probe_curves])
def test_what_was_not_stored_is_said(permuted, study, style, figure):
    tables = permuted()
    plain = tables.metrics.filter(regex="^(?!.*(hessian|cosines|probe))")
    for without in (replace(tables, metrics=plain), study(epochs=(8,))):
        assert "measure." in figure.draw(without, style).axes[0].texts[0].get_text()
