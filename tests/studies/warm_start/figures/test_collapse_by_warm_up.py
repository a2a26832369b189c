import numpy as np
import pytest

from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figures.collapse_by_warm_up import draw


def test_plotted_values_are_the_means_of_the_table(study, style):
    tables = study()
    for ax, metric in zip(draw(tables, style).axes, ("nc1", "nc2", "nc3", "nc4"), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        assert set(lines) >= set(tables.warmed)
        for arm in tables.warmed:
            means = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")[metric].mean()
            np.testing.assert_allclose(np.asarray(lines[arm].get_ydata()), means, rtol=1e-12)


@pytest.mark.parametrize(("value", "told"), [(0.5, ""), (90.0, "random init: 90 ↑"), (-90.0, "random init: −90 ↓")])
def test_an_untrained_network_far_from_all_others_is_told_and_not_drawn(study, style, value, told):
    def move(frames):
        metrics = frames["metrics"]
        trained = metrics["warm_up_epoch"].gt(0)
        spread = metrics["nc2"].where(~trained, metrics["warm_up_epoch"] / metrics["warm_up_epoch"].max())
        return {**frames, "metrics": metrics.assign(nc2=spread.where(trained, value))}

    ax = draw(study(edit=move), style).axes[1]
    drawn = "random_init" in {line.get_label() for line in ax.lines}
    assert drawn == (not told)
    assert [text.get_text() for text in ax.texts] == ([told] if told else [])
    low, high = ax.get_ylim()
    assert -1 < low < high < 2


def test_nc1_is_logarithmic_unless_the_configuration_says_otherwise(study, style):
    scales = [ax.get_yscale() for ax in draw(study(), style).axes]
    assert scales == ["log", "linear", "linear", "linear"]
    assert [ax.get_yscale() for ax in draw(study(), Style(log_y=False)).axes] == ["linear"] * 4
