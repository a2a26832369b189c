"""The rules as texts: each is complete, exists once under a name of its own, and runs a stage that there is."""

import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from plasticity.studies import all_studies

ROOT = Path(__file__).parents[2]
NAMES = (*(ROOT / "workflow/rules").glob("*.smk"), ROOT / "Snakefile")


@dataclass(frozen=True)
class Rule:
    """A rule's name, its docstring and the text of each of its sections."""

    name: str
    docstring: str
    sections: dict[str, str]

    @property
    def stages(self) -> set[str]:
        """What the rule runs: "module:function"; of every study where the study says it."""
        param = self.sections["params"]
        named = re.findall(r'stage="([^"]+)"', param)
        own = re.findall(r"stage=lambda wildcards: study\(wildcards\).dotted\(study\(wildcards\).(\w+)\)", param)
        studies = all_studies().values()
        return {*named, *(study.dotted(getattr(study, key)) for key in own for study in studies if getattr(study, key))}


@cache
def _rules() -> tuple[Rule, ...]:
    found: list[Rule] = []
    for path in sorted(NAMES):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^ +rule\b", text, flags=re.MULTILINE), f"{path}: a rule in a loop"
        for name, body in re.findall(r"^rule (\w+):\n((?: +.*\n|\n)+)", text, flags=re.MULTILINE):
            docstring = re.match(r' {4}"""(.+)"""\n', body)
            parts = re.split(r"^ {4}(\w+):", body, flags=re.MULTILINE)
            found.append(
                Rule(name, docstring[1] if docstring else "", dict(zip(parts[1::2], parts[2::2], strict=True)))
            )
    return tuple(found)


RULES = {rule.name: rule for rule in _rules()}
RUN = {name: rule for name, rule in RULES.items() if "script" in rule.sections}
FILES = {name: rule for name, rule in RUN.items() if "output" in rule.sections}  # all but verify, which only reads
TARGETS = {"all", "warm_start", "continual", "train_test_collapse", "agents", "locomotion", "reproduction_page"}


def test_the_rules_are_found_and_exist_once() -> None:
    assert len(RULES) == len(_rules())
    assert set(RULES) - set(RUN) == TARGETS
    assert {"prepare_data", "warm_up", "fine_tune", "first_task", "pre_train", "correlate", "draw_figures"} <= set(RUN)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_what_it_makes(name: str) -> None:
    assert re.fullmatch(r"[A-Z].+\.", RULES[name].docstring)


@pytest.mark.parametrize("name", FILES)
def test_every_rule_says_where_it_logs_what_it_costs_and_what_it_does(name: str) -> None:
    sections = FILES[name].sections
    assert {"output", "log", "benchmark", "conda", "params", "message", "script"} <= set(sections)
    assert re.search(r'f"(logs/|\{LOGS\}).*\.log"', sections["log"])
    assert re.search(r'f"\{\w+\}/benchmarks/.*\.tsv"', sections["benchmark"])
    assert re.search(r'"[A-Z{].+"', sections["message"])
    assert sections["script"].strip() == '"../scripts/stage.py"'


@pytest.mark.parametrize("name", FILES)
def test_logs_and_benchmarks_have_the_wildcards_of_the_outputs(name: str) -> None:
    parts = {part: FILES[name].sections[part] for part in ("output", "log", "benchmark")}
    wildcards = {
        part: set(
            re.findall(
                r"(?<!\{)\{\{?(\w+)\}",
                text.partition("caption=")[0].replace("{RESULTS}", "{{study}}").replace("{LOGS}", "{{study}}"),
            )
        )
        - {"DATA", "DATASET", "PREPARED", "figure"}
        for part, text in parts.items()
    }
    assert wildcards["log"] == wildcards["benchmark"] | ({"study"} & wildcards["log"])
    assert wildcards["log"] == wildcards["output"]


@pytest.mark.parametrize("name", RUN)
def test_a_rule_runs_a_stage_and_tracks_its_code(name: str) -> None:
    rule = RUN[name]
    assert rule.stages
    for stage in rule.stages:
        module, _, function = stage.partition(":")
        target = getattr(importlib.import_module(module), function)
        assert list(inspect.signature(target).parameters) == ["job"]
        assert target.__doc__
        params = rule.sections["params"]
        assert f'"{module}"' in params.partition("code=")[2] or "dotted" in params or "PREPARED_BY." in params


def test_every_first_task_waits_for_the_check_of_the_data() -> None:
    inputs = {
        name: re.findall(r"^ {8}(\w+)=", rule.sections.get("input", ""), re.MULTILINE) for name, rule in RUN.items()
    }
    first = {name for name, names in inputs.items() if "data" in names and set(names) <= {"data", "checked"}}
    assert first == {name for name, names in inputs.items() if "checked" in names} >= {"draw_split", "pre_train"}


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_covers_the_schemas_of_the_tables_that_a_stage_writes(name: str) -> None:
    rule = FILES[name]
    declared = set(re.findall(r'"(\w+)"', " ".join(re.findall(r"tables=\(([^)]*)\)", rule.sections["params"]))))
    for stage in rule.stages:
        module = importlib.import_module(stage.partition(":")[0])
        sources = [inspect.getsource(module)]
        if "assemble" in stage:  # a module for two tables
            run = inspect.getsource(getattr(module, stage.partition(":")[2]))
            sources = [inspect.getsource(getattr(module, each)) for each in re.findall(r"\b(assemble_\w+)\(", run)]
        if not stage.startswith("plasticity.studies.kept_runs"):  # its tables are written by the run
            named = r'(?:write_table\((?:[^"()]|\([^"()]*\))*|\b(?:find_)?table\()"(\w+)"'
            assert declared == {each for text in sources for each in re.findall(named, text)}
