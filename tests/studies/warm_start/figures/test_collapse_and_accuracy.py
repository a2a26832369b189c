import numpy as np
import pytest

from plasticity.report.figures.arm_styles import arm_styles
from plasticity.report.figures.style import NEUTRAL
from plasticity.studies.warm_start.collapse_and_accuracy import draw_phase as draw

METRICS = ("nc1", "nc2", "nc3", "nc4")
EPOCHS = {"all": [8, 16, 24, 32, 40, 48], "first_phase": [8, 16, 24], "second_phase": [32, 40, 48]}


@pytest.mark.parametrize("phase", EPOCHS)
def test_plotted_values_are_the_means_of_the_phase(study, style, phase):
    tables = study()
    rows = tables.metrics[(tables.metrics["arm"] == "warm_start") & tables.metrics["warm_up_epoch"].isin(EPOCHS[phase])]
    means = rows.groupby("warm_up_epoch")[[*METRICS, "full_test_accuracy"]].mean()
    axes = draw(tables, style, phase=phase).axes
    for column, ax in zip(("full_test_accuracy", *METRICS), axes, strict=True):
        (line,) = ax.lines
        np.testing.assert_array_equal(np.asarray(line.get_xdata()), EPOCHS[phase])
        np.testing.assert_allclose(np.asarray(line.get_ydata()), means[column], rtol=1e-12)


def test_the_outcome_alone_is_grey(study, style):
    first, *others = [ax.lines[0].get_color() for ax in draw(study(), style, phase="all").axes]
    assert first == NEUTRAL
    assert set(others) == {arm_styles(["warm_start"])["warm_start"].color}


def test_titles_give_the_coefficient_of_the_table_with_its_interval(study, style):
    def known(frames):
        rows = frames["correlations"]
        chosen = (rows["metric"] == "nc4") & (rows["window_kind"] == "first_phase") & (rows["method"] == "pearson")
        rows.loc[chosen, ["estimate", "ci_low", "ci_high"]] = [-0.914, -0.967, 0.126]
        return frames

    title = draw(study(edit=known), style, phase="first_phase").axes[4].get_title(loc="left")
    assert title.endswith("r = −0.91 [−0.97, 0.13], 3 seeds")


def test_an_undefined_coefficient_is_explained(study, style):
    def undefined(frames):
        rows = frames["correlations"]
        return {**frames, "correlations": rows.assign(estimate=np.nan, note="constant outcome")}

    figure = draw(study(edit=undefined), style, phase="all")
    assert figure.axes[1].get_title(loc="left").endswith("r undefined")
    assert "constant outcome (4)" in figure.get_supxlabel()
