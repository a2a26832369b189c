import numpy as np

from plasticity.studies.warm_start.figures.partial_correlations import draw

METHODS = ["pearson", "partial_linear", "partial_log", "partial_spline", "first_difference"]


def test_points_and_bars_are_those_of_the_table(study, style):
    tables = study()
    for ax, metric in zip(draw(tables, style).axes, ("nc1", "nc2", "nc3", "nc4"), strict=True):
        points = {line.get_label(): line for line in ax.lines}
        for arm in tables.warmed:
            rows = [tables.coefficients(arm, metric, "all", method=method).iloc[0] for method in METHODS]
            np.testing.assert_array_equal(np.asarray(points[arm].get_xdata()), [row["estimate"] for row in rows])
            bars = {tuple(np.asarray(path.vertices)[:, 0]) for bar in ax.collections for path in bar.get_paths()}
            assert bars >= {(row["ci_low"], row["ci_high"]) for row in rows}
        rows_of_points = np.round(np.asarray(points["warm_start"].get_ydata())).tolist()
        assert rows_of_points == [0, 1, 2, 3, 4]


def test_a_method_that_nothing_defines_has_no_row(study, style):
    def undefined(frames):
        rows = frames["correlations"]
        rows.loc[rows["method"].eq("partial_spline"), ["estimate", "note"]] = [np.nan, "too few points"]
        return frames

    figure = draw(study(edit=undefined), style)
    assert not [text for ax in figure.axes for text in ax.texts]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-1].startswith("first")
    assert len(figure.axes[0].get_yticklabels()) == len(METHODS) - 1
    assert "coefficients undefined: too few points" in " ".join(figure.get_supxlabel().split())


def test_an_undefined_coefficient_is_marked_in_its_row(study, style):
    def undefined(frames):
        rows = frames["correlations"]
        rows.loc[rows["method"].eq("partial_spline") & rows["arm"].eq("warm_start"), "estimate"] = np.nan
        return frames

    ax = draw(study(edit=undefined), style).axes[0]
    assert [(text.get_text(), round(text.get_position()[1])) for text in ax.texts] == [("undefined", 3)]
