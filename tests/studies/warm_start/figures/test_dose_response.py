import numpy as np
import pytest

from plasticity.studies.warm_start.figures.dose_response import draw

DOSES = {"nc1_spread": -0.05, "nc1_collapse": 0.05}


def contrast(tables, arm, outcome):
    rows = tables.causes.query("quantity == 'contrast' and treatment == @arm and outcome == @outcome")
    return rows.iloc[0]


def line(ax, label):
    (found,) = [each for each in ax.lines if each.get_label() == label]
    return np.column_stack([np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)])


@pytest.mark.parametrize(("panel", "outcome"), [(0, "log_nc1"), (2, "accuracy")])
def test_the_mean_goes_through_the_estimates_and_the_controls_zero(study, style, panel, outcome):
    tables = study()
    ax = draw(tables, style).axes[panel]
    expected = [(dose, contrast(tables, arm, outcome)["estimate"]) for arm, dose in DOSES.items()]
    np.testing.assert_allclose(line(ax, "mean over seeds"), sorted([*expected, (0.0, 0.0)]))
    (band,) = [each for each in ax.collections if each.get_label() == "mean interval"]
    drawn = band.get_paths()[0].vertices
    for arm, dose in DOSES.items():
        row = contrast(tables, arm, outcome)
        of_dose = drawn[np.isclose(drawn[:, 0], dose), 1]
        assert (of_dose.min(), of_dose.max()) == pytest.approx((row["ci_low"], row["ci_high"]))


def test_a_seeds_points_are_its_paired_changes_over_all_lengths(study, style):
    tables = study()
    metrics = tables.metrics
    ax = draw(tables, style).axes[2]
    for seed in (7, 8, 9):
        means = metrics.query("seed == @seed").groupby("arm")["full_test_accuracy"].mean()
        expected = {dose: means[arm] - means["warm_start"] for arm, dose in DOSES.items()} | {0.0: 0.0}
        np.testing.assert_allclose(line(ax, f"seed {seed}"), sorted(expected.items()), atol=1e-12)


def test_titles_hold_step_interval_and_verdict(study, style):
    tables = study()
    nc1, decay, accuracy, _ = draw(tables, style).axes
    row = tables.causes.query(
        "quantity == 'slope' and treatment == 'NC1 penalty weight' and outcome == 'log_nc1'"
    ).iloc[0]
    verdict = str(row["verdict"])
    words = {"below zero": "falls", "above zero": "rises"}.get(verdict, verdict)
    title = nc1.get_title(loc="left")
    assert f"× {np.exp(0.1 * row['estimate']):.2f} [{np.exp(0.1 * row['ci_low']):.2f}" in title
    assert title.endswith(words)
    assert "×" not in accuracy.get_title(loc="left")
    assert decay.get_xscale() == "symlog"
    assert nc1.get_xscale() == "linear"


def test_an_arm_looks_as_everywhere_and_the_axis_names_the_dose(study, style):
    tables = study()
    _, _, penalty, decay = draw(tables, style).axes
    colors = {each.get_color() for each in penalty.lines}
    assert {tables.styles[arm].color for arm in DOSES} <= colors
    assert penalty.get_xlabel() == "NC1 penalty weight (dimensionless)"
    assert [text.get_text() for text in decay.get_xticklabels()] == ["0", "0.01", "0.1"]


def test_a_study_without_doses_says_so(study, style):
    figure = draw(study(arms=("random_init", "warm_start", "shrink_perturb")), style)
    assert all("no arms that differ in a single number" in ax.texts[0].get_text() for ax in figure.axes)


def test_an_arm_outside_all_series_does_not_stretch_the_axis(study, style):
    def far(frames):
        rows = frames["metrics"]
        rows.loc[rows["arm"].eq("shrink_perturb"), "nc1"] *= 100
        return frames

    before, after = (draw(tables, style).axes[0].get_ylim() for tables in (study(), study(edit=far)))
    assert before == pytest.approx(after)


@pytest.mark.parametrize("factor", [1.0, 30.0, 1e3])
def test_the_axis_of_nc1_has_ticks_at_any_span(study, style, factor):
    def spread(frames):
        rows = frames["metrics"]
        rows.loc[rows["arm"].eq("nc1_spread"), "nc1"] *= factor
        return frames

    ax = draw(study(edit=spread), style).axes[0]
    assert 3 <= len(ax.get_yticks()) <= 9
    assert "1" in [text.get_text() for text in ax.get_yticklabels()]
