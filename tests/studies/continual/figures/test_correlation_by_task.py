import numpy as np
import pandas as pd

from plasticity.studies.continual.figures.correlation_by_task import draw

LINES = {
    "NC1 after the first task": ("nc1", "pearson"),
    "Epochs on the first task": ("first_task_epochs", "pearson"),
    "NC1, adjusted for log epochs": ("nc1", "partial_log"),
}


def test_panels_have_the_pooled_coefficients_of_the_later_tasks(permuted, style):
    tables = permuted()
    experiments = ("first_task_length", "first_task_collapse")
    cells = [(*entry, experiment) for entry in LINES.items() for experiment in experiments]
    for ax, (label, (metric, method), experiment) in zip(draw(tables, style).axes, cells, strict=True):
        (line,) = [line for line in ax.lines if line.get_label() == label]
        keys = {
            "arm": experiment,
            "outcome": "plasticity_gap",
            "metric": metric,
            "method": method,
            "aggregate": "pooled",
        }
        rows = tables.coefficients(**keys)
        np.testing.assert_array_equal(np.asarray(line.get_xdata()), [2, 3, 4, 5, 6])
        np.testing.assert_array_equal(np.asarray(line.get_ydata()), rows["estimate"])
        assert len(ax.collections) == 1
        above = [tables.family_label(experiment)] if label == next(iter(LINES)) else []
        assert [text.strip() for text in ax.get_title(loc="left").splitlines()] == [*above, label]


def test_the_first_task_itself_is_not_a_later_one(permuted, style):
    def add(frames):
        rows = frames["correlations"]
        first = rows[rows["window_kind"].eq("task") & rows["window_end"].eq(2)].assign(window_start=1, window_end=1)
        return {**frames, "correlations": pd.concat([rows, first])}

    for ax in draw(permuted(edit=add), style).axes:
        assert min(np.asarray(line.get_xdata()).min() for line in ax.lines if line.get_label() in LINES) == 2


def test_an_experiment_without_coefficients_is_named(permuted, style):
    def drop(frames):
        return {**frames, "correlations": frames["correlations"].query("arm != 'first_task_length'")}

    figure = draw(permuted(edit=drop), style)
    assert len(figure.axes) == len(LINES)
    note = " ".join(figure.get_supxlabel().split())
    assert "No correlations across the runs of first task length." in note
    assert "First task to an NC1 threshold: at most 9 runs." in note


def test_undefined_coefficients_leave_gaps_that_the_note_counts(permuted, style):
    def lose(frames):
        rows = frames["correlations"]
        chosen = rows["window_kind"].eq("task") & rows["window_end"].eq(4) & rows["metric"].eq("nc1")
        rows.loc[chosen & rows["method"].eq("pearson"), ["estimate", "ci_low", "ci_high"]] = np.nan
        rows.loc[chosen, "note"] = "constant nc1"
        return frames

    figure = draw(permuted(edit=lose), style)
    line = next(line for line in figure.axes[0].lines if line.get_label() == "NC1 after the first task")
    assert np.isnan(np.asarray(line.get_ydata())).tolist() == [False, False, True, False, False]
    assert "2 of 30 coefficients undefined: constant nc1 (2)." in " ".join(figure.get_supxlabel().split())
