"""A small version of the simulation of error rates: fixed generator, bounds that its number of studies allows."""

import sys

import numpy as np
import pytest

from checkouts import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import error_rates

SEEDS, STUDIES, TABLES = 5, 24, 4
# Of 24 studies at a rate of 5 %, more than 5 are wrong once in a thousand times; of 4, more than 2 once in 2,000.
MOST = {24: 5, 4: 2, 1: 1}


@pytest.fixture(scope="module")
def tally() -> error_rates.Tally:
    return error_rates.simulate(SEEDS, STUDIES, TABLES)


def test_no_kind_of_verdict_is_wrong_more_often_than_said(tally: error_rates.Tally) -> None:
    verdicts = {kind: counts for kind, counts in tally.counts.items() if not kind.startswith("interval")}
    assert len(verdicts) > 25
    too_often = {kind: wrong for kind, (number, _, wrong) in verdicts.items() if wrong > MOST[number]}
    assert too_often == {}


def test_effects_are_decided(tally: error_rates.Tally) -> None:
    for kind in ("sentence: NC1 and accuracy in both phases", "causes: dose_response", "causes: beyond_length"):
        assert tally.decided(f"{kind}, published effects") > 0.5
    assert tally.decided("explanations: a gain across_arms, published effects") == 1
    assert tally.decided("published number with its spread, four margins apart") > 0.8


def test_intervals_hold_the_truth(tally: error_rates.Tally) -> None:
    """Of 120 intervals at 92.5 % coverage, fewer than 100 hold it once in a thousand times."""
    intervals = {kind: counts for kind, counts in tally.counts.items() if kind.startswith("interval")}
    assert {kind: wrong for kind, (number, _, wrong) in intervals.items() if wrong > 20 * number / 120 + 1} == {}
    number, wrong = (sum(counts[place] for counts in intervals.values()) for place in (0, 2))
    assert 0.93 < 1 - wrong / number < 0.98


def test_two_seeds_decide_nothing() -> None:
    tally = error_rates.Tally()
    for _ in range(3):
        error_rates.published(np.random.default_rng(1), 2, tally)
        error_rates.beside_train_variance(np.random.default_rng(1), 2, tally)
    for effect in (False, True):
        error_rates.sentences(np.random.default_rng(1), 2, tally, effect=effect)
        error_rates.causes(np.random.default_rng(1), 2, tally, effect=effect)
    assert {kind for kind, counts in tally.counts.items() if counts[1]} == set()
