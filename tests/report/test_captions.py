"""Captions as Snakemake renders them: of figures and pages from their modules, of the rest from files."""

import re
import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from of_studies import BY_SECTION, TINY_AGENTS, TINY_LOCOMOTION
from plasticity.report.captions import captions_of, filled_caption
from plasticity.report.front_page import front_of
from plasticity.studies import sections_of
from plasticity.studies.configuration import load_config

ROOT = Path(__file__).parents[2]
OWN = "caption"  # the file of the captions that modules have
FILES = sorted(path for path in (ROOT / "workflow" / "report").glob("*.rst") if path.stem != OWN)
DESCRIBED = [
    (section, wildcard, name, described)
    for section, study in BY_SECTION.items()
    for wildcard, named in (("figure", study.figures), ("page", study.pages))
    for name, described in named.items()
]
every_module = pytest.mark.parametrize(
    ("section", "wildcard", "name", "described"),
    DESCRIBED,
    ids=["-".join(case[:3]) for case in DESCRIBED],
)


class Files(list):
    """Files of a job, by place and by name as Snakemake has them."""

    def __init__(self, named):
        super().__init__(named.values())
        vars(self).update(named)


@cache
def config_of(seeds):
    """Return a configuration in which every study has these seeds and all its figures."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config |= {"agents": dict(TINY_AGENTS), "locomotion": dict(TINY_LOCOMOTION)}
    for name, study in BY_SECTION.items():
        config[name] |= {"seeds": list(seeds), "figures": {figure: {} for figure in study.figures}}
    return load_config(config, root=ROOT)


def job(section, seeds=(7, 8, 9), **wildcards):
    """What a caption can ask of the job that made what it is the caption of."""
    folder = f"results/{section}/digits"
    tables = {table: f"{folder}/{table}.parquet" for table in BY_SECTION[section].tables}
    return SimpleNamespace(
        config=dict(config_of(seeds)),
        rule="draw_figures" if "figure" in wildcards else "tabulate",
        input=Files({**tables, "explanations": f"{folder}/explanations.parquet", "figures": f"{folder}/figures"}),
        output=Files({"jobs": "results/benchmarks/digits/jobs.parquet"}),
        params=SimpleNamespace(
            figures=[each.figure for each in BY_SECTION[section].findings],
            sections=["warm_start"],
            titles=["Random labels", "Permuted images"],
        ),
        wildcards=SimpleNamespace(study=section, **wildcards),
    )


@cache
def template_of(file):
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string((ROOT / f"workflow/report/{file}.rst").read_text(encoding="utf-8"))


def rendered(file, snakemake):
    given = {"caption": captions_of(sections_of), "front": front_of(snakemake.config, sections_of(snakemake.config))}
    return template_of(file).render(snakemake=snakemake, **given)


def as_html(text):
    """Return a caption as Snakemake makes it, strictly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # Snakemake's own call, `writer_name`
        strict = {"halt_level": 2, "report_level": 2}
        parts: dict[str, Any] = {**publish_parts(text, writer_name="html", settings_overrides=strict)}
    return parts["html_body"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_caption_of_the_run_renders(path):
    body = as_html(rendered(path.stem, job("warm_start")))
    assert "system-message" not in body
    assert "{{" not in body
    assert len(body) > 100


@every_module
def test_a_caption_says_what_is_shown_data_seeds_and_sources(section, wildcard, name, described):
    body = as_html(rendered(OWN, job(section, **{wildcard: name})))
    assert "system-message" not in body
    assert "{{" not in body
    assert f"<strong>{described.title}" in body.replace("&amp;", "&")
    assert "digits" in body
    folder, study = f"results/{section}/digits", BY_SECTION[section]
    assert body.count("ruleinfo:") == 1 + len(described.tables)
    for table in described.tables:
        assert f">{folder}/{table}.parquet<" in body
        assert f"rule {study.tables[table].rule}</a>" in body
        shown = f"href=\"javascript:app.showResultInfo('{folder}/tables/{study.tables[table].page}.html')\""
        assert (shown in body) == bool(study.tables[table].page)


@every_module
def test_seeds_are_counted_and_papers_named(section, wildcard, name, described):
    one, three = (rendered(OWN, job(section, seeds, **{wildcard: name})) for seeds in ((7,), (7, 8, 9)))
    assert "1 seeds" not in " ".join(one.split())
    assert "3 seeds" in " ".join(three.split())
    assert wildcard != "figure" or re.search(r"\d{4}\.\d{5}", described.caption)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([7, 8, 9], "Student's t intervals over seeds at 95 %"),
        ([7, 8], "the range of the two seeds"),
        ([7], "one seed"),
    ],
)
def test_bands_are_named_after_the_number_of_seeds(seeds, said):
    section = {"seeds": seeds, "analysis": {"confidence": 0.95}}
    assert said in filled_caption(SimpleNamespace(caption="bands {{ intervals }}"), section)


@pytest.mark.parametrize("left_out", BY_SECTION)
def test_front_page_tells_of_the_sections_that_run(left_out):
    snakemake = job("train_test_collapse")
    del snakemake.config[left_out]
    page = rendered("workflow", snakemake)
    found = {section for section, study in BY_SECTION.items() if f"{study.titled(section)}\n---" in page}
    assert found == set(BY_SECTION) - {left_out}
    publish_parts(page, writer="html", settings_overrides={"halt_level": 2, "report_level": 2})


def test_front_page_names_a_second_section_of_a_study():
    config = job("permuted").config
    again = {"again": {**config["permuted"], "study": "continual", "seeds": [41]}}
    page = front_of(again, {"again": BY_SECTION["permuted"]})()
    assert page.startswith("Again\n---")
    assert "1 seed (41)" in page


def test_caption_of_a_summary_leads_to_its_figures_and_tables():
    body = as_html(rendered("summary", job("warm_start")))
    link = "javascript:app.showResultInfo('results/warm_start/digits/figures/plasticity_gap.svg')"
    assert f'<a class="reference external" href="{link}">plasticity gap</a>' in body
    assert "javascript:app.showCategory('Tables')" in body
    assert ":app." not in re.sub(r'href="[^"]*"', "", body)
