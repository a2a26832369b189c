"""How often the verdicts are wrong, and how often they decide: simulated studies through the code of the workflow.

    python benchmarks/error_rates.py                                  # all kinds at 3, 5, 6 and 10 seeds
    python benchmarks/error_rates.py --kinds causes --tables 400       # one family alone, of more studies
    python benchmarks/error_rates.py --studies 200 --tables 60         # fewer studies, less certain

For each kind of verdict and number of seeds it prints the share of studies that decide anything of it wrongly (a
direction where there is none, or the opposite one; equality of numbers that are a margin apart; a difference of equal
ones), and the share that decide. For each kind of interval it prints how often the interval holds the truth. A share
that chance does not explain stands in bold: a rate of wrong verdicts above 5 %, a coverage outside 93 to 98 %, by
binomial tests that together are wrong with a probability of 5 % (Bonferroni).

The studies are those of `simulated`, the kinds those of `rates`. The tables stand in docs/statistics.md;
tests/benchmarks/test_error_rates.py runs a small version.
"""

import argparse
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rates import (
    causes,
    explanations,
    falsification,
    intervals,
    mediation,
    published_correlations,
    published_joint,
    published_numbers,
    published_shapes,
    sentences,
)
from rates.published_numbers import APART
from rates.tally import INTERVAL, Tally
from scipy.special import bdtr, bdtrc
from simulated import EFFECTS, SEEDS

LEVEL = 0.05
COVERAGE = (0.93, 0.98)
Kind = Callable[[np.random.Generator, int, int, Tally], None]


@dataclass(frozen=True)
class Family:
    """Kinds that can be simulated alone; whole tables are slow, and there are fewer of them than of studies.

    One that is not `usual` is simulated only if it is asked for.
    """

    kinds: tuple[Kind, ...]
    whole_tables: bool = False
    times: int = 1
    usual: bool = True


FAMILIES: Mapping[str, Family] = {
    "published": Family((published_numbers.of_numbers,)),
    "published_correlations": Family(
        (published_correlations.of_means, published_correlations.of_averaged, published_correlations.of_runs)
    ),
    "published_shapes": Family((published_shapes.of_associations, published_shapes.of_onsets)),
    "published_orders": Family((published_joint.of_orders,)),
    "published_sign_changes": Family((published_joint.of_sign_changes,), whole_tables=True),
    "sentences": Family((sentences.of_correlations, sentences.of_means, sentences.of_weight_decays)),
    "causes": Family((causes.of_tables,), whole_tables=True),
    "mediation": Family((mediation.of_sequences, mediation.of_warm_starts), whole_tables=True),
    "explanations": Family((explanations.of_tables,), whole_tables=True),
    "explanations_across": Family((explanations.of_tables_across,), whole_tables=True, usual=False),
    "agents": Family((falsification.of_slopes,), whole_tables=True),
    "intervals": Family((intervals.over_series, intervals.across_runs), times=5),
}
USUAL = tuple(name for name, family in FAMILIES.items() if family.usual)


def simulate(seeds: int, studies: int, tables: int, *, kinds: Sequence[str] = USUAL, key: int = 0) -> Tally:
    """Return the counts of all kinds for studies of so many seeds.

    Args:
        seeds: Seeds per study.
        studies: Studies; of intervals, which are fast, five times as many.
        tables: Whole tables, which are slow.
        kinds: Keys of `FAMILIES`; each has a generator of its own, so that others do not change its numbers.
        key: Of the generators.
    """
    tally = Tally()
    for name in kinds:
        family, random = FAMILIES[name], np.random.default_rng([key, seeds, zlib.crc32(name.encode())])
        for kind in family.kinds:
            kind(random, seeds, tables if family.whole_tables else family.times * studies, tally)
    return tally


def as_markdown(tallies: Mapping[int, Tally]) -> str:
    """Return three Markdown tables: verdicts of equality, verdicts of directions, and intervals."""
    names = list(next(iter(tallies.values())).counts)
    verdicts = [name for name in names if not name.startswith(INTERVAL)]
    cases = {"equality": tuple(APART.values()), "direction": tuple(EFFECTS.values())}
    heads = {
        "equality": "wrong if equal, wrong if a margin apart, decided if four apart",
        "direction": "wrong without an effect, wrong with one, decided with one",
    }
    tests = len(names) * len(tallies)
    parts = []
    for case, words in cases.items():
        bases = dict.fromkeys(each.rpartition(", ")[0] for each in verdicts if each.rpartition(", ")[2] in words)
        rows = [(base, [_verdicts(tally, base, words, tests) for tally in tallies.values()]) for base in bases]
        parts.append(_table(f"{case}: {heads[case]}, %", tallies, rows))
    rows = [
        (name.removeprefix(INTERVAL), [_coverage(tally.counts[name], tests) for tally in tallies.values()])
        for name in names
        if name.startswith(INTERVAL)
    ]
    parts.append(_table("interval: holds the truth, %", tallies, rows))
    return "\n\n".join(part for part in parts if part)


def _table(head: str, tallies: Mapping[int, Tally], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    if not rows:
        return ""
    lines = [f"| {head} | {' | '.join(f'n = {seeds}' for seeds in tallies)} |", "|---" * (len(tallies) + 1) + "|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)])


def _verdicts(tally: Tally, base: str, words: Sequence[str], tests: int) -> str:
    """Return the shares that are wrong in the first two cases, and that decide in the last."""
    kinds = [f"{base}, {word}" for word in words]
    shown = [_wrong(tally.counts[kind], tests) if kind in tally.counts else "–" for kind in kinds[:2]]
    return ", ".join([*shown, f"{100 * tally.decided(kinds[-1]):.0f}" if kinds[-1] in tally.counts else "–"])


def _wrong(counts: Sequence[int], tests: int) -> str:
    return _bold(counts, 0.0, LEVEL, tests)


def _coverage(counts: Sequence[int], tests: int) -> str:
    number, _, missed = counts
    return _bold((number, 0, number - missed), *COVERAGE, tests) if number else "–"


def _bold(counts: Sequence[int], least: float, most: float, tests: int) -> str:
    """Return a share in %, bold if it lies beyond the limits by more than chance does in one of so many tests."""
    number, _, count = counts
    text = f"{100 * count / number:.1f}"
    return f"**{text}**" if outside(number, count, least, most, LEVEL / tests) else text


def outside(number: int, count: int, least: float, most: float, level: float) -> bool:
    """Say whether a rate is below `least` or above `most`, by a binomial test at this level."""
    below = bdtr(count, number, least) if least > 0 else 1.0
    above = bdtrc(count - 1, number, most) if count else 1.0
    return bool(min(below, above) < level)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Error rates of the verdicts, by simulation.")
    parser.add_argument("--kinds", nargs="*", choices=FAMILIES, default=list(USUAL), help="families to simulate")
    parser.add_argument("--studies", type=int, default=400, help="simulated studies per number of seeds")
    parser.add_argument("--tables", type=int, default=200, help="whole tables of them")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS), help="seeds per study")
    given = parser.parse_args()
    print(as_markdown({n: simulate(n, given.studies, given.tables, kinds=given.kinds) for n in given.seeds}))


if __name__ == "__main__":
    main()
