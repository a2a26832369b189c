import numpy as np

from plasticity.studies.continual.figures.task_correlations import draw

ROWS = [
    ("averaged", "pearson"),
    ("mean", "pearson"),
    ("mean", "partial_linear"),
    ("mean", "partial_log"),
    ("mean", "partial_spline"),
    ("mean", "first_difference"),
]


def test_points_and_bars_are_those_of_the_table(permuted, style):
    tables = permuted()
    for ax, metric in zip(draw(tables, style).axes, ("nc1", "nc2", "nc3", "nc4"), strict=True):
        points = {line.get_label(): line for line in ax.lines}
        bars = {tuple(np.asarray(path.vertices)[:, 0]) for bar in ax.collections for path in bar.get_paths()}
        for outcome in ("online_accuracy", "plasticity_gap"):
            keys = {"arm": "continual", "window_kind": "all", "metric": metric, "outcome": outcome}
            rows = [tables.coefficients(**keys, aggregate=a, method=m).iloc[0] for a, m in ROWS]
            line = points[outcome.replace("_", " ")]
            np.testing.assert_array_equal(np.asarray(line.get_xdata()), [row["estimate"] for row in rows])
            assert np.round(np.asarray(line.get_ydata())).tolist() == [0, 1, 2, 3, 4, 5]
            assert bars >= {(row["ci_low"], row["ci_high"]) for row in rows}


def test_an_undefined_or_absent_coefficient_is_marked_in_its_row(permuted, style):
    def lose(frames):
        rows = frames["correlations"]
        mean = rows["aggregate"].eq("mean") & rows["arm"].eq("continual") & rows["outcome"].eq("online_accuracy")
        rows.loc[mean & rows["method"].eq("partial_log"), "estimate"] = np.nan
        return {**frames, "correlations": rows[~(mean & rows["method"].eq("partial_spline"))]}

    figure = draw(permuted(edit=lose), style)
    marked = [(text.get_text(), round(text.get_position()[1])) for text in figure.axes[0].texts]
    assert marked == [("undefined", 3), ("undefined", 4)]
    assert "Arm: continual." in figure.get_supxlabel()
    assert "4 of 44 coefficients undefined" in figure.get_supxlabel()


def test_another_outcome_than_the_two_is_not_drawn(permuted, style):
    for ax in draw(permuted(), style).axes:
        labels = {line.get_label() for line in ax.lines if not str(line.get_label()).startswith("_")}
        assert labels == {"online accuracy", "plasticity gap"}


def test_the_first_arm_stands_in_for_a_missing_continual_one(permuted, style):
    figure = draw(permuted(arms=("random_init", "first_task_length_5")), style)
    assert "Arm: first task length 5." in figure.get_supxlabel()
    assert "No rows of continual." in draw(permuted(arms=("random_init",)), style).get_supxlabel()
