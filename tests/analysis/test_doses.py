import numpy as np
import pandas as pd
import pytest

from plasticity.analysis.doses import CausalDesign, Series, dose_response, treated
from plasticity.analysis.inference import Level
from plasticity.analysis.published_effects import Effect
from plasticity.analysis.transitions import Transitions
from simulated_transitions import SHIFTS, simulated

LEVEL = Level(confidence=0.95)
DOSES = {"spread": -0.05, "control": 0.0, "collapse": 0.05}
DESIGN = CausalDesign("control", ("collapse", "spread"), (Series("penalty weight", DOSES),), ("seed", "length"))


def _rows(transitions: Transitions, design: CausalDesign = DESIGN, published: dict | None = None) -> dict:
    rows = dose_response(transitions, design, LEVEL, published or {})
    return {(row["quantity"], row["treatment"], row["outcome"]): row for row in rows}


def test_a_slope_is_that_of_a_fit_with_a_level_per_pair() -> None:
    transitions = simulated(np.random.default_rng(1), through=0.03)
    rows = transitions.rows
    dose = np.array([DOSES[arm] for arm in rows["arm"]])
    pairs = pd.get_dummies(rows["seed"].astype(str) + "/" + rows["length"].astype(str)).to_numpy(float)
    design = np.column_stack([dose, pairs])
    found = _rows(transitions)
    for outcome, column in (("log_nc1", "log_nc1"), ("accuracy", "outcome")):
        slope = np.linalg.lstsq(design, rows[column].to_numpy(float), rcond=None)[0][0]
        assert found["slope", "penalty weight", outcome]["estimate"] == pytest.approx(slope)


def test_a_known_response_is_found_and_expected_by_what_happens_to_nc1() -> None:
    found = _rows(simulated(np.random.default_rng(2), seeds=6, through=0.03))
    moved, learnt = (found["slope", "penalty weight", outcome] for outcome in ("log_nc1", "accuracy"))
    assert moved["ci_low"] < -20 < moved["ci_high"] < 0  # a dose of 0.05 takes 1 off ln NC1
    assert learnt["ci_low"] < -0.6 < learnt["ci_high"] < 0
    assert learnt["expected_sign"] == -1
    assert found["contrast", "spread", "accuracy"]["expected_sign"] == 1
    assert found["contrast", "collapse", "accuracy"]["expected_sign"] == -1
    assert np.isnan(moved["expected_sign"])


def test_a_contrast_is_the_mean_of_paired_differences_and_has_their_t_interval() -> None:
    transitions = simulated(np.random.default_rng(3))
    wide = transitions.rows.pivot(index=["seed", "length"], columns="arm", values="outcome")
    changes = (wide["spread"] - wide["control"]).to_numpy(float)
    of_seeds = changes.reshape(4, 4).mean(axis=1)  # seeds, lengths
    row = _rows(transitions)["contrast", "spread", "accuracy"]
    half = 3.182446 * of_seeds.std(ddof=1) / 2  # t of three degrees of freedom
    assert row["estimate"] == pytest.approx(of_seeds.mean())
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((of_seeds.mean() - half, of_seeds.mean() + half), rel=1e-5)
    assert (row["series"], row["dose"], row["n_points"]) == ("penalty weight", -0.05, 16)


def test_nothing_is_expected_where_the_dose_is_the_length_itself() -> None:
    design = CausalDesign("control", DESIGN.treatments, DESIGN.series, ("seed",))
    rows = simulated(np.random.default_rng(4), seeds=6, through=0.03).rows
    one = Transitions(rows.loc[rows["length"] == 4], "second_task", 2, 2)
    assert all(np.isnan(row["expected_sign"]) for row in _rows(one, design).values())


def test_doses_far_apart_are_taken_as_logarithms() -> None:
    series = Series("epochs", {"control": 1.0, "spread": 5.0, "collapse": 10.0})
    assert series.logarithmic
    assert not Series("decay", {"control": 0.0, "spread": 1.0, "collapse": 10.0}).logarithmic
    assert not Series("few", {"control": 1.0, "spread": 2.0}).logarithmic
    np.testing.assert_allclose(series.scaled(["collapse", "control"]), [np.log(10), 0])
    design = CausalDesign("control", DESIGN.treatments, (series,), DESIGN.pairs)
    row = _rows(simulated(np.random.default_rng(5)), design)["slope", "epochs", "accuracy"]
    assert row["unit"] == "fraction per ln epochs"
    assert (row["dose_low"], row["dose_high"]) == (1.0, 10.0)


def test_an_arm_that_is_the_control_again_has_no_rows() -> None:
    transitions = simulated(np.random.default_rng(6))
    again = transitions.rows.loc[transitions.rows["arm"] == "control"].assign(arm="again")
    both = Transitions(pd.concat([transitions.rows, again], ignore_index=True), "all", 4, 32)
    design = CausalDesign("control", ("again", "spread"), (), DESIGN.pairs)
    assert {treatment for _, treatment, _ in _rows(both, design)} == {"spread"}
    assert treated(both, design, ["again"]).empty


def test_published_sizes_stand_beside_contrasts_of_accuracy() -> None:
    found = _rows(simulated(np.random.default_rng(7)), published={("contrast", "spread"): Effect(size=0.006)})
    assert found["contrast", "spread", "accuracy"]["published"] == 0.006
    assert np.isnan(found["contrast", "spread", "log_nc1"]["published"])
    assert set(SHIFTS) == set(DOSES)


def test_a_seed_whose_treated_networks_all_diverged_is_no_observation_of_a_slope() -> None:
    rows = simulated(np.random.default_rng(9), seeds=5, through=0.03).rows
    rows = rows.loc[(rows["arm"] == "control") | (rows["seed"] < 3)]
    found = _rows(Transitions(rows, "all", 4, 32))["slope", "penalty weight", "accuracy"]
    expected = _rows(Transitions(rows.loc[rows["seed"] < 3], "all", 4, 32))["slope", "penalty weight", "accuracy"]
    assert found["n_seeds"] == 3
    for name in ("estimate", "ci_low", "ci_high", "p_value"):
        assert found[name] == pytest.approx(expected[name])
