"""The captions of figures and tables: the docstring of the module that makes them, with the run's own values.

Snakemake renders the file of a caption by Jinja. That of figures and tables is one line, `{{ caption(snakemake) }}`,
which is answered here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from plasticity.config.own_figures import file_name

_VIEW = "javascript:app.setView({{navbarMode:'ruleinfo',ruleinfo:'{rule}'}})"
_FEW = {1: "intervals over seeds (one seed has none)", 2: "the range of the two seeds"}  # as `over_seeds` has them
_RESULT = "javascript:app.showResultInfo('{path}')"


def caption(snakemake: Any, what: Any, study: Any) -> str:
    """Return a caption in reStructuredText.

    Args:
        snakemake: Job and configuration as Snakemake gives them to captions.
        what: The module as it describes itself: title, caption, tables.
        study: The study that it is of: title, tables.
    """
    config, section = snakemake.config, snakemake.config[snakemake.wildcards.study]
    head = ", ".join([config["dataset"]["name"], *_network(section)])
    title = what.title if what.title.endswith("?") else f"{what.title};"
    text = filled_caption(what, section)
    sources = " and\n".join(_source(getattr(snakemake.input, name), study.tables[name]) for name in what.tables)
    return f"**{title}** {head}.\n\n{text}\n\n*Source.* {sources},\nmade by {_rule(snakemake.rule)}.\n"


def filled_caption(what: Any, section: Mapping[str, Any]) -> str:
    """Return the caption of a module that describes itself, with the values of a section of the configuration."""
    environment = Environment(undefined=StrictUndefined)
    environment.filters["percent"] = _percent
    return environment.from_string(what.caption).render(**_values(section))


def captions_of(studies: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Callable[[Any], str]:
    """Return the function `caption` of the caption files.

    It knows no configuration but the job's: Jinja has it once in a process, for all workflows that use this one as a
    module.

    Args:
        studies: Returns the study of every section of a configuration, with its `pages`, and the figures that are
            `drawn`, as they describe themselves.
    """

    def of_job(snakemake: Any) -> str:
        wildcards, config = snakemake.wildcards, snakemake.config
        study = studies(config)[wildcards.study]
        figure = getattr(wildcards, "figure", None)
        if figure is None:
            return caption(snakemake, study.pages[wildcards.page], study)
        drawn = study.drawn(config[wildcards.study]["figures"])
        return caption(snakemake, next(what for name, what in drawn.items() if file_name(name) == figure), study)

    return of_job


def _values(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return what captions say of a section: seeds, intervals and their level, and all the rest by `study`."""
    seeds, confidence = section["seeds"], _percent(section["analysis"]["confidence"])
    counted = f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}"
    return {
        "study": section,
        "seeds": counted,
        "n": f"n = {counted} ({', '.join(map(str, seeds))})",
        "confidence": confidence,
        "intervals": _FEW.get(len(seeds), f"Student's t intervals over seeds at {confidence}"),
    }


def _percent(fraction: float) -> str:
    return f"{100 * fraction:g} %"


def _network(section: Mapping[str, Any]) -> list[str]:
    """Return the network's name, if all arms have the same."""
    return [] if any("model" in arm for arm in section["arms"].values()) else [section["model"]["name"]]


def _source(path: str, table: Any) -> str:
    """Return a table's file with links to its page and its rule."""
    page = path.replace(path.rpartition("/")[2], f"tables/{table.page}.html")
    links = [f"`as a page <{_RESULT.format(path=page)}>`__"] if table.page else []
    return f"``{path}``\n({', '.join([*links, _rule(table.rule)])})"


def _rule(name: str) -> str:
    return f"`rule {name} <{_VIEW.format(rule=name)}>`__"
