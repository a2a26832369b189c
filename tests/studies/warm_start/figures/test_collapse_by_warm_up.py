import numpy as np

from plasticity.report.figures.style import Style
from plasticity.studies.warm_start.figures.collapse_by_warm_up import draw


def test_plotted_values_are_the_means_of_the_table(study, style):
    tables = study()
    for ax, metric in zip(draw(tables, style).axes, ("nc1", "nc2", "nc3", "nc4"), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        assert set(lines) == set(tables.arms)
        for arm in tables.warmed:
            means = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")[metric].mean()
            np.testing.assert_allclose(np.asarray(lines[arm].get_ydata()), means, rtol=1e-12)


def test_nc1_is_logarithmic_unless_the_configuration_says_otherwise(study, style):
    scales = [ax.get_yscale() for ax in draw(study(), style).axes]
    assert scales == ["log", "linear", "linear", "linear"]
    assert [ax.get_yscale() for ax in draw(study(), Style(log_y=False)).axes] == ["linear"] * 4
