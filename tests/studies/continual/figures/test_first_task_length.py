import numpy as np
import pytest

from plasticity.studies.continual.figures.first_task_length import draw

ARMS = ("random_init", "continual", "first_task_length_1", "first_task_length_5", "first_task_length_50")


def of_tasks(tables, column, tasks):
    rows = tables.metrics.query("experiment == 'first_task_length'")
    rows = rows[rows["task"].isin(tasks)]
    return rows.groupby(["first_task_epochs", "seed"])[column].mean().groupby("first_task_epochs").mean()


def test_panels_show_collapse_and_both_losses_by_epochs(permuted, style):
    tables = permuted(arms=ARMS)
    collapse, published, fresh = draw(tables, style).axes
    np.testing.assert_allclose(np.asarray(collapse.lines[0].get_ydata()), of_tasks(tables, "nc1", [1]), rtol=1e-12)
    for ax, column in ((published, "published_plasticity_loss"), (fresh, "plasticity_gap")):
        lines = {line.get_label(): line for line in ax.lines}
        for label, tasks in (("on task 2", [2]), ("mean over all later tasks", [2, 3, 4, 5, 6])):
            expected = of_tasks(tables, column, tasks)
            np.testing.assert_array_equal(np.asarray(lines[label].get_xdata()), [1, 5, 50])
            np.testing.assert_allclose(np.asarray(lines[label].get_ydata()), expected, rtol=1e-12)
        assert ax.get_xscale() == "log"
    assert published.get_ylim() == fresh.get_ylim()
    assert published.get_shared_y_axes().joined(published, fresh)


def test_a_run_without_all_later_tasks_is_counted(permuted, style):
    def diverge(frames):
        metrics = frames["permuted"]
        metrics.loc[metrics["arm"].eq("first_task_length_5") & metrics["task"].eq(5), "diverged"] = True
        return frames

    figure = draw(permuted(arms=ARMS, edit=diverge), style)
    note = " ".join(figure.get_supxlabel().split())
    assert "Diverged and excluded: 3 of 54 tasks (first task length 5: 3)." in note
    assert "No mean over all later tasks: 3 of 9 runs." in note
    lines = {line.get_label(): line for line in figure.axes[1].lines}
    assert list(np.asarray(lines["mean over all later tasks"].get_xdata())) == [1, 50]
    assert list(np.asarray(lines["on task 2"].get_xdata())) == [1, 5, 50]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"arms": ("random_init", "continual")}, "the study has no arms\nfirst_task_length"),
        ({"edit": lambda frames: {**frames, "permuted": frames["permuted"].head(0)}}, "no finite values"),
    ],
)
def test_what_is_missing_is_said_in_every_panel(permuted, style, changes, text):
    figure = draw(permuted(**{"arms": ARMS, **changes}), style)
    assert [[t.get_text() for t in ax.texts] for ax in figure.axes] == [[text]] * 3
    assert not figure.legends


def test_without_fresh_networks_the_published_loss_is_still_drawn(permuted, style):
    def lose(frames):
        return {**frames, "permuted": frames["permuted"].assign(plasticity_gap=np.nan)}

    _, published, fresh = draw(permuted(arms=ARMS, edit=lose), style).axes
    assert len(published.lines) == 3
    assert [text.get_text() for text in fresh.texts] == ["no finite values"]
