import re
import warnings
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from permuted_tables import SECTION
from plasticity.report.figures.figure_registry import FIGURES
from plasticity.report.sources import SOURCES, drawing_rule
from train_test_tables import SECTION as TRAIN_TEST_SECTION

ROOT = Path(__file__).parents[3]
CAPTIONS = sorted((ROOT / "workflow" / "report").glob("*.rst"))
OF_THE_RUN = {
    "config",
    "workflow",
    "curves",
    "published",
    "resources",
    "resources_table",
    "summary",
}  # and not of one study
OF_STUDIES = [path for path in CAPTIONS if path.stem not in OF_THE_RUN]


FIGURE = "plasticity_gap"  # one that the job has as input


class Job:
    """What a caption can ask of the job that made what it is the caption of."""

    def __init__(self, config, study, rule):
        tables = {table: f"results/{study}/digits/{table}.parquet" for table in SOURCES[study]}
        self.config, self.rule = config, rule
        self.input = Files({**tables, "figure": f"results/{study}/digits/figures/{FIGURE}.svg"})
        self.params = SimpleNamespace(study=study)
        self.output = Files({"jobs": "results/benchmarks/digits/jobs.parquet"})


class Files(list):
    """Files of a job, by place and by name as Snakemake has them."""

    def __init__(self, named):
        super().__init__(named.values())
        vars(self).update(named)


def as_html(text):
    """Return a caption as Snakemake makes it, strictly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # Snakemake's own call, `writer_name`
        strict = {"halt_level": 2, "report_level": 2}
        parts: dict[str, Any] = {**publish_parts(text, writer_name="html", settings_overrides=strict)}
    return parts["html_body"]


def rendered(path, seeds):
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config.setdefault("permuted", deepcopy(SECTION))
    config["train_test_collapse"] = deepcopy(TRAIN_TEST_SECTION)
    for study in ("warm_start", "permuted", "train_test_collapse"):
        config[study]["seeds"] = seeds
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    study = FIGURES[path.stem].study if path.stem in FIGURES else "warm_start"
    job = Job(config, study, drawing_rule(study, path.stem))
    return environment.from_string(path.read_text(encoding="utf-8")).render(snakemake=job)


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_caption_renders_as_snakemake_renders_it(path):
    body = as_html(rendered(path, [7, 8, 9]))
    assert "system-message" not in body
    assert "{{" not in body
    assert len(body) > 100


@pytest.mark.parametrize("left_out", ["warm_start", "permuted"])
def test_front_page_stands_without_either_study(left_out):
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    del config[left_out]
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    text = (ROOT / "workflow/report/workflow.rst").read_text(encoding="utf-8")
    page = environment.from_string(text).render(snakemake=SimpleNamespace(config=config))
    headings = {"warm_start": "Warm starting\n---", "permuted": "Permuted images\n---"}
    assert {study for study, heading in headings.items() if heading in page} == set(headings) - {left_out}
    publish_parts(page, writer="html", settings_overrides={"halt_level": 2, "report_level": 2})


@pytest.mark.parametrize("path", OF_STUDIES, ids=lambda p: p.stem)
def test_caption_says_data_set_and_number_of_seeds(path):
    one, three = rendered(path, [7]), rendered(path, [7, 8, 9])
    assert "digits" in one
    assert "3" in three
    assert "seeds" in three
    assert "1 seeds" not in " ".join(one.split())


@pytest.mark.parametrize("path", [p for p in OF_STUDIES if not p.stem.endswith("table")], ids=lambda p: p.stem)
def test_caption_of_a_figure_refers_to_the_paper(path):
    assert "2404.02719" in path.read_text(encoding="utf-8")


def rule_link(rule):
    return (
        f"<a class=\"reference external\" href=\"javascript:app.setView({{navbarMode:'ruleinfo',ruleinfo:'{rule}'}})\">"
    )


@pytest.mark.parametrize("figure", FIGURES)
def test_caption_of_a_figure_leads_to_its_tables_and_to_the_rules_that_made_it(figure):
    entry = FIGURES[figure]
    body = as_html(rendered(ROOT / f"workflow/report/{figure}.rst", [7, 8, 9]))
    folder = f"results/{entry.study}/digits"
    for table in entry.tables:
        source = SOURCES[entry.study][table]
        assert f">{folder}/{table}.parquet<" in body
        assert rule_link(source.rule) in body
        page = f"href=\"javascript:app.showResultInfo('{folder}/tables/{source.page}.html')\""
        assert (page in body) == bool(source.page)
    assert rule_link(drawing_rule(entry.study, figure)) in body
    assert body.count("ruleinfo:") == 1 + len(entry.tables)


def test_caption_of_a_summary_leads_to_its_figures_and_tables():
    body = as_html(rendered(ROOT / "workflow/report/summary.rst", [7, 8, 9]))
    link = f"javascript:app.showResultInfo('results/warm_start/digits/figures/{FIGURE}.svg')"
    assert f'<a class="reference external" href="{link}">plasticity gap</a>' in body
    assert "javascript:app.showCategory('Tables')" in body
    assert ":app." not in re.sub(r'href="[^"]*"', "", body)
