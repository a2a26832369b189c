import numpy as np
import pandas as pd
import pytest
from matplotlib.transforms import Bbox

from plasticity.studies.warm_start.figures.plasticity_gap import draw


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines}


def gaps_of(tables, arm):
    rows = tables.metrics[tables.metrics["arm"] == arm]
    return rows.pivot(index="warm_up_epoch", columns="seed", values="plasticity_gap")


def test_each_arm_has_a_panel_with_its_seeds_their_mean_and_a_zero_line(study, style):
    tables = study()
    axes = draw(tables, style).axes
    assert len(axes) == len(tables.warmed)
    for position, (ax, arm) in enumerate(zip(axes, tables.warmed, strict=True)):
        lines, gaps = lines_of(ax), gaps_of(tables, arm)
        np.testing.assert_allclose(np.asarray(lines[arm].get_ydata()), gaps.mean(axis=1), rtol=1e-12)
        for seed in (7, 8, 9):
            x, y = np.asarray(lines[f"{arm} seed {seed}"].get_data())
            np.testing.assert_array_equal(x, gaps.index)
            np.testing.assert_array_equal(y, gaps[seed])
            assert lines[f"{arm} seed {seed}"].get_linewidth() < lines[arm].get_linewidth()
        assert [band.get_label() for band in ax.collections] == [f"{arm} interval"]
        assert {line.get_color() for label, line in lines.items() if str(label).startswith(arm)} == {
            tables.styles[arm].color
        }
        assert any(list(np.asarray(line.get_ydata())) == [0, 0] for line in ax.lines)
        assert ax.get_title(loc="left").strip() == tables.label(arm)
        assert ax.get_title() == "abcdef"[position]


def test_labels_and_direction_are_written_once(study, style):
    figure = draw(study(), style)
    (body,) = figure.subfigs
    assert body.get_supylabel() == "Plasticity gap (percentage points)"
    assert body.get_supxlabel() == "Warm-up training (epochs)"
    assert body.get_suptitle() == "Above zero: random init is more accurate"
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["one seed", "mean over seeds", "95 % interval of the mean"]
    assert {ax.get_xlabel() + ax.get_ylabel() for ax in figure.axes} == {""}


def test_no_seeds_value_is_cut_although_one_lies_far_outside(study, style):
    def outlier(frames):
        metrics = frames["metrics"]
        metrics.loc[metrics["arm"].eq("nc1_spread") & metrics["seed"].eq(8), "plasticity_gap"] = -0.4
        return frames

    tables = study(edit=outlier)
    values = tables.metrics.loc[tables.metrics["arm"] != "random_init", "plasticity_gap"]
    for ax in draw(tables, style).axes:
        low, high = ax.get_ylim()
        assert low < values.min() < 0
        assert 0 < values.max() < high


@pytest.mark.parametrize("count", [1, 5, 12])
def test_up_to_a_dozen_arms_have_their_panels(study, style, count):
    arms = ("random_init", *(f"arm_number_{place}_with_a_long_name" for place in range(count)))
    figure = draw(study(arms=arms, epochs=(8, 16)), style)
    figure.draw_without_rendering()
    assert len(figure.axes) == count
    boxes = [Bbox(ax.get_tightbbox() or ax.bbox) for ax in figure.axes]
    assert not any(a.overlaps(b) for place, a in enumerate(boxes) for b in boxes[:place])
    assert all(ax.bbox.height > 60 for ax in figure.axes)


def test_many_checkpoints_leave_only_the_mean_marked(study, style):
    ax = draw(study(arms=("random_init", "warm_start"), epochs=tuple(range(1, 41))), style).axes[0]
    lines = lines_of(ax)
    assert lines["warm_start seed 7"].get_marker() == "None"
    assert lines["warm_start"].get_marker() == "o"
    assert lines["warm_start"].get_markevery() == 6


def test_an_arm_without_a_gap_says_so_in_its_panel(study, style):
    def lose(frames):
        frames["metrics"].loc[frames["metrics"]["arm"] == "warm_start", "plasticity_gap"] = np.nan
        return frames

    first, second, *_ = draw(study(edit=lose), style).axes
    assert [text.get_text() for text in first.texts] == ["no finite gap"]
    assert not second.texts


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_without_a_baseline_the_figure_says_what_is_missing(study, style, gap):
    def no_gap(frames):
        return {**frames, "metrics": frames["metrics"].assign(plasticity_gap=pd.Series(gap, frames["metrics"].index))}

    (ax,) = draw(study(edit=no_gap), style).axes
    assert not ax.lines
    assert "needs random init" in ax.texts[0].get_text()
