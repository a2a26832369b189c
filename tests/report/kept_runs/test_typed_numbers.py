"""Numbers typed into a kept run's notes are settings of the run or of the papers, or on a short list; results are not.

A result in a note, this run's or a published one, is a placeholder that is filled from the run's tables. Decimals and
integers above ten that are typed all the same must be exactly a setting, of the run or of the published ones.
"""

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from plasticity.report.kept_runs.placeholders import PLACEHOLDER, filled
from plasticity.studies import sections_of
from plasticity.studies.kept_runs import read_run

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(path.parent for path in (ROOT / "docs/reproduction").glob("*/notes.md"))
_APART = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|arXiv:[\d.]+|\((?:19|20)\d\d(?=[,)])", re.DOTALL
)  # code, links, years
_NUMBER = re.compile(
    r"(?<![\w.,])(?<![A-Za-z]-)(?P<number>[+\N{MINUS SIGN}]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?)(?![\d\w])"
    r"(?P<unit>\s?%|\spercentage points?\b|\spp\b|\spoints?\b|\smillion\b)?"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(r"(?:(\d+(?:\.\d+)?)·)?\b10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_COUNTED = 10
"""Integers up to here count things: layers, seeds, figures."""
OF_THE_TEXT = {
    0.8: "the power for which numbers of seeds are computed (docs/statistics.md)",
    60_000: "the size of MNIST's training set, where no train_size is given",
    50_000: "the size of CIFAR-10's training set, which the paper uses",
    12_500: "the fewest training images in Figure 4 of Hui et al. (2022)",
}


def typed(text: str) -> Iterator[tuple[str, float]]:
    """Yield the typed numbers of a note and what they say, without placeholders, code, links and years."""
    text = _APART.sub("", PLACEHOLDER.sub("", text))
    text = _POWER.sub(lambda match: f"{match[1] or 1}e{match[2].translate(_SUPERSCRIPTS)}", text)
    for match in _NUMBER.finditer(text):
        number = float(match["number"].replace(",", "").replace("\N{MINUS SIGN}", "-"))
        unit = (match["unit"] or "").strip()
        if unit or not number.is_integer() or abs(number) > _COUNTED:
            yield match[0], number * (1 if not unit else 1e6 if unit == "million" else 0.01)


@cache
def known(folder: Path) -> tuple[float, ...]:
    """Return the settings of a run, and those of the published numbers about its study with where they are read."""
    run = read_run(folder)
    published = yaml.safe_load(sections_of(run.config)[run.study].published.read_text(encoding="utf-8"))
    read_at = [claim["measure"] for claim in published["claims"]]
    return tuple({*_leaves(run.config), *_leaves(published["systems"]), *_leaves(read_at), *OF_THE_TEXT})


def _leaves(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def unknown(text: str, numbers: tuple[float, ...]) -> list[str]:
    """Return what a note types that is none of the known numbers."""
    return [shown for shown, number in typed(text) if not any(abs(number - x) <= 1e-9 * abs(x) for x in numbers)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_result_is_typed(folder: Path) -> None:
    assert unknown((folder / "notes.md").read_text(encoding="utf-8"), known(folder)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_typed_result_is_found(folder: Path) -> None:
    draw = random.Random(f"{folder.name}")
    for form, low, high in (
        ("{:.2f}", 0, 2),
        ("{:.1f}", 1, 99),
        ("{:.1f} %", 1, 99),
        ("{:.0f} %", 1, 99),
        ("{:,.0f}", 1e3, 1e5),
    ):
        results = [form.format(draw.uniform(low, high)) for _ in range(200)]
        found = [result for result in results if unknown(f"It is {result} here.", known(folder))]
        assert len(found) >= 0.85 * len(results), form


@pytest.mark.parametrize(
    "wrong",
    ["0.93", "\N{MINUS SIGN}0.22", "2,575", "12", "82.1 %", "18 points", "1.2 percentage points", "3·10⁻⁴", "20 to 23",
     "439 million"],
)  # fmt: skip
def test_every_form_of_a_number_is_read(wrong: str) -> None:
    assert unknown(f"the test accuracy ({wrong}) of it", (0.22, 0.2, 20.0, 0.001, 2000.0))


def test_what_may_be_typed() -> None:
    text = (
        "Hui et al. (2022, arXiv:2202.08384) train ResNet-18 on CIFAR-10 and MNIST, `0.123`, [one](34.md) "
        "{{metrics arm=a: nc1 .2f}}, 3 of 10 layers, 95 % levels, 10⁻³ of 2,000 images, \N{MINUS SIGN}0.05, NC12."
    )
    assert unknown(text, (0.95, 0.001, 2000.0, -0.05)) == []


# What README.md and docs/results.md say of each run; numbers and verdicts are filled from its tables.
OTHERS = "explanations scope=across_arms"
COLLAPSE = "causes question=dose_response treatment=nc1_collapse outcome=accuracy"
PAGES = ("README.md", "docs/results.md")
IN_A_SENTENCE = {
    "agents_descent_or_noise_mnist": [
        "yes, the Hessian's largest eigenvalue ends {{published claim=fig2_curvature: value .0f}} higher.",
    ],
    "rank_and_accuracy_mnist": [
        "it falls with the accuracy, ρ = {{published claim=he_rank_and_accuracy: value .2f}};",
        "it has no skill, {{explanations quantity=start_gauss_newton_rank_above_0.01 scope=across_arms: skill .2f}}.",
    ],
    "warm_start_perceptron": [
        "yes, {{metrics arm=warm_start warm_up_epoch=96: plasticity_gap .1f x100}} percentage points after the whole",
        f"changes accuracy by {{{{{COLLAPSE}: +.1f x100}}}}, {{{{{COLLAPSE}: verdict}}}}.",
    ],
    "permuted_mnist": [
        "6 seeds: yes over 140 tasks, r = {{published claim=averaged_correlation: value .2f}}.",
        f"skill {{{{{OTHERS} quantity=weight_norm: skill .2f}}}} against {{{{{OTHERS} quantity=nc1: skill .2f}}}}.",
    ],
    "random_labels_mnist": [
        "accuracy ends {{metrics arm=continual task=10: plasticity_gap .1f x100}} percentage points below",
        f"skill {{{{{OTHERS} quantity=dead_units: skill .2f}}}} and {{{{{OTHERS} quantity=nc3: skill .2f}}}}, NC1 "
        f"{{{{{OTHERS} quantity=nc1: skill .2f}}}}.",
    ],
    "train_test_collapse_mnist_small": ["3 seeds: inconclusive, r = {{published claim=fig5_mlp_transfer: value .2f}}."],
    "slippery_ant_small": [
        "2 seeds: inconclusive; no loss is visible within {{metrics: step .1f max x0.000001}} million steps."
    ],
}
# The verdicts behind its words.
VERDICTS = [
    ("warm_start_perceptron", "published claim=ash_perceptron_gap", "agrees"),
    ("agents_descent_or_noise_mnist", "published claim=fig2_curvature", "agrees"),
    ("rank_and_accuracy_mnist", "published claim=he_rank_falls", "agrees"),
    ("permuted_mnist", "published claim=accuracy_falls", "agrees"),
    ("permuted_mnist", "published claim=nc1_rises", "agrees"),
    ("train_test_collapse_mnist_small", "published claim=fig5_mlp_transfer", "undecided"),
    ("slippery_ant_small", "published claim=fig3_none", "undecided"),
]


@cache
def tables(name: str) -> dict[str, pd.DataFrame]:
    """Return a kept run's tables by name."""
    return {path.stem: pd.read_parquet(path) for path in (ROOT / "docs/reproduction" / name).glob("*.parquet")}


@pytest.mark.parametrize("name", IN_A_SENTENCE)
def test_sentences_say_what_the_tables_say(name: str) -> None:
    lines = [line for page in PAGES for line in (ROOT / page).read_text(encoding="utf-8").splitlines()]
    rows = [line for line in lines if f"{name}.md), " in line]
    rest = "\n".join(rows)
    for phrase in IN_A_SENTENCE[name]:
        said = filled(phrase, tables(name), 0.95)
        assert said in rest
        rest = rest.replace(said, "")
    assert unknown(rest, known(ROOT / "docs/reproduction" / name)) == []


@pytest.mark.parametrize(("name", "place", "verdict"), VERDICTS)
def test_no_sentence_is_stronger_than_the_verdicts(name: str, place: str, verdict: str) -> None:
    assert filled(f"{{{{{place}: verdict}}}}", tables(name), 0.95) == verdict


def test_no_effect_on_accuracy_is_decided_by_the_warm_start_run() -> None:
    causes = tables("warm_start_cifar10_small")["causes"]
    effects = causes.loc[causes["question"].eq("dose_response") & causes["outcome"].eq("accuracy"), "verdict"]
    assert len(effects) and not effects.isin(["above zero", "below zero"]).any()


def test_no_correlation_at_equal_length_is_decided_by_the_permuted_run() -> None:
    causes = tables("permuted_mnist")["causes"]
    answers = causes.loc[causes["metric"].eq("log_nc1") & causes["method"].eq("within_length"), "verdict"]
    assert len(answers) and answers.eq("undecided").all()


def test_the_methods_that_are_named_end_above_a_fresh_network() -> None:
    last = tables("random_labels_mnist")["metrics"].query("task == 10")
    last = last.loc[~last["arm"].str.startswith("random_init")]
    gaps = last.groupby("arm")["plasticity_gap"].agg(["mean", "std", "count"])
    half = stats.t.ppf(0.975, gaps["count"] - 1) * gaps["std"] / np.sqrt(gaps["count"])
    above = set(gaps.index[gaps["mean"] + half < 0])
    assert above == {"concatenated_relu", "reset_head", "parseval", "spectral"}


def test_dead_units_predict_best() -> None:
    found = tables("random_labels_mnist")["explanations"].query("scope == 'across_arms'")
    assert str(found.set_index("quantity")["skill"].idxmax()) == "dead_units"
    across = pd.read_parquet(ROOT / "docs/across_runs/explanations.parquet")
    skills = across.pivot(index="section", columns="quantity", values="skill")
    assert len(skills) > 2
    assert (skills["dead_units"] > skills["nc1"]).to_numpy().all()
