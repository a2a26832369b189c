import numpy as np
import pytest
from matplotlib.patches import Rectangle
from scipy import stats

from plasticity.studies.warm_start.figures.accuracy_by_warm_up import draw

COLUMNS = ("full_test_accuracy", "warm_up_test_accuracy")


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines}


def bars_of(ax):
    """Return each arm's error bars as an array of bars x (low end, high end) x (x, y)."""
    return {bars.get_label().removesuffix(" error"): np.array(bars.get_segments()) for bars in ax.collections}


def test_plotted_values_are_the_means_of_the_table_beside_their_checkpoints(study, style):
    tables = study()
    for ax, column in zip(draw(tables, style).axes, COLUMNS, strict=True):
        places = []
        for arm in tables.warmed:
            means = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")[column].mean()
            x, y = np.asarray(lines_of(ax)[arm].get_data())
            assert np.abs(x - means.index).max() <= 0.8  # a tenth of the 8 epochs between two checkpoints
            np.testing.assert_allclose(y, means, rtol=1e-12)
            places.extend(x)
        assert len(set(places)) == len(places)
        assert np.mean(places) == pytest.approx(28)  # the mean of the checkpoints


def test_bars_are_one_standard_error_to_either_side(study, style):
    tables = study()
    for ax, column in zip(draw(tables, style).axes, COLUMNS, strict=True):
        for arm in tables.warmed:
            groups = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")[column]
            (x, low), (_, high) = bars_of(ax)[arm].transpose(1, 2, 0)
            np.testing.assert_array_equal(x, lines_of(ax)[arm].get_xdata())
            np.testing.assert_allclose(high - low, 2 * groups.agg(stats.sem), rtol=1e-9)
            np.testing.assert_allclose((high + low) / 2, groups.mean(), rtol=1e-12)


def test_random_init_is_a_horizontal_line_on_the_left_with_a_band(study, style):
    tables = study()
    left, right = draw(tables, style).axes
    values = tables.metrics.loc[tables.metrics["arm"] == "random_init", "full_test_accuracy"]
    np.testing.assert_allclose(np.asarray(lines_of(left)["random_init"].get_ydata()), values.mean(), rtol=1e-12)
    (band,) = left.patches
    assert isinstance(band, Rectangle)
    low, high = band.get_y(), band.get_y() + band.get_height()
    assert (low, high) == pytest.approx((values.mean() - stats.sem(values), values.mean() + stats.sem(values)))
    assert "random_init" not in lines_of(right)
    assert not right.patches
    assert [label.get_text() for label in left.get_xticklabels()] == ["8", "16", "24", "32", "40", "48"]


def test_many_checkpoints_have_their_bars_in_turn(study, style):
    tables = study(epochs=tuple(range(1, 76)))
    ax = draw(tables, style).axes[1]
    checkpoints = {arm: np.round(bars[:, 0, 0]).tolist() for arm, bars in bars_of(ax).items()}
    assert list(checkpoints) == list(tables.warmed)
    assert sorted(place for places in checkpoints.values() for place in places) == list(range(1, 76))
    assert [int(first) for first, *_ in checkpoints.values()] == [1, 2, 3, 4, 5, 6]


def test_lines_and_bars_of_an_arm_with_few_checkpoints_stay_among_arms_with_many(study, style):
    def shorten(frames):
        metrics = frames["metrics"]
        return {**frames, "metrics": metrics[~metrics["arm"].eq("weight_decay_0.1") | metrics["warm_up_epoch"].eq(1)]}

    ax = draw(study(epochs=tuple(range(1, 71)), edit=shorten), style).axes[1]
    assert len(bars_of(ax)["weight_decay_0.1"]) == 1
