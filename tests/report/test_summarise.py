"""The stage: from files to a page, for kept runs whose numbers are known from their tables by other means."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from of_studies import BY_SECTION, finding
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.report.figures.reading import read_tables_of
from plasticity.report.summarise import summarise
from plasticity.report.summary.digest import Digest
from plasticity.storage.tables import read_table
from plasticity.studies.kept_runs import read_run

ROOT = Path(__file__).parents[2]
KEPT = {
    "warm_start": ROOT / "docs/reproduction/warm_start_cifar10_small",
    "permuted": ROOT / "docs/reproduction/permuted_mnist",
}


def files(study, figures):
    """The tables of a kept run, and a folder of figures."""
    return {**{name: KEPT[study] / f"{name}.parquet" for name in BY_SECTION[study].tables}, "figures": figures}


@pytest.mark.parametrize("study", KEPT)
def test_a_kept_run_is_summed_up_in_one_page(study, tmp_path):
    plan, described = read_run(KEPT[study]).plan, BY_SECTION[study]
    name = described.findings[0].figure
    svg = tmp_path / f"{name}.svg"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>A</title><desc>what is drawn</desc></svg>')
    output, digest = tmp_path / "out/summary.html", tmp_path / "out/summary.json"
    given = (described.summary(plan), files(study, tmp_path), {"page": output, "digest": digest})
    summarise(*given, settings=plan.display_settings())
    digested = Digest.read(digest)
    assert [found.title for found in digested.findings] == [entry.heading for entry in described.findings]
    assert {found.figure for found in digested.findings} == {"", name}
    assert digested.findings[0].text == "A. what is drawn"
    assert digested.versions["python"]
    text = output.read_text(encoding="utf-8")
    missing = text.count("<li>")  # in one section
    assert text.count("<h2>") == 1 + len(described.findings) - missing + bool(missing)
    assert 'alt="A. what is drawn"' in text
    assert plan.section.model.name in text
    assert f"(n = {len(plan.section.seeds)})" in text
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", text))
    before = output.read_bytes()
    summarise(*given, settings=plan.display_settings())
    assert output.read_bytes() == before


def said(study, name):
    tables_class, settings = (
        BY_SECTION[study].load(BY_SECTION[study].figure_tables),
        read_run(KEPT[study]).plan.display_settings(),
    )
    tables = read_tables_of(tables_class, files(study, Path()), settings, what="test")
    return finding(study, name, tables).sentence


def test_the_kept_gap_is_that_of_its_table():
    metrics = read_table(KEPT["warm_start"] / "metrics.parquet", "metrics")
    gaps = metrics.loc[metrics["arm"].eq("warm_start")].groupby("seed")["plasticity_gap"].mean().to_numpy() * 100
    low, high = stats.t.interval(0.95, len(gaps) - 1, loc=gaps.mean(), scale=stats.sem(gaps))
    sentence = said("warm_start", "warm_start_gap")
    assert f"{gaps.mean():.1f} pp [{low:.1f}, {high:.1f}]".replace("-", "−") in sentence
    assert sentence.startswith("Inconclusive") == (low <= 0 <= high)


def test_the_kept_effect_of_length_is_its_slope_over_all_lengths():
    causes = read_table(KEPT["permuted"] / "causes.parquet", "causes")
    (row,) = causes.query("quantity == 'slope' and treatment == 'first-task epochs' and outcome == 'accuracy'").to_dict(
        "records"
    )
    points = 100 * np.log(100) * row["estimate"]
    assert f"({points:.1f} pp".replace("-", "−") in said("permuted", "first_task_length")
    assert "from 1 to 100 epochs on the first task" in said("permuted", "first_task_length")


def test_a_missing_table_is_told_in_one_line(tmp_path):
    plan, given, output = read_run(KEPT["permuted"]).plan, files("permuted", tmp_path), {"page": tmp_path / "x.html"}
    del given["causes"]
    with pytest.raises(PlasticityError, match=r"summary of permuted: expected the tables .* none for \['causes'\]"):
        summarise(BY_SECTION["permuted"].summary(plan), given, output, settings=plan.display_settings())
    assert not output["page"].exists()


@pytest.mark.parametrize("study", BY_SECTION.values(), ids=lambda study: study.name)
def test_a_study_s_findings_are_no_code_of_another(study):
    packages = {
        name.split(".")[2]
        for name in closure("plasticity.report.summarise", *study.summarised_by)
        if ".studies." in name
    }
    assert packages <= {
        study.name,
        "causal_design",
        "plan",
        "naming",
        "statistics_tables",
        "statistics_columns",
        "over_checkpoints",
    }
