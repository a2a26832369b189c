"""How often the verdicts are wrong, and how often they decide: simulated studies through the code of the workflow.

    python benchmarks/error_rates.py                           # at 3, 5, 6 and 10 seeds; about 20 minutes of one core
    python benchmarks/error_rates.py --studies 100 --tables 40  # fewer studies, less certain

For each kind of verdict and number of seeds it prints the share of studies that decide anything of it wrongly (a
direction where there is no effect, or the opposite one; equality of numbers that are a margin apart; a difference of
equal ones), and the share that decide. For each kind of interval it prints how often the interval holds the truth: the
mean over many seeds, for means over n seeds that of many studies of n seeds. The studies are those of
`simulated_studies.py`. The table stands in docs/statistics.md; tests/benchmarks/test_error_rates.py runs a small
version.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from simulated_studies import SEEDS, SPREAD, TRIAL, checkpoints, methods_table, task_table, tasks, warm_start_table

from plasticity.analysis.correlation import METHODS, coefficients, points_of
from plasticity.analysis.jackknife import averaged_interval, fisher_z, mean_interval, pooled_interval
from plasticity.analysis.prediction import SCOPES
from plasticity.config.analysis_section import ContinualAnalysis, WarmStartAnalysis, WarmStartCausesSettings
from plasticity.config.slices import ExplainSettings
from plasticity.report.published.claims import Claim
from plasticity.report.published.measures import RunTables, measured
from plasticity.report.published.published_verdict import AGREES, DIFFERS, verdict
from plasticity.report.summary.finding import correlation, mean_over_seeds, together
from plasticity.report.summary.words import side
from plasticity.studies.continual.correlate import correlations_of as correlate_tasks
from plasticity.studies.continual.explain import explanations_of
from plasticity.studies.train_test_collapse import agreement
from plasticity.studies.warm_start.causes import causes_of
from plasticity.studies.warm_start.correlate import correlations_of

CONFIDENCE = 0.95
ANALYSIS = WarmStartAnalysis(confidence=CONFIDENCE, phase_boundary=24, window=24)
CAUSES = WarmStartCausesSettings.of({"confidence": CONFIDENCE, "phase_boundary": 24, **TRIAL})
EFFECTS = {False: "no effect", True: "published effects"}
_DIRECTIONS = {"supports", "contradicts", "above zero", "below zero"}
_MARGIN = 0.01
_TRUTH_SEEDS = 4000


@dataclass
class Tally:
    """Counts by kind: studies, those that decide, those that decide wrongly; for intervals, all and those that hold."""

    counts: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kind: str, *, decided: bool, wrong: bool) -> None:
        """Count one study."""
        self.add_many(kind, 1, int(decided), int(wrong))

    def add_many(self, kind: str, number: int, decided: int, wrong: int) -> None:
        """Count many studies at once."""
        found = self.counts.setdefault(kind, [0, 0, 0])
        for place, count in enumerate((number, decided, wrong)):
            found[place] += count

    def decided(self, kind: str) -> float:
        """Return the share that decides."""
        return self.counts[kind][1] / self.counts[kind][0]

    def wrong(self, kind: str) -> float:
        """Return the share that decides wrongly, or that does not hold the truth."""
        return self.counts[kind][2] / self.counts[kind][0] if self.counts[kind][0] else np.nan


def causes(random: np.random.Generator, seeds: int, tally: Tally, *, effect: bool, mixed: bool = False) -> None:
    """Count verdicts of the table of causes; a question is decided if any of its rows is, wrongly if any is."""
    name = EFFECTS[effect]
    table = causes_of(warm_start_table(random, seeds, effect=effect), CAUSES, mixed=mixed)
    table = table.loc[table["outcome"].eq("accuracy") & table["question"].ne("power")]
    for question, rows in table.groupby("question"):
        decided = bool(rows["verdict"].isin(_DIRECTIONS).any())
        tally.add(f"causes: {question}, {name}", decided=decided, wrong=decided and not effect)
    answer = table.loc[table["note"].str.startswith("declared beforehand"), "verdict"]
    decided = bool(answer.isin(_DIRECTIONS).any())
    tally.add(f"causes: the declared answer, {name}", decided=decided, wrong=decided and not effect)
    if effect:
        smaller = bool(table["verdict"].eq("smaller than published").any())
        tally.add(f"causes: smaller than published, {name}", decided=smaller, wrong=smaller)


def sentences(random: np.random.Generator, seeds: int, tally: Tally, *, effect: bool) -> None:
    """Count the directions that sentences of the summary say."""
    name = EFFECTS[effect]
    metrics = warm_start_table(random, seeds, effect=effect)
    metrics = metrics.loc[metrics["arm"].eq("warm_start")]
    table = correlations_of(metrics, ANALYSIS, ["nc1"])
    chosen = table.loc[table["arm"].eq("warm_start") & table["metric"].eq("nc1") & table["aggregate"].eq("mean")]
    chosen = chosen.loc[chosen["method"].eq("pearson") & chosen["window_kind"].isin(["first_phase", "second_phase"])]
    _count_sentence(chosen, f"sentence: NC1 and accuracy in both phases, {name}", 1 if effect else 0, tally)
    settings = ContinualAnalysis(confidence=CONFIDENCE, outcomes=("online_accuracy",))
    table = correlate_tasks(task_table(random, seeds, effect=effect), settings, ["nc1"])
    chosen = table.loc[table["arm"].eq("continual") & table["metric"].eq("nc1") & table["method"].eq("pearson")]
    chosen = chosen.loc[chosen["aggregate"].isin(["averaged", "mean"])]
    _count_sentence(chosen, f"sentence: NC1 and accuracy over tasks, {name}", -1 if effect else 0, tally)
    gap = mean_over_seeds(pd.Series(0.036 * effect + 0.012 * random.normal(size=seeds)), CONFIDENCE)
    wrong = side(gap) < 0 if effect else side(gap) != 0
    tally.add(f"sentence: mean over seeds, {name}", decided=side(gap) != 0, wrong=wrong)


def _count_sentence(rows: pd.DataFrame, kind: str, truth: int, tally: Tally) -> None:
    said = [side(value) for value in together([correlation(row) for row in rows.to_dict("records")], CONFIDENCE)]
    tally.add(kind, decided=any(said), wrong=any(each not in (0, truth) for each in said))


def beside_train_variance(random: np.random.Generator, seeds: int, tally: Tally) -> None:
    """Count rank correlations over four weight decays, as few as the train-test study has, of unrelated numbers."""
    ranks = random.permuted(np.tile(np.arange(4.0), (3, seeds, 1)), axis=2)
    points = points_of("spearman", np.arange(4.0), ranks[:2], ranks[2])
    found = coefficients(points).value
    ends = mean_interval(found, CONFIDENCE)
    columns = {"estimate": found.mean(axis=1), "ci_low": ends[0], "ci_high": ends[1]}
    rows = pd.DataFrame(columns).assign(n_seeds=seeds, note="").to_dict("records")
    said = agreement.verdict(*together([correlation(row) for row in rows], CONFIDENCE))
    decided = not said.startswith("undecided")
    tally.add("page: NC1 beside train variance, no effect", decided=decided, wrong=decided)


def published(random: np.random.Generator, seeds: int, tally: Tally) -> None:
    """Count verdicts on published numbers and shapes: equal ones, ones a margin apart, and ones four margins apart."""
    theirs = 0.58 + SPREAD * random.normal(size=5)
    forms = {
        "number with its spread": {"value": theirs.mean(), "sd": float(theirs.std(ddof=1)), "n": 5},
        "number of 5 seeds without a spread": {"value": theirs.mean(), "n": 5},
        "number of one run": {"value": theirs[0], "n": 1},
        "shape: zero": {"shape": "zero"},
        "shape: positive": {"shape": "positive"},
    }
    claim = Claim(
        name="", source="", basis="text", quantity="", unit="fraction", measure=_LEVEL, kind="accuracy", margin=_MARGIN
    )
    for form, given in forms.items():
        for apart, name in ((0.0, "equal"), (_MARGIN, "a margin apart"), (4 * _MARGIN, "four margins apart")):
            centre = 0.0 if "shape" in given else 0.58
            values = centre + apart + SPREAD * random.normal(size=seeds)
            said = verdict(replace(claim, **given), measured(_LEVEL, _run(values)), CONFIDENCE)[0]
            decided = said in (AGREES, DIFFERS)
            wrong = {0.0: decided if given.get("shape") == "positive" else said == DIFFERS}.get(apart, said == AGREES)
            wrong = said == DIFFERS if given.get("shape") == "positive" and apart else wrong
            tally.add(f"published {form}, {name}", decided=decided, wrong=bool(wrong))


_LEVEL = {"of": "level", "column": "accuracy", "arm": "a", "at": "last"}


def _run(values: np.ndarray) -> RunTables:
    rows = pd.DataFrame({"arm": "a", "seed": np.arange(values.size), "task": 1, "accuracy": values})
    return RunTables(rows, pd.DataFrame(), "task", CONFIDENCE)


def explained(random: np.random.Generator, seeds: int, tally: Tally, *, effect: bool) -> None:
    """Count gains over the task's number, after Holm's correction; of four quantities one makes the loss, or none."""
    table = explanations_of(methods_table(random, seeds, effect=effect), _QUANTITIES, _EXPLAIN)
    table = table.loc[table["gain"].gt(0) & table["p_adjusted"].lt(1 - CONFIDENCE)]
    makes = table["quantity"].eq(_QUANTITIES[0]) & effect
    for scope in SCOPES:
        here = table["scope"].eq(scope)
        decided, wrong = bool((here & makes).any()) if effect else bool(here.any()), bool((here & ~makes).any())
        tally.add(f"explanations: a gain {scope}, {EFFECTS[effect]}", decided=decided, wrong=wrong)


_QUANTITIES = ["weight_norm", "nc1", "effective_rank", "dead_units"]
_EXPLAIN = ExplainSettings(confidence=CONFIDENCE, losses=("plasticity_gap",), references=())


def intervals(random: np.random.Generator, seeds: int, studies: int, tally: Tally) -> None:
    """Count intervals of the table of correlations that do not hold the truth, every method and aggregate."""
    for kind, series in (("checkpoints", checkpoints), ("tasks", tasks)):
        for effect, name in EFFECTS.items():
            x, y = series(random, (studies, seeds), effect=effect)
            for method in METHODS:
                for aggregate, held, number in _held(random, series, (x, y), method, effect=effect):
                    label = f"interval: {aggregate} {method} over {kind}, {name}"
                    tally.add_many(label, number, number, number - held)


def _held(
    random: np.random.Generator, series: Any, study: tuple[np.ndarray, np.ndarray], method: str, *, effect: bool
) -> Iterator[tuple[str, int, int]]:
    """Yield aggregate, intervals that hold the truth, and intervals."""
    times = np.arange(1.0, study[0].shape[-1] + 1)
    points = points_of(method, times, *study)
    many = points_of(method, times, *series(random, (1, _TRUTH_SEEDS), effect=effect))
    per_seed = coefficients(points).value
    means = coefficients(points.averaged(np.ones((1, study[0].shape[1])))).value[:, 0]
    found = {"mean": (mean_interval(per_seed, CONFIDENCE), float(np.mean(coefficients(many).value)))}
    if series is tasks:  # the table of the warm-start study has no averaged series
        found["averaged"] = (averaged_interval(points, CONFIDENCE), float(np.tanh(np.mean(fisher_z(means)))))
    if method != "spearman" or len(times) < 10:  # ranks of all points of many seeds take long
        some = points_of(
            method, times, *series(random, (1, 300 if method == "spearman" else _TRUTH_SEEDS), effect=effect)
        )
        found["pooled"] = (pooled_interval(points, CONFIDENCE), float(coefficients(some.pooled()).value[0]))
    for aggregate, ((low, high), truth) in found.items():
        known = np.isfinite(low)
        yield aggregate, int(((low <= truth) & (truth <= high) & known).sum()), int(known.sum())


def simulate(seeds: int, studies: int, tables: int, *, key: int = 0, mixed: bool = False) -> Tally:
    """Return the counts of all kinds for studies of so many seeds.

    Args:
        seeds: Seeds per study.
        studies: Studies; of intervals, which are fast, five times as many.
        tables: Whole tables without an effect, which are slow; with the published effects, an eighth of them, at least
            one.
        key: Of the generator.
        mixed: With the mixed-effects regressions of the table of causes, which are slower by far.
    """
    random, tally = np.random.default_rng([key, seeds]), Tally()
    for _ in range(studies):
        published(random, seeds, tally)
        beside_train_variance(random, seeds, tally)
    for effect, number in ((False, tables), (True, max(1, tables // 8))):
        for _ in range(number):
            sentences(random, seeds, tally, effect=effect)
            causes(random, seeds, tally, effect=effect, mixed=mixed)
    intervals(random, seeds, 5 * studies, tally)
    random = np.random.default_rng([key, seeds, 1])  # on its own: the studies above are those of earlier versions
    for effect, number in ((False, tables), (True, max(1, tables // 8))):
        for _ in range(number):
            explained(random, seeds, tally, effect=effect)
    return tally


def as_markdown(tallies: dict[int, Tally]) -> str:
    """Return the counts as two Markdown tables: verdicts, and intervals summed over what is alike."""
    heads = " | ".join(f"n = {seeds}" for seeds in tallies)
    rule = "|---" * (len(tallies) + 1) + "|"
    lines = [f"| verdict: wrong, decided, % | {heads} |", rule]
    kinds = list(next(iter(tallies.values())).counts)
    for kind in (kind for kind in kinds if not kind.startswith("interval")):
        cells = (f"{100 * t.wrong(kind):.1f}, {100 * t.decided(kind):.0f}" for t in tallies.values())
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += ["", f"| interval: holds the truth, % | {heads} |", rule]
    for kind in (kind for kind in kinds if kind.startswith("interval")):
        cells = (f"{100 - 100 * t.wrong(kind):.1f}" for t in tallies.values())
        lines.append(f"| {kind.removeprefix('interval: ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Error rates of the verdicts, by simulation.")
    parser.add_argument("--studies", type=int, default=400, help="simulated studies per number of seeds")
    parser.add_argument("--tables", type=int, default=160, help="whole tables of them without an effect")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS), help="seeds per study")
    parser.add_argument("--mixed", action="store_true", help="with the mixed-effects regressions, slower by far")
    given = parser.parse_args()
    tallies = {n: simulate(n, given.studies, given.tables, mixed=given.mixed) for n in given.seeds}
    print(as_markdown(tallies))


if __name__ == "__main__":
    main()
