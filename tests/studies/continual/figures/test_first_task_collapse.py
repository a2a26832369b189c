import numpy as np
import pytest
from matplotlib.collections import PathCollection

from plasticity.report.figures.arm_styles import SEQUENCE
from plasticity.studies.continual.figures.first_task_collapse import draw


def scatters(ax):
    return [part for part in ax.collections if isinstance(part, PathCollection)]


def test_every_run_is_a_point_with_the_marker_of_its_seed(permuted, style):
    tables = permuted(seeds=(1, 2, 3, 4))
    left, right, bar = draw(tables, style).axes
    runs = tables.runs("first_task_collapse", "online_accuracy").dropna(subset=["second"])
    for ax, column in ((left, "nc1"), (right, "first_task_epochs")):
        assert len(scatters(ax)) == 4
        assert len({np.asarray(part.get_paths()[0].vertices).tobytes() for part in scatters(ax)}) == 4
        for part, (_, expected) in zip(scatters(ax), runs.groupby("seed"), strict=True):
            points = sorted(map(tuple, np.asarray(part.get_offsets()).tolist()))
            assert points == sorted(map(tuple, expected[[column, "second"]].to_numpy(dtype=float).tolist()))
            assert part.get_cmap() is SEQUENCE or part.get_cmap() == SEQUENCE
    assert right.get_xscale() == "log"
    assert bar.get_ylabel() == "First task (epochs)"
    assert left.get_shared_y_axes().joined(left, right)


def test_runs_of_a_seed_are_joined_in_order_of_their_length(permuted, style):
    _, right, _ = draw(permuted(), style).axes
    lines = [line for line in right.lines if str(line.get_label()).startswith("seed")]
    assert len(lines) == 3
    assert all((np.diff(np.asarray(line.get_xdata())) >= 0).all() for line in lines)


def test_colours_are_the_epochs_on_one_logarithmic_scale(permuted, style):
    left, right, _ = draw(permuted(), style).axes
    limits = {(part.norm.vmin, part.norm.vmax) for ax in (left, right) for part in scatters(ax)}
    assert len(limits) == 1
    values = np.concatenate([np.asarray(part.get_array()) for part in scatters(right)])
    x = np.concatenate([np.asarray(part.get_offsets())[:, 0] for part in scatters(right)])
    np.testing.assert_array_equal(values, x)


def test_titles_and_note_have_the_coefficients_of_the_second_task(permuted, style):
    def mark(frames):
        rows = frames["correlations"]
        chosen = rows["arm"].eq("first_task_collapse") & rows["outcome"].eq("online_accuracy")
        chosen &= rows["aggregate"].eq("pooled") & rows["method"].eq("pearson") & rows["window_start"].eq(2)
        rows.loc[chosen & rows["metric"].eq("nc1"), ["estimate", "ci_low", "ci_high"]] = [0.6, 0.11, 0.89]
        rows.loc[chosen & rows["metric"].eq("first_task_epochs"), ["estimate", "ci_low", "ci_high"]] = [
            -0.994,
            -1,
            -0.9,
        ]
        return frames

    figure = draw(permuted(edit=mark), style)
    titles = [ax.get_title(loc="left") for ax in figure.axes[:2]]
    assert "r = 0.60 [0.11, 0.89]" in titles[0]
    assert "r = −0.99 [−1.00, −0.90]" in titles[1]
    note = " ".join(figure.get_supxlabel().split())
    assert "epochs with NC1 −0.54 [−0.74, −0.34]" in note
    assert "adjusted for log epochs" in note


def test_runs_that_ended_at_the_same_epoch_are_told_apart_in_the_note(permuted, style):
    def repeat(frames):
        metrics = frames["permuted"].copy()
        of_arm = {name: metrics["arm"].eq(f"first_task_collapse_{name}") for name in ("0.2", "0.22")}
        for column in ("first_task_epochs", "nc1", "online_accuracy"):
            metrics.loc[of_arm["0.22"], column] = metrics.loc[of_arm["0.2"], column].to_numpy()
        return {**frames, "permuted": metrics}

    note = " ".join(draw(permuted(edit=repeat), style).get_supxlabel().split())
    assert "9 of 9 runs shown; 6 distinct." in note


def test_a_threshold_never_reached_is_counted_and_not_drawn(permuted, style):
    tables = permuted(seeds=(3, 4, 5, 6))
    runs = tables.runs("first_task_collapse", "online_accuracy")
    lost = int(runs["second"].isna().sum())
    assert lost > 0
    figure = draw(tables, style)
    note = " ".join(figure.get_supxlabel().split())
    assert f"{12 - lost} of 12 runs shown." in note
    missed = f"{lost} of 12 runs (first task collapse 0.18: {lost})"
    assert f"NC1 threshold not reached, so no later tasks: {missed}." in note
    assert sum(len(np.asarray(part.get_offsets())) for part in scatters(figure.axes[0])) == 12 - lost


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"arms": ("random_init", "continual")}, "the study has no arms\nfirst_task_collapse"),
        ({"tasks": 1}, "no run with a second task"),
    ],
)
def test_what_is_missing_is_said_in_both_panels(permuted, style, changes, text):
    figure = draw(permuted(**changes), style)
    assert [[t.get_text() for t in ax.texts] for ax in figure.axes] == [[text]] * 2
