import numpy as np

from plasticity.figures.correlation_windows import draw


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_estimates_and_intervals_of_the_table_are_drawn_at_the_windows_end(study, style):
    tables = study()
    figure = draw(tables, style)
    for ax, metric in zip(figure.axes, ("nc1", "warm_up_epoch"), strict=True):
        lines = lines_of(ax)
        assert set(lines) == set(tables.warmed)
        for arm, line in lines.items():
            rows = tables.coefficients(arm, metric, "sliding")
            np.testing.assert_array_equal(np.asarray(line.get_xdata()), rows["window_end"])
            np.testing.assert_array_equal(np.asarray(line.get_ydata()), rows["estimate"])
        bands = {band.get_label(): band for band in ax.collections}
        assert set(bands) == {"warm_start interval", "shrink_perturb interval"}
        rows = tables.coefficients("warm_start", metric, "sliding")
        heights = np.asarray(bands["warm_start interval"].get_paths()[0].vertices)[:, 1]
        assert set(rows["ci_low"]) | set(rows["ci_high"]) == set(heights)


def test_arms_that_the_paper_does_not_show_are_lighter(study, style):
    lines = lines_of(draw(study(), style).axes[0])
    assert lines["nc1_spread"].get_linewidth() < lines["warm_start"].get_linewidth()
    assert lines["nc1_spread"].get_alpha() == 0.6


def test_own_arms_are_prominent_where_none_of_the_paper_is_there(study, style):
    figure = draw(study(arms=("random_init", "mine")), style)
    assert [band.get_label() for band in figure.axes[0].collections] == ["mine interval"]
