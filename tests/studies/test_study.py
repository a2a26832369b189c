"""A study describes itself in full: what it names exists, and its tables are made by the rules that it names."""

import re
from pathlib import Path

import pytest
import yaml

from of_studies import BY_SECTION
from plasticity.config.described import described_in
from plasticity.config.sections import usual_sections
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import closure
from plasticity.storage.schemas import SCHEMAS
from plasticity.studies import STUDIES, all_studies, sections_of
from plasticity.studies.configuration import schema, section_classes, typed_config

ROOT = Path(__file__).parents[2]
every_study = pytest.mark.parametrize("study", all_studies().values(), ids=lambda study: study.name)


def test_every_study_has_its_section() -> None:
    sections = usual_sections(section_classes())
    assert {study.section: name for name, study in all_studies().items()} == {
        section: kind.study_name for section, kind in sections.items()
    }


def test_sections_are_instances_of_studies() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["again"] = {**config["permuted"], "study": "continual", "seeds": [7]}
    config["studies"] = ["warm_start", "again"]
    checked = typed_config(config, root=ROOT)
    found = sections_of(checked.mapping)
    assert {section: study.name for section, study in found.items()} == {
        "warm_start": "warm_start",
        "again": "continual",
    }
    plan = found["again"].plan_of(checked, "again")
    assert plan.folder == "results/again/digits"
    assert list(plan.groups) == ["seeds7-7"]


@every_study
def test_what_a_study_names_exists(study) -> None:
    names = [
        study.plan,
        study.settings,
        study.figure_tables,
        study.ran,
        study.correlate,
        study.kept.outcomes,
        study.kept.correlations,
    ]
    names += [finding.function for finding in study.findings]
    names += [name for name in (study.find_causes, study.explain, study.kept.more) if name]
    assert all(callable(study.load(name)) for name in names)
    assert {"metrics", "correlations", study.correlated} <= set(study.tables)
    assert bool(study.find_causes) == ("causes" in study.tables)
    assert bool(study.explain) == ("explanations" in study.tables)
    assert {table.schema for table in study.tables.values()} <= set(SCHEMAS)
    assert study.axis.column in {column.name for column in SCHEMAS[study.tables["metrics"].schema]}
    assert study.published.is_file()


@every_study
def test_tables_come_from_the_rules_that_write_them_and_are_shown_by_pages_that_read_them(study) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")]
    for name, table in study.tables.items():
        (rule,) = [
            found
            for text in texts
            for found in re.findall(rf"^rule {table.rule}:\n(.*?)(?=^rule |\Z)", text, flags=re.MULTILINE | re.DOTALL)
        ]
        assert f"/{name}.parquet" in rule.partition("output:")[2].partition("log:")[0]
        assert not table.page or name in study.pages[table.page].tables
    assert {table.page for table in study.tables.values()} - {""} <= set(study.pages)


@every_study
def test_figures_and_pages_read_tables_that_the_study_has(study) -> None:
    for described in (*study.figures.values(), *study.pages.values()):
        assert set(described.tables) <= set(study.tables)
    assert {finding.figure for finding in study.findings} <= set(study.figures)
    assert set(study.figures) == set(schema()["properties"][study.section]["properties"]["figures"]["x-names"])


@every_study
def test_a_figures_code_covers_its_own_tables_and_no_other_figure(study) -> None:
    modules = {figure.module for other in BY_SECTION.values() for figure in other.figures.values()}
    for figure in study.figures.values():
        code = closure("plasticity.report.draw", study.shown_by, figure.module)
        assert code & modules == {figure.module}
        assert study.shown_by in closure(figure.module) or figure.module.startswith("plasticity.studies.figures.")


def test_what_a_study_says_of_itself_makes_no_stage_stale() -> None:
    code = closure("plasticity.studies.warm_start.correlate", "plasticity.stages.warm_up")
    assert not code & {"plasticity.studies", "plasticity.studies.warm_start", "plasticity.studies.study"}
    assert len(STUDIES) == len(all_studies())


@pytest.mark.parametrize("text", ["x = 1", '"""Title."""\n', "TABLES = ('metrics',)"])
def test_a_file_that_does_not_describe_itself_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(PlasticityError, match=r"mine\.py: expected a docstring and the tables"):
        described_in(tmp_path, "mine")
