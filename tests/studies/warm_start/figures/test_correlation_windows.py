import numpy as np

from plasticity.studies.warm_start.figures.correlation_windows import draw

PAPER = {"warm_start", "shrink_perturb"}


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def bands_of(ax):
    return {band.get_label().removesuffix(" interval"): band for band in ax.collections}


def test_estimates_of_the_table_are_drawn_at_the_windows_end(study, style):
    tables = study()
    axes = draw(tables, style).axes
    for ax, metric in zip(axes, ("nc1", "warm_up_epoch") * 2, strict=True):
        lines = lines_of(ax)
        assert set(lines) == (PAPER if ax in axes[:2] else set(tables.warmed) - PAPER)
        for arm, line in lines.items():
            rows = tables.coefficients(arm, metric, "sliding")
            np.testing.assert_array_equal(np.asarray(line.get_xdata()), rows["window_end"])
            np.testing.assert_array_equal(np.asarray(line.get_ydata()), rows["estimate"])


def test_the_papers_arms_alone_have_the_intervals_of_the_table(study, style):
    tables = study()
    axes = draw(tables, style).axes
    for ax, metric in zip(axes[:2], ("nc1", "warm_up_epoch"), strict=True):
        bands = bands_of(ax)
        assert set(bands) == PAPER
        rows = tables.coefficients("warm_start", metric, "sliding")
        heights = np.asarray(bands["warm_start"].get_paths()[0].vertices)[:, 1]
        assert set(rows["ci_low"]) | set(rows["ci_high"]) == set(heights)
    assert not any(bands_of(ax) for ax in axes[2:])


def test_lines_have_the_markers_that_the_legend_shows(study, style):
    tables = study()
    figure = draw(tables, style)
    drawn = {arm: line.get_marker() for ax in figure.axes for arm, line in lines_of(ax).items()}
    shown = [line.get_marker() for line in figure.legends[0].get_lines()]
    assert shown == [drawn[arm] for arm in tables.warmed]
    assert "none" not in str(shown).lower()


def test_all_panels_share_their_axes(study, style):
    axes = draw(study(), style).axes
    assert {ax.get_ylim() for ax in axes} == {(-1.05, 1.05)}
    assert len({ax.get_xlim() for ax in axes}) == 1


def test_one_row_where_there_are_no_other_arms(study, style):
    figure = draw(study(arms=("random_init", "warm_start", "shrink_perturb")), style)
    assert [set(lines_of(ax)) for ax in figure.axes] == [PAPER, PAPER]


def test_the_first_two_arms_are_above_where_none_of_the_paper_is_there(study, style):
    axes = draw(study(arms=("random_init", "mine", "my_other", "a_third")), style).axes
    assert set(bands_of(axes[0])) == set(lines_of(axes[0])) == {"mine", "my_other"}
    assert set(lines_of(axes[2])) == {"a_third"}
