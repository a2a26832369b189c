"""What Snakemake's report shows of a run, where its own choice says little.

What Snakemake 9 does, and what is done about it here:

- Its graph of rules has a node for each rule at every depth at which one of its jobs stands, so that a rule of several
  studies comes time and again. Here it has a node for each rule: the stages. Links that a longer way implies are left
  out.
- As a rule's software it names what `environment.yml` asks for, which may be ranges and need not have been used. Here
  it names the versions that made the tables.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

_APART = 50  # between two nodes, in the graph's units


def improve_report(reporter: Any, *, asked: Any, ran: Callable[[], list[str]]) -> None:
    """Change Snakemake's module `html_reporter` as this module says, once.

    Args:
        reporter: The module.
        asked: Content of `environment.yml`; of rules with another environment nothing is known.
        ran: Returns the packages that ran, with their versions; none where nothing has run yet.
    """
    render = reporter.Reporter.render
    if hasattr(render, "__wrapped__"):
        return

    @wraps(render)
    def with_software(self: Any) -> None:
        versions = ran()
        for rule in self.rules.values():
            if versions and rule.conda_env == asked:
                rule.conda_env = {"dependencies": versions}
        render(self)

    reporter.rulegraph_spec = graph_of_stages
    reporter.Reporter.render = with_software


def graph_of_stages(dag: Any) -> tuple[dict[str, list[dict[str, Any]]], int, int]:
    """Return nodes and links of the graph, a node per rule in the order in which their last jobs run, and its size.

    Args:
        dag: Snakemake's graph of jobs: `toposorted` has them level by level, `dependencies` what each takes.
    """
    depth: dict[str, int] = {}
    for place, level in enumerate(dag.toposorted()):
        depth |= {job.rule.name: place for job in level}
    rules = sorted(depth, key=lambda rule: (depth[rule], rule))
    places = {rule: place for place, rule in enumerate(rules)}
    pairs = {
        (places[made_by.rule.name], places[job.rule.name])
        for level in dag.toposorted()
        for job in level
        for made_by in dag.dependencies[job]
    }
    links = [
        {"source": source, "target": target, "sourcerule": rules[source], "targetrule": rules[target], "value": 1}
        for source, target in sorted(_without_detours(pairs))
    ]
    near = [link["target"] - link["source"] == 1 for link in links]
    spec = {
        "nodes": [{"rule": rule, "fx": 10, "fy": _APART * place} for rule, place in places.items()],
        "links": [link for link, beside in zip(links, near, strict=True) if not beside],
        "links_direct": [link for link, beside in zip(links, near, strict=True) if beside],
    }
    return spec, 100, _APART * (len(rules) - 1)


def _without_detours(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs of places that no way over places in between joins as well."""
    ways: set[tuple[int, int]] = set()
    kept: set[tuple[int, int]] = set()
    for source, target in sorted((pair for pair in pairs if pair[0] != pair[1]), key=lambda pair: pair[1] - pair[0]):
        if (source, target) not in ways:
            kept.add((source, target))
            before = {first for first, last in ways if last == source} | {source}
            after = {last for first, last in ways if first == target} | {target}
            ways |= {(first, last) for first in before for last in after}
    return kept
