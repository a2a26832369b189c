"""The stage: from files to a page, for kept runs whose numbers are known from their tables by other means."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.report.figures.reading import read_tables_of
from plasticity.report.kept_runs.kept_run import read_run
from plasticity.report.sources import SOURCES
from plasticity.report.summarise import finding, summarise
from plasticity.report.summary.summary_registry import SUMMARIES, summary_figures, summary_module
from plasticity.storage.tables import read_table
from plasticity.studies.continual import findings as permuted
from plasticity.studies.warm_start import findings as warm_start

ROOT = Path(__file__).parents[2]
KEPT = {
    "warm_start": ROOT / "docs/reproduction/warm_start_cifar10_small",
    "permuted": ROOT / "docs/reproduction/permuted_mnist",
}
TABLES = {"warm_start": warm_start.TABLES, "permuted": permuted.TABLES}


def files(study):
    return {name: KEPT[study] / f"{name}.parquet" for name in TABLES[study].SCHEMAS}


@pytest.mark.parametrize("study", KEPT)
def test_a_kept_run_is_summed_up_in_one_page(study, tmp_path):
    plan = read_run(KEPT[study]).plan
    name = summary_figures(study)[0]
    svg = tmp_path / f"{name}.svg"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>A</title><desc>what is drawn</desc></svg>')
    output = tmp_path / "out/summary.html"
    figures = [svg, tmp_path / f"{name}.png"]
    given = {"figures": figures, "settings": plan.summary_settings(), "drawn_by": {name: f"{name}_and_1_more"}}
    summarise(study, tables=files(study), output=output, **given)
    text = output.read_text(encoding="utf-8")
    assert text.count("<h2>") == 1 + len(SUMMARIES[study].findings)
    assert 'alt="A. what is drawn"' in text
    assert f"{name}_and_1_more</code>" in text
    assert plan.study["model"]["name"] in text
    assert f"(n = {len(plan.study['seeds'])})" in text
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", text))
    before = output.read_bytes()
    summarise(study, tables=files(study), output=output, **given)
    assert output.read_bytes() == before


def said(study, name):
    tables = read_tables_of(TABLES[study], files(study), read_run(KEPT[study]).plan.summary_settings(), what="test")
    return finding(study, name, tables).sentence


def test_the_kept_gap_is_that_of_its_table():
    metrics = read_table(KEPT["warm_start"] / "metrics.parquet", "metrics")
    gaps = metrics.loc[metrics["arm"].eq("warm_start")].groupby("seed")["plasticity_gap"].mean().to_numpy() * 100
    low, high = stats.t.interval(0.95, len(gaps) - 1, loc=gaps.mean(), scale=stats.sem(gaps))
    sentence = said("warm_start", "warm_start_gap")
    assert f"{gaps.mean():.1f} percentage points [{low:.1f}, {high:.1f}]".replace("-", "−") in sentence
    assert ("cannot decide" in sentence) == (low <= 0 <= high)


def test_the_kept_effect_of_length_is_its_slope_over_all_lengths():
    causes = read_table(KEPT["permuted"] / "causes.parquet", "causes")
    (row,) = causes.query("quantity == 'slope' and treatment == 'first-task epochs' and outcome == 'accuracy'").to_dict(
        "records"
    )
    points = 100 * np.log(100) * row["estimate"]
    assert f"({points:.1f} percentage points".replace("-", "−") in said("permuted", "first_task_length")
    assert "from 1 to 100 epochs on the first task" in said("permuted", "first_task_length")


def test_a_missing_table_or_setting_is_told_in_one_line(tmp_path):
    settings = read_run(KEPT["permuted"]).plan.summary_settings()
    nothing = {"figures": [], "output": tmp_path / "x.html", "drawn_by": {}}
    with pytest.raises(PlasticityError, match=r"summary of permuted: expected the tables .* none for \['causes'\]"):
        given = {name: path for name, path in files("permuted").items() if name != "causes"}
        summarise("permuted", tables=given, **nothing, settings=settings)
    del settings["trial"]
    with pytest.raises(PlasticityError, match=r"summary of permuted: expected the settings .* none for \['trial'\]"):
        summarise("permuted", tables=files("permuted"), **nothing, settings=settings)
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize("study", SUMMARIES)
def test_a_study_s_findings_are_no_code_of_another(study):
    others = {summary_module(other) for other in SUMMARIES if other != study}
    assert not closure("plasticity.report.summarise", summary_module(study)) & others


@pytest.mark.parametrize("study", SOURCES)
def test_tables_come_from_the_rules_that_write_them(study):
    text = (ROOT / f"workflow/rules/{study}.smk").read_text(encoding="utf-8")
    for table, source in SOURCES[study].items():
        (rule,) = re.findall(rf"^rule {source.rule}:\n(.*?)(?=^rule |\Z)", text, flags=re.MULTILINE | re.DOTALL)
        output = rule.partition("output:")[2].partition("log:")[0]
        assert f"/{table}.parquet" in output
        assert not source.page or f"/tables/{source.page}.html" in text


@pytest.mark.parametrize("study", SUMMARIES)
def test_a_summary_does_not_wait_for_what_draws(study):
    stages = f"plasticity.report.summarise, {summary_module(study)}"
    code = f"import sys, {stages}; print(*{{'seaborn', 'torch'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == []
