import numpy as np

from plasticity.figures.plasticity_gap import draw


def test_plotted_values_are_the_means_of_the_table_with_a_zero_line(study, style):
    tables = study()
    (ax,) = draw(tables, style).axes
    lines = {line.get_label(): line for line in ax.lines}
    for arm in tables.warmed:
        means = tables.metrics[tables.metrics["arm"] == arm].groupby("warm_up_epoch")["plasticity_gap"].mean()
        np.testing.assert_allclose(np.asarray(lines[arm].get_ydata()), means, rtol=1e-12)
    assert any(list(np.asarray(line.get_ydata())) == [0, 0] for line in ax.lines)
    low, high = ax.get_ylim()
    assert low < 0 < high
    assert ax.get_ylabel() == "Plasticity gap (percentage points)"


def test_without_a_baseline_the_figure_says_what_is_missing(study, style):
    def no_gap(frames):
        return {**frames, "metrics": frames["metrics"].assign(plasticity_gap=np.nan)}

    (ax,) = draw(study(edit=no_gap), style).axes
    assert not ax.lines
    assert "needs random init" in ax.get_title()
