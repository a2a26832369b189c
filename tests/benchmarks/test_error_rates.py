"""A small version of the simulation of error rates: fixed generators, bounds that its number of studies allows."""

import error_rates
import numpy as np
import pytest
from error_rates import COVERAGE, LEVEL, outside
from rates import causes, intervals, published_correlations, published_numbers, sentences
from rates.tally import INTERVAL, Tally

SEEDS, STUDIES, TABLES = 5, 24, 2
RARE = 1e-4  # by chance, for each of about two hundred kinds
FAMILIES = {
    "published": 16,
    "published_correlations": 13,
    "published_shapes": 4,
    "published_orders": 2,
    "published_sign_changes": 2,
    "sentences": 7,
    "causes": 9,
    "mediation": 2,
    "explanations": 6,
    "agents": 3,
}
"""Kinds of verdicts in each family; each has two or three cases."""


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(causes, "TRUTH_STUDIES", 1)
        patch.setattr(intervals, "TRUTH_SEEDS", 1000)
        return {name: error_rates.simulate(SEEDS, STUDIES, TABLES, kinds=[name]) for name in error_rates.USUAL}


def verdicts(tally: Tally) -> dict[str, list[int]]:
    return {kind: counts for kind, counts in tally.counts.items() if not kind.startswith(INTERVAL)}


def test_every_kind_of_verdict_is_there(tallies: dict[str, Tally]) -> None:
    found = {name: {kind.rpartition(", ")[0] for kind in verdicts(tally)} for name, tally in tallies.items()}
    assert {name: len(kinds) for name, kinds in found.items() if kinds} == FAMILIES


def test_no_kind_of_verdict_is_wrong_more_often_than_said(tallies: dict[str, Tally]) -> None:
    found = {kind: counts for tally in tallies.values() for kind, counts in verdicts(tally).items()}
    too_often = {kind: wrong for kind, (number, _, wrong) in found.items() if outside(number, wrong, 0.0, LEVEL, RARE)}
    assert too_often == {}


def test_effects_are_decided(tallies: dict[str, Tally]) -> None:
    decided = {kind: tally.decided(kind) for tally in tallies.values() for kind in verdicts(tally)}
    for kind in ("sentence: NC1 and accuracy in both phases", "causes of warm starts: dose_response"):
        assert decided[f"{kind}, published effects"] > 0.5
    assert decided["explanations: gain across_arms, published effects"] == 1
    assert decided["published accuracy: SD of 5 seeds, four margins apart"] > 0.8


def test_intervals_hold_the_truth(tallies: dict[str, Tally]) -> None:
    """Some are too wide (docs/statistics.md); none is too narrow."""
    found = {kind: counts for tally in tallies.values() for kind, counts in tally.counts.items()}
    held = {kind: (n, n - missed) for kind, (n, _, missed) in found.items() if kind.startswith(INTERVAL) and n}
    assert len(held) > 100
    assert {kind: counts for kind, counts in held.items() if outside(*counts, COVERAGE[0], 1.0, RARE)} == {}
    number, holding = (sum(counts[place] for counts in held.values()) for place in (0, 1))
    assert COVERAGE[0] < holding / number < COVERAGE[1]


def test_a_share_beyond_chance_is_bold() -> None:
    tally = Tally()
    for kind, wrong in (("usual", 5), ("wrong", 30)):
        for study in range(100):
            tally.add(f"{kind}, no effect", decided=True, wrong=study < wrong)
    tally.intervals("narrow", np.array([[-1.0] * 80 + [1.0] * 20, [2.0] * 100]), 0.0)
    lines = error_rates.as_markdown({3: tally}).splitlines()
    assert "| usual | 5.0, –, – |" in lines
    assert "| wrong | **30.0**, –, – |" in lines
    assert "| narrow | **80.0** |" in lines


def test_two_seeds_decide_nothing() -> None:
    tally, random = Tally(), np.random.default_rng(1)
    for kind in (
        published_numbers.of_numbers,
        published_correlations.of_runs,
        sentences.of_correlations,
        sentences.of_means,
        sentences.of_weight_decays,
    ):
        kind(random, 2, 3, tally)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(causes, "TRUTH_STUDIES", 1)
        causes.of_tables(random, 2, 1, tally)
    assert {kind for kind, counts in verdicts(tally).items() if counts[1]} == set()
