import numpy as np

from plasticity.figures.accuracy_by_warm_up import draw


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines}


def test_plotted_values_are_the_means_of_the_table(study, style):
    tables = study()
    left, right = draw(tables, style).axes
    for ax, column in ((left, "full_test_accuracy"), (right, "warm_up_test_accuracy")):
        for arm in tables.warmed:
            means = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")[column].mean()
            line = lines_of(ax)[arm]
            np.testing.assert_array_equal(np.asarray(line.get_xdata()), means.index)
            np.testing.assert_allclose(np.asarray(line.get_ydata()), means, rtol=1e-12)


def test_random_init_is_a_horizontal_line_with_a_band_on_the_left_alone(study, style):
    tables = study()
    left, right = draw(tables, style).axes
    rows = tables.metrics[tables.metrics["arm"] == "random_init"]
    np.testing.assert_allclose(
        np.asarray(lines_of(left)["random_init"].get_ydata()), rows["full_test_accuracy"].mean(), rtol=1e-12
    )
    assert [patch.get_label() for patch in left.patches] == ["random_init interval"]
    assert "random_init" not in lines_of(right)
    assert [label.get_text() for label in left.get_xticklabels()] == ["8", "16", "24", "32", "40", "48"]
