"""Rules and the scripts they call, as texts: each rule is complete, each script short and the rule's own."""

import ast
import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from plasticity.jobs.fingerprint import closure

WORKFLOW = Path(__file__).parents[2] / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))


@dataclass(frozen=True)
class Rule:
    """A rule's name and the text of each of its sections."""

    name: str
    sections: dict[str, str]

    @property
    def script(self) -> Path:
        """The file that the rule runs."""
        (name,) = re.findall(r'"\.\./scripts/(\w+\.py)"', self.sections["script"])
        return WORKFLOW / "scripts" / name

    def names(self, section: str) -> set[str]:
        """Names that a section gives to its entries, not those inside their parentheses."""
        depth, found = 0, set()
        for line in self.sections.get(section, "").splitlines():
            if depth == 0 and (match := re.match(r"\s*(\w+)=", line)):
                found.add(match[1])
            depth += sum(line.count(sign) for sign in "([{") - sum(line.count(sign) for sign in ")]}")
        return found


@cache
def _rules() -> tuple[Rule, ...]:
    found: list[Rule] = []
    for path in sorted((WORKFLOW / "rules").glob("*.smk")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^( *)rule(?: (\w+))?:\n((?:\1 +.*\n|\n)+)", text, flags=re.MULTILINE):
            indent, name, body = match[1] + "    ", match[2], match[3]
            sections = re.split(rf"^{indent}(\w+):", body, flags=re.MULTILINE)
            parts = dict(zip(sections[1::2], sections[2::2], strict=True))
            if name is None:  # a rule made in a loop, such as "export_{training}"; a function names those of figures
                names = re.findall(r'f"([^"]+)"', parts["name"]) or [Rule("", parts).script.stem]
                name = re.sub(r"[{}]", "", names[0])
            found.append(Rule(name, parts))
    return tuple(found)


RULES = {rule.name: rule for rule in _rules()}
FILES = {name: rule for name, rule in RULES.items() if "output" in rule.sections}  # all but verify, which only reads


def _stage(script: Path) -> tuple[str, str]:
    """Return module and function that a script imports and calls."""
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("plasticity."):
            functions = [alias.name for alias in node.names if alias.name[0].islower()]
            if functions != ["log_to"]:
                (function,) = functions
                return node.module, function
    raise AssertionError(f"{script} imports no stage")


def _calls(script: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


def test_the_rules_are_found() -> None:
    assert len(RULES) == len(_rules()) >= 14
    assert {"prepare_data", "warm_up", "fine_tune", "draw_figures", "tabulate_warm_start", "show_config"} <= set(RULES)
    assert {"first_task", "following_tasks", "assemble_permuted"} <= set(RULES)


def test_every_rule_has_its_script_and_every_script_its_rule() -> None:
    assert {rule.script for rule in RULES.values()} == set(SCRIPTS)
    for name, rule in RULES.items():
        stem = rule.script.stem
        assert name == stem or ("name" in rule.sections and name.startswith(stem.split("_")[0] + "_"))


@pytest.mark.parametrize("name", FILES)
def test_every_rule_says_where_it_logs_what_it_costs_and_what_it_does(name: str) -> None:
    sections = RULES[name].sections
    assert {"output", "log", "benchmark", "conda", "params", "message", "script"} <= set(sections)
    assert re.search(r'f"logs/.*\.log"', sections["log"])
    assert re.search(r'f"\{\w+\}/benchmarks/.*\.tsv"', sections["benchmark"])
    assert re.search(r'"[A-Z{].+"', sections["message"])


@pytest.mark.parametrize("name", FILES)
def test_logs_and_benchmarks_have_the_wildcards_of_the_outputs(name: str) -> None:
    sections = RULES[name].sections
    parts = {part: sections[part] for part in ("output", "log", "benchmark")}
    wildcards = {part: set(re.findall(r"\{\{(\w+)\}\}", text)) for part, text in parts.items()}
    assert wildcards["log"] == wildcards["benchmark"] == wildcards["output"]


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_covers_the_stage_that_the_script_calls(name: str) -> None:
    rule = RULES[name]
    _, arguments = re.split(r"\bcode=(?:lambda wildcards: )?fingerprint\(", rule.sections["params"])
    modules = re.findall(r'"(plasticity\.[\w.]+)"', arguments)
    module, _ = _stage(rule.script)
    assert module in closure(*modules)
    assert modules[0] == module


def test_the_fingerprint_covers_the_schemas_of_the_tables_that_a_stage_writes() -> None:
    for rule in FILES.values():
        named = set(re.findall(r"tables=\(([^)]*)\)", rule.sections["params"]))
        declared = set(re.findall(r'"(\w+)"', " ".join(named)))
        function = getattr(importlib.import_module(_stage(rule.script)[0]), _stage(rule.script)[1])
        own = inspect.getsource(inspect.getmodule(function) or function)
        written = set(re.findall(r'write_table\([^"]*?"(\w+)"', own))
        if function.__name__.startswith("assemble"):
            written = set(re.findall(r'write_table\([^"]*?"(\w+)"', inspect.getsource(function)))
        assert declared == written, rule.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_is_short_and_logs(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
    tree = ast.parse(text)
    imports, work = tree.body[:-1], tree.body[-1]
    assert all(isinstance(node, ast.Import | ast.ImportFrom) for node in imports)
    assert isinstance(work, ast.With)
    assert ast.unparse(work.items[0].context_expr) == "log_to(snakemake.log[0])"
    assert len(work.body) == 1


@pytest.mark.parametrize("name", RULES)
def test_a_script_takes_from_the_rule_only_what_it_has(name: str) -> None:
    rule = RULES[name]
    text = rule.script.read_text(encoding="utf-8")
    for section in ("input", "output", "params"):
        used = set(re.findall(rf"snakemake\.{section}\.(\w+)", text)) - {"items"}
        assert used <= rule.names(section)
    taken = set(re.findall(r"snakemake\.wildcards\.(\w+)", text))
    assert taken <= set(re.findall(r"\{\{(\w+)\}\}", rule.sections["log"]))  # Snakemake wants all wildcards in the log
    assert ("snakemake.threads" in text) <= ("threads" in rule.sections)


@pytest.mark.parametrize("name", FILES)
def test_a_script_hands_on_every_parameter_of_its_rule(name: str) -> None:
    rule = RULES[name]
    text = rule.script.read_text(encoding="utf-8")
    used = set(re.findall(r"snakemake\.params\.(\w+)", text))
    assert rule.names("params") - {"code"} == used - {"code"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_scripts_calls_fit_the_signatures(script: Path) -> None:
    module = importlib.import_module(_stage(script)[0])
    bound = 0
    for call in _calls(script):
        target: Any = getattr(module, ast.unparse(call.func), None)
        if callable(target) and target is not Path:
            inspect.signature(target).bind(*call.args, **{str(k.arg): k.value for k in call.keywords})
            bound += 1
    assert bound >= 1
