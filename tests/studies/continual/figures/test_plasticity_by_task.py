import numpy as np
import pytest

from permuted_tables import ARMS, LENGTHS, THRESHOLDS
from plasticity.studies.continual.figures.plasticity_by_task import draw


def test_single_arms_and_each_experiment_have_a_panel(permuted, style):
    axes = draw(permuted(arms=ARMS), style).axes
    shown = [[line.get_label() for line in ax.lines if line.get_label() in ARMS] for ax in axes]
    assert shown == [["continual", "shrink_perturb", "weight_decay"], list(LENGTHS), list(THRESHOLDS)]
    keys = [[text.get_text() for text in legend.get_texts()] for ax in axes if (legend := ax.get_legend())]
    assert keys[0] == ["continual", "shrink and perturb", "weight decay"]
    assert keys[1] == ["1 epoch", *(f"{epochs} epochs" for epochs in (2, 5, 10, 50, 100))]
    assert keys[2] == ["NC1 < 0.22", "NC1 < 0.2", "NC1 < 0.18"]


def test_lines_are_means_from_the_second_task_on(permuted, style):
    tables = permuted()
    lines = {line.get_label(): line for ax in draw(tables, style).axes for line in ax.lines}
    for arm in tables.continued:
        gaps = tables.metrics.query(f"arm == '{arm}' and task > 1").groupby("task")["plasticity_gap"].mean()
        np.testing.assert_array_equal(np.asarray(lines[arm].get_xdata()), gaps.index)
        np.testing.assert_allclose(np.asarray(lines[arm].get_ydata()), gaps, rtol=1e-12)


def test_zero_is_in_every_panel(permuted, style):
    for ax in draw(permuted(), style).axes:
        low, high = ax.get_ylim()
        assert low < 0 < high


@pytest.mark.parametrize(("arms", "title"), [(("random_init", "continual"), "Continual learning"), (("mine",), "Arms")])
def test_a_panel_of_few_arms_is_named_after_them(permuted, style, arms, title):
    (ax,) = draw(permuted(arms=arms), style).axes
    assert ax.get_title(loc="left").strip().startswith(title)


def test_an_arm_without_a_gap_is_left_out_and_an_empty_panel_says_so(permuted, style):
    def lose(frames):
        metrics = frames["permuted"]
        metrics.loc[metrics["experiment"].eq("first_task_length"), "plasticity_gap"] = np.nan
        return frames

    axes = draw(permuted(edit=lose), style).axes
    assert [len(ax.texts) for ax in axes] == [0, 1, 0]
    assert "needs random_init" in axes[1].texts[0].get_text()


def test_each_of_many_arms_has_a_panel_with_the_first_one_behind_it(permuted, style):
    methods = tuple(f"method_{letter}" for letter in "abcdefgh")
    tables = permuted(arms=("random_init", "continual", *methods))
    axes = draw(tables, style).axes
    assert [ax.get_title(loc="left").strip() for ax in axes] == [
        "continual",
        *(f"method {each}" for each in "abcdefgh"),
    ]
    gap = tables.metrics.query("arm == 'method_c' and task > 1").groupby("task")["plasticity_gap"].mean()
    behind, own = (line for line in axes[3].lines if line.get_label() in tables.arms)
    assert (behind.get_label(), own.get_label()) == ("continual", "method_c")
    np.testing.assert_allclose(np.asarray(own.get_ydata()), gap, rtol=1e-12)
    (alone,) = [line.get_label() for line in axes[0].lines if line.get_label() in tables.arms]
    assert alone == "continual"


def test_many_arms_without_a_gap_are_one_panel_that_says_so(permuted, style):
    def lose(frames):
        frames["permuted"]["plasticity_gap"] = np.nan
        return frames

    methods = tuple(f"method_{letter}" for letter in "abcdefgh")
    (ax,) = draw(permuted(arms=("random_init", "continual", *methods), edit=lose), style).axes
    assert "needs random_init" in ax.texts[0].get_text()
