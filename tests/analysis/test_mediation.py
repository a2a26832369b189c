import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from plasticity.analysis.doses import CausalDesign, Series
from plasticity.analysis.inference import Level
from plasticity.analysis.mediation import mediation
from plasticity.analysis.transitions import Transitions, paired
from simulated_transitions import simulated

LEVEL = Level(confidence=0.95)
DOSES = {"spread": -0.05, "control": 0.0, "collapse": 0.05}
DESIGN = CausalDesign("control", ("collapse", "spread"), (Series("penalty weight", DOSES),), ("seed", "length"))
SPREAD = CausalDesign("control", ("spread",), (), DESIGN.pairs)


def _rows(transitions: Transitions, treatment: str = "spread", design: CausalDesign = DESIGN) -> dict:
    return {row["quantity"]: row for row in mediation(transitions, design, LEVEL) if row["treatment"] == treatment}


def test_the_paths_are_those_of_two_regressions() -> None:
    """The slow oracle: Δ accuracy on a level per length and Δ ln NC1, by statsmodels."""
    transitions = simulated(np.random.default_rng(1), through=0.03, direct=0.01)
    pairs = paired(transitions, "control", ["spread"], DESIGN.pairs)
    levels = pd.get_dummies(pairs["length"]).to_numpy(float)
    design = np.column_stack([pairs["mediator_change"], levels])
    slope = OLS(pairs["outcome_change"].to_numpy(), design).fit().params[0]
    indirect = slope * pairs["mediator_change"].mean()
    found = _rows(transitions)
    assert found["mediator_slope"]["estimate"] == pytest.approx(slope)
    assert found["indirect"]["estimate"] == pytest.approx(indirect)
    assert found["direct"]["estimate"] == pytest.approx(pairs["outcome_change"].mean() - indirect)


def test_direct_and_indirect_effect_add_up_to_the_contrast() -> None:
    transitions = simulated(np.random.default_rng(2), through=0.02, direct=0.03)
    pairs = paired(transitions, "control", ["collapse"], DESIGN.pairs)
    found = _rows(transitions, "collapse")
    total = found["direct"]["estimate"] + found["indirect"]["estimate"]
    assert total == pytest.approx(pairs["outcome_change"].mean())


@pytest.mark.parametrize(("through", "direct"), [(0.03, 0.0), (0.0, 0.03), (0.02, -0.02)])
def test_known_effects_are_recovered(through: float, direct: float) -> None:
    random, covered = np.random.default_rng(3), {"indirect": 0, "direct": 0}
    estimates = []
    for _ in range(20):
        found = _rows(simulated(random, seeds=6, through=through, direct=direct), design=SPREAD)
        estimates.append((found["indirect"]["estimate"], found["direct"]["estimate"]))
        for path, truth in (("indirect", through), ("direct", direct)):  # the arm adds 1 to ln NC1
            covered[path] += found[path]["ci_low"] <= truth <= found[path]["ci_high"]
    np.testing.assert_allclose(np.mean(estimates, axis=0), (through, direct), atol=0.002)
    assert min(covered.values()) >= 17


def test_length_cannot_make_an_indirect_effect() -> None:
    """NC1 falls and accuracy falls with length, in all arms alike; the arm moves NC1 and nothing else."""
    found = _rows(simulated(np.random.default_rng(4), seeds=6, by_length=-0.05, noise=0.002))
    assert found["indirect"]["ci_low"] < 0 < found["indirect"]["ci_high"]
    assert abs(found["indirect"]["estimate"]) < 0.005


def test_an_unseen_cause_of_both_makes_one_that_is_not_there() -> None:
    """What the assumption is for: without an effect of NC1, a hidden quantity gives 0.01/0.3 per ln NC1."""
    found = _rows(simulated(np.random.default_rng(5), seeds=8, hidden=0.01, noise=0.001))
    assert found["mediator_slope"]["estimate"] == pytest.approx(0.01 / 0.3, rel=0.1)
    assert found["indirect"]["ci_low"] > 0
    assert found["rho_at_zero"]["estimate"] > 0.9


def test_the_sensitivity_is_the_correlation_of_the_errors_and_is_not_tested() -> None:
    transitions = simulated(np.random.default_rng(6), through=0.02)
    pairs = paired(transitions, "control", ["spread"], DESIGN.pairs)
    changes = pairs.groupby("length")[["mediator_change", "outcome_change"]]
    rest = pairs[["mediator_change", "outcome_change"]] - changes.transform("mean")
    row = _rows(transitions)["rho_at_zero"]
    assert row["estimate"] == pytest.approx(np.corrcoef(rest.to_numpy().T)[0, 1])
    assert np.isnan(row["p_value"])


def test_a_dose_series_takes_its_paths_per_unit_of_dose() -> None:
    found = _rows(simulated(np.random.default_rng(7), seeds=8, through=0.03, direct=0.01), "penalty weight")
    assert found["indirect"]["estimate"] == pytest.approx(-0.6, rel=0.2)  # −1 ln NC1 per 0.05, 0.03 per ln NC1
    assert found["direct"]["estimate"] == pytest.approx(-0.2, abs=0.12)
    assert found["indirect"]["unit"] == "fraction per penalty weight"
    assert found["indirect"]["n_points"] == 2 * 8 * 4


def test_too_few_pairs_are_said_to_be() -> None:
    rows = simulated(np.random.default_rng(8), seeds=2).rows
    one = Transitions(rows.loc[rows["length"] == 4], "second_task", 2, 2)
    row = _rows(one)["indirect"]
    assert np.isnan(row["estimate"])
    assert row["note"] == "2 pairs leave 1"


def test_pairs_alone_in_an_arm_and_a_length_are_left_out() -> None:
    rows = simulated(np.random.default_rng(8), seeds=5, through=0.03).rows
    rows.loc[rows["seed"] == 4, "length"] *= 100  # lengths of its own
    found = _rows(Transitions(rows, "all", 4, 3200))
    alone = _rows(Transitions(rows.loc[rows["seed"] != 4], "all", 4, 32))
    for path, row in found.items():
        assert row["n_seeds"] == 4
        for name in ("estimate", "ci_low", "ci_high"):
            assert row[name] == pytest.approx(alone[path][name])


def test_a_pair_per_seed_gives_the_classical_regression() -> None:
    """The oracle: slope and intercept of a line through as many pairs as seeds, by statsmodels."""
    rows = simulated(np.random.default_rng(9), seeds=6, through=0.03).rows
    transitions = Transitions(rows.loc[rows["length"] == 4], "second_task", 2, 2)
    pairs = paired(transitions, "control", ["spread"], DESIGN.pairs)
    moved = pairs["mediator_change"].to_numpy()
    fit = OLS(pairs["outcome_change"].to_numpy(), np.column_stack([np.ones(6), moved])).fit()
    found = _rows(transitions)
    for place, path in enumerate(("direct", "mediator_slope")):
        ends = [found[path][name] for name in ("ci_low", "ci_high")]
        np.testing.assert_allclose(ends, fit.conf_int(0.05)[place])
        assert found[path]["p_value"] == pytest.approx(fit.pvalues[place])
    assert fit.pvalues[1] < found["indirect"]["p_value"] < 0.2  # as uncertain as both of its factors
