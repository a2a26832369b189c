"""Findings say what their tables hold: planted effects, reversed effects, no effect, and no rows."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from of_studies import BY_SECTION, FIGURES, finding, findings
from permuted_tables import ARMS
from plasticity.studies.continual.findings import ran

STUDIES = list(BY_SECTION)
MOST = 8  # findings of a page: more is no summary
ELSEWHERE = {"A longer first task", "Released ε-rank and rank"}  # the small study has no series of lengths, no Hessian


def edited(tables, **columns):
    """Return the tables with columns of the metrics table changed by functions of the table."""
    return replace(tables, metrics=tables.metrics.assign(**columns))


def causes(tables, change, **keys):
    """Return the tables with the chosen rows of the table of causes changed."""
    frame = tables.causes.copy()
    chosen = np.logical_and.reduce([frame[column].eq(value) for column, value in keys.items()])
    assert chosen.any()
    for column, value in change.items():
        frame.loc[chosen, column] = value
    return replace(tables, causes=frame)


def correlated(tables, low, estimate, high, **keys):
    frame = tables.correlations.copy()
    chosen = np.logical_and.reduce([frame[column].eq(value) for column, value in keys.items()])
    assert chosen.any()
    frame.loc[chosen, ["ci_low", "estimate", "ci_high"]] = [low, estimate, high]
    return replace(tables, correlations=frame)


def decided(estimate):
    """Return what a row of causes holds that has decided."""
    sign = "above zero" if estimate > 0 else "below zero"
    ends = sorted([0.9 * estimate, 1.1 * estimate])
    return {"estimate": estimate, "ci_low": ends[0], "ci_high": ends[1], "verdict": sign}


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_has_few_findings_of_figures_and_tables_that_exist(study):
    entries = BY_SECTION[study].findings
    assert 0 < len(entries) <= MOST
    assert all(FIGURES[entry.figure].study == study for entry in entries)
    assert all(entry.table in BY_SECTION[study].tables for entry in entries)


@pytest.mark.parametrize("study", STUDIES)
def test_a_finding_is_one_sentence_with_number_interval_method_and_seeds(study, makers):
    every = {"permuted": {"arms": ARMS}}.get(study, {})
    for found in findings(study, with_interventions(makers[study](**every))):
        if found.missing:
            assert found.title in ELSEWHERE
            continue
        assert found.sentence.endswith(").")
        assert ". " not in found.sentence
        assert re.search(r"\d \[|\d pp \[", found.sentence), found.sentence
        assert re.search(r"n = 3 seeds", found.sentence)
        assert "interval over seeds" in found.sentence
        assert len(found.rows)


def with_interventions(tables):
    return replace(tables, interventions=("shrink_perturb",)) if hasattr(tables, "interventions") else tables


def no_rows(frames):
    return {name: frame.head(0) for name, frame in frames.items()}


DECISIVE = (
    "costs accuracy:",
    "improves accuracy:",
    "than the first:",
    "than training images:",
    "positively correlated",
    "negatively correlated",
    "raises",
    "lowers",
    "higher with",
    "lower with",
)
"""What a sentence says only where its interval has decided."""


@pytest.mark.parametrize("study", STUDIES)
def test_a_finding_without_its_inputs_says_so_and_stays(study, makers):
    found = findings(study, makers[study](edit=no_rows))
    assert [part.title for part in found] == [entry.heading for entry in BY_SECTION[study].findings]
    assert found[0].missing and found[0].sentence.startswith("No ")
    for part in found:  # the analysis writes rows of causes that are undefined
        assert part.missing or "undefined" in part.sentence
        assert not [words for words in DECISIVE if words in part.sentence]


@pytest.mark.parametrize("study", STUDIES)
def test_a_single_seed_decides_nothing(study, makers):
    for found in findings(study, makers[study](seeds=(7,))):
        if not found.missing:
            assert "no clear" in found.sentence or found.sentence.startswith("Inconclusive")
            assert not [words for words in DECISIVE if words in found.sentence], found.sentence


@pytest.mark.parametrize(
    ("shift", "words"),
    [(0.05, "Warm starting costs accuracy"), (-0.05, "Warm starting improves accuracy"), (None, "Inconclusive: ")],
)
def test_the_gap_of_the_warm_start_is_the_mean_of_its_seeds(warm_start, shift, words):
    tables = warm_start()
    noise = tables.metrics["seed"].map({7: -0.01, 8: 0.0, 9: 0.012})
    gap = noise if shift is None else shift + noise / 5
    sentence = finding("warm_start", "warm_start_gap", edited(tables, plasticity_gap=gap)).sentence
    assert words in sentence
    values = np.array([-0.01, 0.0, 0.012]) if shift is None else shift + np.array([-0.01, 0.0, 0.012]) / 5
    values = 100 * (values if shift is None or shift > 0 else -values)
    low, high = stats.t.interval(0.95, 2, loc=values.mean(), scale=stats.sem(values))
    shown = f"{values.mean():.1f} pp [{low:.1f}, {high:.1f}]".replace("-", "−")
    assert shown in sentence


def test_diverged_networks_are_no_part_of_the_gap(warm_start):
    tables = warm_start()
    broken = tables.metrics["seed"].eq(7)
    lost = edited(tables, diverged=broken, plasticity_gap=tables.metrics["plasticity_gap"].where(~broken, 9.0))
    found = finding("warm_start", "warm_start_gap", lost)
    assert "n = 2 seeds" in found.sentence
    assert "900" not in found.sentence


def test_a_seed_with_a_diverged_checkpoint_is_no_part_of_the_gap(warm_start):
    """What is left of it would be the mean over other checkpoints."""
    tables = warm_start()
    rows = tables.metrics
    broken = rows["seed"].eq(7) & rows["arm"].eq("warm_start") & rows["warm_up_epoch"].gt(16)
    lost = edited(tables, diverged=broken, plasticity_gap=rows["plasticity_gap"].where(~broken, np.nan))
    found = finding("warm_start", "warm_start_gap", lost)
    assert "n = 2 seeds, 1 left out as incomplete)." in found.sentence
    assert found.rows["seed"].tolist() == [8, 9]


def test_phases_are_told_apart(warm_start):
    keys = {"arm": "warm_start", "metric": "nc1", "method": "pearson", "aggregate": "mean"}
    tables = correlated(warm_start(), 0.5, 0.8, 0.9, **keys, window_kind="first_phase")
    tables = correlated(tables, -0.5, 0.1, 0.6, **keys, window_kind="second_phase")
    sentence = finding("warm_start", "phases", tables).sentence
    early, late = sentence.split("; after that, ")
    assert early.startswith("Up to epoch 24 of the warm-up")
    assert "are positively correlated (r = 0.80 [0.50, 0.90])" in early
    assert "show no clear correlation (r = 0.10 [−0.50, 0.60]; the interval includes zero)" in late


def test_equal_length_is_what_decides_beyond_length(warm_start):
    keys = {"metric": "log_nc1", "window_kind": "all", "quantity": "correlation"}
    tables = causes(warm_start(), decided(-0.6), method="total", **keys)
    open_one = {"estimate": 0.1, "ci_low": -0.3, "ci_high": 0.4, "verdict": "undecided"}
    sentence = finding("warm_start", "beyond_length", causes(tables, open_one, method="within_length", **keys)).sentence
    assert "equally long" in sentence.partition("over all lengths")[0]
    assert "no clear correlation (r = 0.10 [−0.30, 0.40]" in sentence.partition("over all lengths")[0]
    assert "over all lengths, r = −0.60 [−0.66, −0.54]" in sentence


def test_an_intervention_is_reported_with_what_it_does_to_nc1(warm_start):
    tables = with_interventions(warm_start())
    keys = {"quantity": "contrast", "treatment": "shrink_perturb"}
    tables = causes(tables, decided(0.03), outcome="accuracy", **keys)
    same = {"estimate": 0.0, "ci_low": np.log(0.9), "ci_high": np.log(1.1), "verdict": "undecided"}
    sentence = finding("warm_start", "intervention", causes(tables, same, outcome="log_nc1", **keys)).sentence
    assert sentence.startswith("Shrink and perturb raises accuracy after fine-tuning (3.0 pp [2.7, 3.3])")
    assert "has no clear effect on NC1 (factor 1.00 [0.90, 1.10]; the interval includes one)" in sentence


def test_a_study_without_an_intervention_says_so(warm_start):
    found = finding("warm_start", "intervention", warm_start())
    assert found.sentence.startswith("No arm with an intervention on the checkpoints")
    assert found.rows.empty


def test_a_penalty_is_the_series_that_moves_collapse(warm_start):
    tables = warm_start()
    slope = {"quantity": "slope", "treatment": "NC1 penalty weight"}
    tables = causes(tables, decided(-7.0), outcome="log_nc1", **slope)
    tables = causes(tables, {**decided(-0.5), "verdict": "contradicts"}, outcome="accuracy", **slope)
    sentence = finding("warm_start", "dose_response", tables).sentence
    assert sentence.startswith("Increasing NC1 penalty weight from −0.05 to 0.05 lowers NC1 (factor 0.50 [0.46, 0.53])")
    assert "lowers accuracy after fine-tuning (−5.0 pp [−5.5, −4.5])" in sentence
    assert "this speaks against “collapse hurts plasticity” (" in sentence


def test_plasticity_loss_is_read_at_the_last_task_and_over_all(permuted):
    tables = permuted()
    tasks = tables.metrics["task"]
    jitter = tables.metrics["seed"].map({1: -0.001, 2: 0.0, 3: 0.001})
    found = finding("permuted", "accuracy_lost", edited(tables, plasticity_gap=0.01 * (tasks - 1) + jitter))
    assert "on task 6, the network is 5.0 pp [4.8, 5.2] below a freshly initialised one" in found.sentence
    assert "averaged over tasks 2 to 6, the gap is 3.0 pp [2.8, 3.2]" in found.sentence
    gained = finding("permuted", "accuracy_lost", edited(tables, plasticity_gap=-0.01 * (tasks - 1) + jitter))
    assert "5.0 pp [4.8, 5.2] above a freshly initialised one" in gained.sentence
    noisy = finding("permuted", "accuracy_lost", edited(tables, plasticity_gap=jitter))
    assert noisy.sentence.startswith("Inconclusive: on task 6, continual learning costs 0.0 pp [")


def test_methods_are_ranked_against_none(permuted):
    """Planted: one that helps and one that hurts. Arms with another first task are no methods."""
    tables = permuted(arms=ARMS)
    seed, task, arm = (tables.metrics[name] for name in ("seed", "task", "arm"))
    planted = {"shrink_perturb": 0.05, "weight_decay": -0.02}
    gains = arm.map(planted).fillna(0.0) + 0.001 * seed.sub(2).where(arm.ne("continual"), 0)
    found = finding("permuted", "methods", edited(tables, online_accuracy=0.8 + 0.01 * task + gains))
    start, _, rest = found.sentence.partition(" (")
    assert start == "Averaged over tasks 2 to 6, online accuracy is higher with shrink and perturb"
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert rest.startswith(f"by 5.0 pp [{5 - half:.1f}, {5 + half:.1f}]); lower with weight decay (by 2.0 pp [")
    assert list(found.rows["method"]) == ["shrink and perturb", "weight decay"]
    assert list(found.rows["decided"]) == ["yes", "yes"]
    open_ = finding("permuted", "methods", edited(tables, online_accuracy=0.8 + 0.01 * gains.sub(gains) + 0.001 * seed))
    assert open_.sentence.startswith("Inconclusive: averaged over tasks 2 to 6")
    alone = finding("permuted", "methods", permuted(arms=("random_init", "continual", "first_task_length_10")))
    assert alone.missing and alone.sentence == "No method beside continual on all of its tasks."


def test_arms_of_one_length_are_not_named_beside_it(permuted):
    tables = permuted(arms=("random_init", "continual"))
    assert ran(tables)["Tasks"] == "6; NC1 to NC4 measured after each"
    rows = tables.metrics
    shorter = replace(tables, metrics=rows.loc[rows["arm"].eq("continual") | rows["task"].le(3)])
    assert ran(shorter)["Tasks"] == "3 of random init; 6 of continual; NC1 to NC4 measured after each"


def test_collapse_over_tasks_is_a_factor_and_a_trend(permuted):
    tables = permuted()
    tasks, seeds = tables.metrics["task"].astype(float), tables.metrics["seed"]
    found = finding(
        "permuted", "collapse_over_tasks", edited(tables, nc1=0.2 * 1.2 ** (tasks - 1) + 0.001 * seeds * tasks)
    )
    assert re.search(r"From task 1 to task 6, continual learning raises NC1 \(factor 2.5\d", found.sentence)
    assert "are positively correlated (r = 0.99" in found.sentence
    falls = finding(
        "permuted", "collapse_over_tasks", edited(tables, nc1=0.2 * 0.8 ** (tasks - 1) + 0.001 * seeds * (7 - tasks))
    )
    assert "lowers NC1" in falls.sentence
    assert "are negatively correlated" in falls.sentence


def breaking_off(tables, seed, task):
    """Return the tables in which a seed of the main arm diverges on a task, behind which it has no rows."""
    rows = tables.metrics
    own = rows["arm"].eq(tables.main) & rows["seed"].eq(seed)
    lost = own & rows["task"].eq(task)
    numbers = {name: rows[name].where(~lost, np.nan) for name in ("plasticity_gap", "nc1")}
    kept = rows.assign(diverged=lost, **numbers).loc[~own | rows["task"].le(task)]
    return replace(tables, metrics=kept)


def test_a_seed_that_breaks_off_is_in_no_mean_over_tasks(permuted):
    tables = permuted()
    tasks, seeds = tables.metrics["task"].astype(float), tables.metrics["seed"]
    gap = 0.01 * (tasks - 1) + 0.002 * (seeds - 2)
    broken = breaking_off(edited(tables, plasticity_gap=gap, nc1=0.2 * 1.2**tasks), 3, 5)
    lost = finding("permuted", "accuracy_lost", broken)
    assert lost.sentence.endswith("n = 2 seeds, 1 left out as incomplete).")
    assert "averaged over tasks 2 to 6, the gap is 2.9 pp" in lost.sentence
    assert lost.rows["seed"].tolist() == [1, 2]
    moved = finding("permuted", "collapse_over_tasks", broken)
    assert moved.sentence.endswith("n = 2 seeds, 1 left out as incomplete).")


def test_the_trend_of_nc1_is_that_of_the_seeds_it_counts(permuted):
    """The few tasks of a network that diverged say the opposite."""
    tables = permuted()
    tasks, seeds = tables.metrics["task"].astype(float), tables.metrics["seed"]
    nc1 = 0.2 * 1.2**tasks + 0.001 * seeds * tasks
    tables = edited(tables, nc1=nc1.where(seeds.ne(3), 1 - 0.1 * tasks))
    sentence = finding("permuted", "collapse_over_tasks", breaking_off(tables, 3, 5)).sentence
    assert "r = 0.99" in sentence  # of two seeds, which decide nothing
    assert "2 seeds are too few to decide" in sentence


def test_nothing_is_said_of_networks_that_all_break_off(permuted):
    tables = permuted()
    for seed in (1, 2, 3):
        tables = replace(tables, metrics=_diverged_too(tables, breaking_off(tables, seed, 4)))
    for name in ("accuracy_lost", "collapse_over_tasks"):
        assert finding("permuted", name, tables).sentence.startswith("No seed of continual has a")


def _diverged_too(before, after):
    rows = after.metrics
    return rows.assign(diverged=rows["diverged"] | before.metrics["diverged"].reindex(rows.index))


def test_means_seeds_and_changes_are_told_apart(permuted):
    keys = {"arm": "continual", "metric": "nc1", "outcome": "online_accuracy", "window_kind": "all"}
    tables = correlated(permuted(), -0.97, -0.95, -0.9, aggregate="averaged", method="pearson", **keys)
    tables = correlated(tables, -0.8, -0.7, -0.6, aggregate="mean", method="pearson", **keys)
    tables = correlated(tables, -0.3, -0.1, 0.2, aggregate="mean", method="first_difference", **keys)
    sentence = finding("permuted", "averaged_or_within", tables).sentence
    averaged, within, changes = sentence.split("; ", 2)
    assert "are negatively correlated (r = −0.95 [−0.97, −0.90])" in averaged
    assert "are negatively correlated (r = −0.70 [−0.80, −0.60])" in within
    assert "show no clear correlation (r = −0.10 [−0.30, 0.20]" in changes


def test_train_and_test_variance_are_compared_at_the_end(train_test):
    tables = train_test()
    jitter = tables.metrics["seed"].map({1: 0.98, 2: 1.0, 3: 1.02})
    for ratio, words in ((2.0, "collapse less than"), (0.5, "collapse more than"), (1.0, "Inconclusive: ")):
        same = edited(tables, strong_test_variance=tables.metrics["train_variance"] * ratio * jitter)
        found = finding("train_test_collapse", "train_and_test", same)
        assert words in found.sentence
        logs = np.log(ratio * np.array([0.98, 1.0, 1.02]))
        ends = np.exp(stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs)))
        assert (
            f"{np.exp(logs.mean()):.2f} [{ends[0]:.2f}, {ends[1]:.2f}] times that of training images" in found.sentence
        )


def stopping(tables, stops):
    """Return the tables in which seeds of all arms stop at these iterations."""
    ends = {name: getattr(tables, name)["seed"].map(stops) for name in ("metrics", "transfer")}
    kept = {name: getattr(tables, name) for name in ends}
    return replace(tables, **{name: frame.loc[frame["iteration"].le(ends[name])] for name, frame in kept.items()})


def test_the_end_is_that_of_each_run(train_test):
    """A training ends early where its loss is low, at other iterations in other seeds."""
    tables = stopping(train_test(), {1: 1000, 2: 300, 3: 100})
    for name in ("train_and_test", "layers"):
        found = finding("train_test_collapse", name, tables)
        assert "n = 3 seeds" in found.sentence
        assert len(found.rows) == 3
    last = tables.last.set_index(["arm", "seed"]).loc["cascade"]
    logs = np.log(last["strong_test_variance"] / last["train_variance"])
    assert f"{np.exp(logs.mean()):.2f} [" in finding("train_test_collapse", "train_and_test", tables).sentence
    assert "in 3 of 3 seeds" in finding("train_test_collapse", "layers", tables).sentence


def test_the_first_task_s_worth_is_from_each_run_s_own_end(train_test):
    tables = stopping(train_test(), {1: 1000, 2: 300, 3: 100})
    accuracy = 0.7 + 0.0001 * tables.transfer["iteration"]
    given = replace(tables, transfer=tables.transfer.assign(test_accuracy=accuracy))
    found = finding("train_test_collapse", "first_task_helps", given)
    assert f"({np.mean([10, 3, 1]):.1f} pp" in found.sentence
    assert "from the last iteration of each seed, 100 to 1000, compared" in found.sentence
    assert "n = 3 seeds" in found.sentence
    assert found.rows["last iteration"].tolist() == [1000, 300, 100]


def test_a_run_that_diverges_has_no_end(train_test):
    """Its checkpoints before that are not the end of a training."""
    tables = train_test()
    lost = tables.metrics["seed"].eq(2) & tables.metrics["iteration"].eq(1000)
    found = finding("train_test_collapse", "train_and_test", edited(tables, diverged=lost))
    assert found.rows["seed"].tolist() == [1, 3]
    next_task = tables.transfer["seed"].eq(2) & tables.transfer["iteration"].eq(1000)
    given = replace(tables, transfer=tables.transfer.assign(diverged=next_task))
    assert "n = 2 seeds" in finding("train_test_collapse", "first_task_helps", given).sentence


def test_the_order_of_layers_is_counted_over_seeds(train_test):
    tables = train_test()
    layer, seed = tables.metrics["layer"].astype(float), tables.metrics["seed"]
    falling = edited(tables, train_variance=np.exp(-layer * (1 + 0.001 * seed)))
    found = finding("train_test_collapse", "layers", falling)
    assert (
        "The last hidden layer collapses more than the first: at the end of training, its train variance is 0.13"
        in found.sentence
    )
    assert "in 3 of 3 seeds, each layer collapses more" in found.sentence
    mixed = edited(falling, train_variance=falling.metrics["train_variance"].where(seed.ne(2) | layer.ne(2), 9.0))
    assert "in 2 of 3 seeds" in finding("train_test_collapse", "layers", mixed).sentence
    rising = edited(tables, train_variance=np.exp(layer * (1 + 0.001 * seed)))
    assert "collapses less than the first" in finding("train_test_collapse", "layers", rising).sentence


def test_a_study_that_goes_on_to_no_next_task_says_so(train_test):
    for name in ("first_task_helps", "transfer"):
        found = finding("train_test_collapse", name, train_test(arms=("cascade",)))
        assert found.sentence == "No arm with super_classes, and so none with a next task."


def test_the_first_task_s_worth_is_paired_by_seed(train_test):
    tables = train_test()
    frame = tables.transfer
    accuracy = 0.7 + (0.098 + 0.001 * frame["seed"]) * frame["iteration"].gt(0) + 0.01 * frame["seed"]
    found = finding(
        "train_test_collapse", "first_task_helps", replace(tables, transfer=frame.assign(test_accuracy=accuracy))
    )
    assert "raises accuracy on the next (10.0 pp [9.8, 10.2])" in found.sentence
    assert "from iteration 1000" in found.sentence
