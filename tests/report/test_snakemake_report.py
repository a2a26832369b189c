"""The graph of stages has every rule once, and a rule's software is what ran."""

from types import SimpleNamespace
from typing import Any

from plasticity.report.snakemake_report import graph_of_stages, improve_report

ASKED = {"dependencies": ["python >=3.11"]}


def dag(**made_by: str) -> Any:
    """Return a graph of jobs, given as job -> the jobs that it takes; a job's rule is its name without its number."""
    jobs: Any = {job: SimpleNamespace(rule=SimpleNamespace(name=job.rstrip("123")), key=job) for job in made_by}
    taken = {job: names.split() for job, names in made_by.items()}
    depth: dict[str, int] = {}
    for job, names in taken.items():  # what a job takes stands before it
        depth[job] = max((depth[name] + 1 for name in names), default=0)
    levels = [[jobs[job] for job in made_by if depth[job] == level] for level in range(max(depth.values()) + 1)]
    dependencies = _ByName({job: [jobs[name] for name in names] for job, names in taken.items()})
    return SimpleNamespace(toposorted=lambda: iter(levels), dependencies=dependencies)


class _ByName(dict[str, Any]):
    def __getitem__(self, job: Any) -> Any:
        return super().__getitem__(job.key)


def links(spec: dict[str, list[dict[str, Any]]], kind: str) -> set[tuple[str, str]]:
    rules = [node["rule"] for node in spec["nodes"]]
    for link in spec[kind]:
        assert (rules[link["source"]], rules[link["target"]]) == (link["sourcerule"], link["targetrule"])
    return {(link["sourcerule"], link["targetrule"]) for link in spec[kind]}


def test_a_rule_that_runs_at_several_depths_has_one_node() -> None:
    spec, width, height = graph_of_stages(
        dag(
            data="",
            train1="data",
            train2="train1",
            draw1="train1",
            draw2="train2",
            draw3="data",
            all="draw1 draw2 draw3",
        )
    )
    assert [node["rule"] for node in spec["nodes"]] == ["data", "train", "draw", "all"]
    assert links(spec, "links_direct") == {("data", "train"), ("train", "draw"), ("draw", "all")}
    assert links(spec, "links") == set()  # data reach what is drawn over what is trained
    assert (width, height) == (100, spec["nodes"][-1]["fy"])


def test_links_that_a_longer_way_implies_are_left_out() -> None:
    spec, _, _ = graph_of_stages(dag(a="", b="a", c="a", d="b c a", e="d c"))
    assert links(spec, "links_direct") == {("a", "b"), ("c", "d"), ("d", "e")}
    assert links(spec, "links") == {("a", "c"), ("b", "d")}


def reporter(rules: dict[str, Any]) -> Any:
    """Return a module like Snakemake's, and in `shown` what its report has rendered."""

    class Reporter:
        def render(self) -> None:
            module.shown = {name: rule.conda_env for name, rule in rules.items()}

    Reporter.rules = rules  # pyright: ignore[reportAttributeAccessIssue]
    module = SimpleNamespace(Reporter=Reporter, rulegraph_spec=None, shown=None)
    return module


def test_software_is_what_ran_for_the_rules_of_this_workflow_alone() -> None:
    other = {"dependencies": ["samtools"]}
    rules = {name: SimpleNamespace(conda_env=asked) for name, asked in {"ours": ASKED, "theirs": other}.items()}
    module = reporter(rules)
    for ran in (["torch 2.9"], ["torch 2.8"]):  # a second workflow of the same process changes nothing
        improve_report(module, asked=ASKED, ran=lambda ran=ran: ran)
    module.Reporter().render()
    assert module.shown == {"ours": {"dependencies": ["torch 2.9"]}, "theirs": other}
    assert module.rulegraph_spec is graph_of_stages


def test_before_anything_ran_the_software_is_what_is_asked_for() -> None:
    module = reporter({"ours": SimpleNamespace(conda_env=ASKED)})
    improve_report(module, asked=ASKED, ran=list)
    module.Reporter().render()
    assert module.shown == {"ours": ASKED}
