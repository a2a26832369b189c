import numpy as np
import pytest

from plasticity.studies.continual.figures.accuracy_and_collapse_by_task import draw


def test_panels_share_the_tasks_and_show_mean_and_deviation_of_both_arms(permuted, style):
    tables = permuted()
    axes = draw(tables, style).axes
    assert len(axes) == 2
    for ax, column in zip(axes, ("online_accuracy", "nc1"), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        bands = {band.get_label(): band for band in ax.collections}
        for arm in ("continual", "random_init"):
            values = tables.metrics.query(f"arm == '{arm}'").pivot(index="task", columns="seed", values=column)
            x, y = np.asarray(lines[arm].get_data())
            np.testing.assert_array_equal(x, values.index)
            np.testing.assert_allclose(y, values.mean(axis=1), rtol=1e-12)
            (outline,) = bands[f"{arm} interval"].get_paths()
            ends = np.asarray(outline.vertices)[:, 1]
            assert np.isclose(ends, values.mean(axis=1)[3] + values.std(axis=1)[3], rtol=1e-12).any()
    assert axes[0].get_shared_x_axes().joined(*axes)
    assert axes[0].get_ylabel() == "Online accuracy (%)"


def test_the_note_has_the_published_coefficient_beside_the_others(permuted, style):
    tables = permuted()
    note = " ".join(draw(tables, style).get_supxlabel().split())
    keys = {"arm": "continual", "metric": "nc1", "outcome": "online_accuracy", "window_kind": "all"}
    for aggregate, method in (("averaged", "pearson"), ("mean", "pearson"), ("mean", "first_difference")):
        (value,) = tables.coefficients(**keys, aggregate=aggregate, method=method)["estimate"]
        assert f"{value:.2f}".replace("-", "−") in note
    assert "of means over seeds" in note


@pytest.mark.parametrize("missing", ["continual", "random_init"])
def test_the_other_arm_is_drawn_where_one_is_missing(permuted, style, missing):
    def drop(frames):
        return {**frames, "permuted": frames["permuted"].query(f"arm != '{missing}'")}

    figure = draw(permuted(edit=drop), style)
    assert {line.get_label() for line in figure.axes[0].lines} == {"continual", "random_init"} - {missing}
    assert bool(figure.axes[0].texts) == (missing == "continual")
    assert f"No rows of {missing.replace('_', ' ')}" in " ".join(figure.get_supxlabel().split())


def test_without_coefficients_the_note_says_so(permuted, style):
    figure = draw(permuted(edit=lambda frames: {**frames, "correlations": frames["correlations"].head(0)}), style)
    assert figure.get_supxlabel() == "continual: no correlations over tasks."
