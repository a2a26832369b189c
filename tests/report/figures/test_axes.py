import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from plasticity.report.figures.axes import (
    fit_y,
    format_epochs,
    format_log_amounts,
    format_log_epochs,
    format_y,
    log_ticks,
    metric_label,
    metric_name,
)
from plasticity.storage.schemas import SCHEMAS


@pytest.fixture
def ax():
    return Figure().subplots()


def summary(mean, half=0.0, x=None):
    mean = np.asarray(mean, dtype=float)
    x = np.arange(len(mean)) if x is None else x
    return pd.DataFrame({"x": x, "mean": mean, "low": mean - half, "high": mean + half})


def ticks(axis):
    axis.figure.draw_without_rendering()
    low, high = sorted(axis.get_view_interval())
    shown = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
    return [label.get_text() for place, label in shown if low <= place <= high]


@pytest.mark.parametrize("column", [entry.name for entry in SCHEMAS["metrics"] if entry.kind in {"int", "float"}])
def test_every_numeric_column_has_a_label_with_its_unit(column):
    assert metric_label(column).endswith(")")
    assert "(1)" not in metric_label(column)


def test_labels_name_the_metric_and_take_units_from_the_schema():
    assert metric_label("nc1") == "NC1 (dimensionless)"
    assert metric_label("full_test_accuracy") == "Full test accuracy (%)"
    assert metric_label("plasticity_gap") == "Plasticity gap (percentage points)"
    assert metric_label("loss", "history") == "Loss (nats)"
    assert metric_label("weight_norm") == "weight norm (dimensionless)"
    assert metric_label("nc2_equinorm_means") == "NC2 equinorm means (dimensionless)"
    assert metric_label("cdnv") == "CDNV (dimensionless)"
    assert metric_name("start_gauss_newton_rank_above_0.01") == "Gauss-Newton rank above 0.01, at the start"
    assert metric_name("start_nc1") == "NC1, at the start"


def test_fractions_are_shown_in_per_cent_with_the_same_decimals(ax):
    ax.set_ylim(-0.0051, 0.0051)
    ax.set_yticks([-0.005, 0, 0.005])
    format_y(ax, "full_test_accuracy")
    assert ticks(ax.yaxis) == ["−0.5", "0.0", "0.5"]
    assert ax.get_ylabel() == "Full test accuracy (%)"


def test_few_checkpoints_are_the_ticks(ax):
    format_epochs(ax, [summary([1, 2, 3], x=[8, 16, 24]), summary([1, 2], x=[16, 32])])
    assert ticks(ax.xaxis) == ["8", "16", "24", "32"]


def test_ticks_of_many_checkpoints_are_whole_epochs(ax):
    ax.set_xlim(0, 3)
    format_epochs(ax, [summary(np.ones(50))])
    assert ticks(ax.xaxis) == ["0", "1", "2", "3"]


def test_long_counts_are_told_in_thousands(ax):
    ax.set_xlim(0, 60_000)
    format_epochs(ax, [], "Training (steps)")
    assert ax.get_xlabel() == "Training (thousand steps)"
    assert ticks(ax.xaxis) == ["0", "10", "20", "30", "40", "50", "60"]


def test_huge_intervals_do_not_squeeze_the_means(ax):
    for summaries, widest in (([summary([0.5, 0.6], half=10)] * 2, 0.3), ([summary([0.5, 0.6], half=10)], 0.8)):
        fit_y(ax, summaries)
        low, high = ax.get_ylim()
        assert low < 0.5 - 0.05
        assert high > 0.6 + 0.05
        assert high - low < widest


def test_a_value_can_be_included(ax):
    fit_y(ax, [summary([0.5, 0.6])], include=0)
    assert ax.get_ylim()[0] < 0


def test_the_axis_is_logarithmic_where_means_span_much(ax):
    fit_y(ax, [summary([0.02, 9], half=1)], log=None)
    assert ax.get_yscale() == "log"
    assert set(ticks(ax.yaxis)) >= {"0.1", "1"}


@pytest.mark.parametrize("values", [[1, 2], [0, 100], [-1, 100]])
def test_the_axis_is_linear_where_means_span_little_or_are_not_positive(ax, values):
    fit_y(ax, [summary(values)], log=None)
    assert ax.get_yscale() == "linear"


def test_amounts_of_many_decades_are_powers_from_a_hundred_thousand_on(ax):
    format_log_amounts(ax, np.geomspace(1, 1e6, 40), "Iterations")
    assert ticks(ax.xaxis) == ["1", "10", "100", "1000", "10000", "10⁵", "10⁶"]


def test_powers_of_ten_are_written_as_such(ax):
    fit_y(ax, [summary([1e-8, 1])], log=True)
    assert "10⁻⁶" in ticks(ax.yaxis)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6), max_size=6),
    st.floats(0, 1e6),
    st.sampled_from([True, False, None]),
)
def test_limits_hold_every_mean_that_the_scale_can_show(means, half, log):
    ax = Figure().subplots()
    fit_y(ax, [summary(means, half), summary([np.nan, np.inf])], log=log)
    low, high = ax.get_ylim()
    assert low < high
    shown = [mean for mean in means if ax.get_yscale() == "linear" or mean > 0]
    assert all(low <= mean <= high for mean in shown)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1, 2, 5, 10, 50, 100], [1, 2, 5, 10, 50, 100]),
        ([7, 7], [7]),
        ([1, 2, 3, 9, 7, 34, 35], [1, 2, 5, 10, 20]),
        (range(1, 61), [1, 2, 5, 10, 20, 50]),
    ],
)
def test_ticks_of_a_logarithmic_axis_stand_apart(values, ticks):
    assert log_ticks(np.array(values)).tolist() == ticks


def test_epochs_on_a_logarithmic_axis_all_lie_within_it(style):
    _, axes = style.figure(1, 1, height=2)
    format_log_epochs(axes[0, 0], np.array([1, 10, 100]), "First task (epochs)")
    low, high = axes[0, 0].get_xlim()
    assert low < 1
    assert high > 100
    assert [text.get_text() for text in axes[0, 0].get_xticklabels()] == ["1", "10", "100"]
    assert axes[0, 0].get_xscale() == "log"
