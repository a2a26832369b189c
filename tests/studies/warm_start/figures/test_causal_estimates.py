import numpy as np
import pytest

from plasticity.report.figures.arm_styles import ArmStyle
from plasticity.report.figures.forest import Line, draw_forest
from plasticity.studies.continual.figures import task_causal_estimates
from plasticity.studies.warm_start.figures import causal_estimates

ROW = {
    **{"estimate": 0.2, "ci_low": -0.1, "ci_high": 0.5},
    **{"published": np.nan, "verdict": "undecided", "n_seeds": 3, "window_kind": "all"},
}
ARM_STYLE = ArmStyle("#D55E00", "o", "none")


def points(ax):
    return [(line.get_ydata()[0], line.get_xdata()[0]) for line in ax.lines if line.get_marker() in ("o", "s", "^")]


def verdicts(ax):
    return [text.get_text() for text in sorted(ax.texts, key=lambda text: text.get_position()[1])]


def test_correlations_are_those_of_the_table_from_top_to_bottom(study, style):
    tables = study()
    above = causal_estimates.draw(tables, style).axes[0]
    rows = tables.causes.query("metric == 'log_nc1' and quantity == 'correlation' and window_kind == 'all'")
    rows = rows.set_index("method").loc[["total", "partial_log", "within_length"]]
    assert points(above) == [(place, value) for place, value in enumerate(rows["estimate"])]
    assert verdicts(above) == rows["verdict"].tolist()


def test_effects_are_total_and_have_the_arms_colours(study, style):
    tables = study()
    below = causal_estimates.draw(tables, style).axes[1]
    arms = [arm for arm in tables.warmed if arm != "warm_start"]
    assert [text.get_text() for text in below.get_yticklabels()] == [tables.label(arm) for arm in arms]
    drawn = [line.get_color() for line in below.lines if line.get_marker() == "s"]
    assert drawn == [tables.styles[arm].color for arm in arms]
    totals = tables.causes.query("quantity == 'contrast' and outcome == 'accuracy'").set_index("treatment")["estimate"]
    assert [value for _, value in points(below)] == pytest.approx([100 * totals[arm] for arm in arms])


def test_the_permuted_study_has_its_own_rows_and_control(permuted, style):
    figure = task_causal_estimates.draw(permuted(), style)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["task 1 to 2, unadjusted", "task 1 to 2, at equal length"]
    assert "of an arm minus continual" in figure.axes[1].get_title(loc="left")


def test_intervals_are_drawn_and_end_in_a_caret_where_they_leave(style):
    ax = style.figure(1, 1, height=2)[1][0, 0]
    wide = {**ROW, "ci_low": -9.0, "ci_high": 0.4, "published": 0.7, "verdict": "supports"}
    draw_forest(ax, [Line(ROW, "one", ARM_STYLE), Line(wide, "two", ARM_STYLE)], bounds=(-1, 1))
    bars = [tuple(path.vertices[:, 0]) for bar in ax.collections for path in bar.get_paths()]
    assert bars == [(-0.1, 0.5), (-1.0, 0.4)]
    carets = [line for line in ax.lines if line.get_marker() == 8]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in carets] == [(-1, 1)]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label() == "published"] == [0.7]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["one", "two"]
    assert [text.get_fontweight() for text in ax.texts] == ["normal", "bold"]


def test_an_undefined_estimate_keeps_its_row_and_no_estimates_say_so(style):
    axes = style.figure(2, 1, height=2)[1]
    missing = {**ROW, "estimate": np.nan, "verdict": "undefined"}
    draw_forest(axes[0, 0], [Line(missing, "one", ARM_STYLE)])
    assert verdicts(axes[0, 0]) == ["undefined"]
    assert not points(axes[0, 0])
    draw_forest(axes[1, 0], [])
    assert verdicts(axes[1, 0]) == ["no estimates"]


def test_limits_hold_all_estimates_and_published_sizes(style):
    ax = style.figure(1, 1, height=2)[1][0, 0]
    far = {**ROW, "published": 3.0, "ci_low": -50.0}
    draw_forest(ax, [Line(far, "one", ARM_STYLE)], scale=100)
    low, high = ax.get_xlim()
    assert -400 < low < 10  # as far again as the estimates span, and no farther
    assert high > 300
