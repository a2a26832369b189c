"""Sentences follow intervals: what includes zero is inconclusive, all else has a direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.config.component import Chosen
from plasticity.report.published.measures import Value
from plasticity.report.summary.words import (
    POINTS,
    factor,
    go_together,
    inconclusive,
    mirrored,
    moves,
    network_text,
    numbers,
    plain,
    seeds_text,
    side,
    sized,
    verdict_text,
    why_open,
)

NUMBERS = st.floats(-2, 2).map(lambda number: round(number, 3))
INTERVALS = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted)


def value(low, estimate, high, n_seeds=5, missing=""):
    return Value(estimate=estimate, low=low, high=high, n_seeds=n_seeds, missing=missing)


@given(INTERVALS)
def test_an_interval_that_holds_zero_leaves_both_directions_open(ends):
    found = value(*ends)
    held = ends[0] <= 0 <= ends[2]
    for sentence in (go_together(found), moves(found, "NC1", numbers(found))):
        assert ("no clear" in sentence) == held
        assert ("the interval includes zero" in sentence) == held
    assert (why_open(found) == "") == (not held)


@given(INTERVALS)
def test_the_opposite_value_says_the_opposite(ends):
    found = value(*ends)
    assert side(mirrored(found)) == -side(found)
    assert mirrored(mirrored(found)) == found
    swapped = {"are positively correlated": "are negatively correlated", "raises": "lowers"}
    for up, down in swapped.items():
        for this, other in ((found, mirrored(found)), (mirrored(found), found)):
            says = go_together if up.startswith("are") else lambda part: moves(part, "it", "")
            assert (up in says(this)) == (down in says(other))


@given(INTERVALS)
def test_a_factor_is_above_one_where_its_logarithm_is_above_zero(ends):
    found = factor(value(*ends))
    assert [found.low > 1, found.estimate > 1, found.high > 1] == [end > 0 for end in ends]
    assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Value(estimate=1.0, n_seeds=1), "one seed, no interval"),
        (Value(estimate=1.0, n_seeds=3), "no interval"),
        (Value(missing="2 points"), "undefined: 2 points"),
        (Value(missing="undefined for seed 7, 8, 9: 2 points"), "undefined: only 2 points per seed"),
        (Value(missing="undefined for seed 7, 8: constant nc4"), "undefined: constant nc4"),
        (Value(missing="undefined for seed 7: 2 points; 1 diverged"), "undefined for seed 7: 2 points; 1 diverged"),
        (Value(), "undefined"),
        (value(-1.0, 0.1, 1.0), "the interval includes zero"),
        (value(0.0, 0.1, 1.0), "the interval includes zero"),
        (value(0.1, 0.2, 1.0, missing="after correction"), "after correction"),
        (value(0.1, 0.2, 1.0), ""),
    ],
)
def test_what_decides_nothing_says_why(found, reason):
    assert why_open(found) == reason
    assert (side(found) == 0) == bool(reason)


def test_numbers_have_their_unit_their_interval_and_a_proper_minus():
    loss = value(-0.031, -0.0207, -0.011)
    assert numbers(loss, POINTS) == "−2.1 pp [−3.1, −1.1]"
    assert sized(loss, POINTS) == "2.1 pp [1.1, 3.1]"
    assert numbers(Value(estimate=0.5, n_seeds=1)) == "0.50"
    assert numbers(Value()) == "–"
    assert plain(-0.05) == "−0.05"
    assert numbers(Value(estimate=-0.001, n_seeds=1)) == "0.00"  # not −0.00


def test_a_network_is_told_without_values_of_python():
    model = Chosen(name="resnet18", **{"width": 64, "max_pool": False, "hidden": None, "layer_norm": True})
    assert network_text(model) == "resnet18, width 64, no max pool, layer norm"


def test_few_seeds_are_said_to_be_few():
    assert seeds_text(1) == "n = 1 seed"
    assert seeds_text(3) == "n = 3 seeds"
    assert seeds_text(2, left_out=1) == "n = 2 seeds, 1 left out as incomplete"


def test_an_open_sentence_says_why_unless_its_interval_does():
    assert inconclusive(value(-1.0, 0.1, 1.0)) == "Inconclusive"
    assert inconclusive(Value(estimate=1.0, n_seeds=1)) == "Inconclusive (one seed, no interval)"


def test_a_verdict_says_what_it_is_about():
    assert verdict_text("supports") == "this supports “collapse hurts plasticity”"
    assert verdict_text("contradicts") == "this speaks against “collapse hurts plasticity”"
    assert verdict_text("undecided") == "verdict on “collapse hurts plasticity”: undecided"


def test_undefined_numbers_are_no_direction():
    assert side(value(np.nan, np.nan, np.nan)) == 0
    assert "undefined" in go_together(value(np.nan, np.nan, np.nan))
