"""What a stage's Python says, as a digest: Snakemake sees it as a parameter and reruns the stage when it changes.

Snakemake's own code trigger sees whether a rule's script is newer than its outputs, as it is after a checkout, and not
the modules that the script imports; profiles/default leaves it out. The digest covers the module of the stage, the
modules of the components that its settings name, and all that these import, in their normal form
(`plasticity.jobs.normal_form`): an edited line marks the stage stale, while a comment, a docstring, formatting or
another version of Python does not. A component that the settings do not name has no part in it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from plasticity.config.component import FOLDERS, known
from plasticity.config.landscape_section import MEASURED_BY
from plasticity.config.own_code import distribution_digest
from plasticity.config.settings import Settings
from plasticity.jobs.sources import Source, Sources
from plasticity.storage.schemas import SCHEMAS

Used = frozenset[tuple[str, str]]
"""Kind and name of components, such as ("penalty", "nc1") or ("model", "my_lab.nets:WideNet")."""

# Plumbing that carries numbers without making them. A new column of one table must not retrain every network: the
# schema of the tables that a stage writes is part of its digest instead. What a configuration says arrives as settings.
_CARRIERS = (
    "config",
    "errors",
    "jobs.adapter",
    "jobs.fingerprint",
    "jobs.gpus",
    "jobs.live_curves",
    "jobs.logs",
    "jobs.progress",
    "jobs.stopping",
    "jobs.usage",
    "storage.files",
    "storage.manifests",
    "storage.provenance",
    "storage.schemas",
    "storage.tables",
    "studies.study",
    "studies.study_figures",
)
_MEASURED = "measured"  # what stands for a kind of components in `Used`
_SCANNING = {"metrics.evaluate": "metrics/declared"}
"""Module that imports every file of a folder by its name -> the folder."""
_DESCRIPTIONS = {"", "metrics", "studies"}
"""Packages that stand for more than a stage uses: what notebooks import, and what describes studies."""
_LISTS = {"hooks": "hook", "metrics": "metric"}
"""Key of a configuration that lists components -> their kind."""


@cache
def fingerprint(*modules: str, tables: tuple[str, ...] = (), used: Used = frozenset()) -> str:
    """Return a digest of the modules, of everything of this package they import, and of the tables' schemas.

    Args:
        modules: Dotted names, such as "plasticity.stages.fine_tune".
        tables: Names of the tables that the stage writes.
        used: Components that the stage uses: `components_in` of its settings.

    Raises:
        ModuleNotFoundError: If a module does not exist in the package.
    """
    return digest(_sources(), modules, tables, used)


@cache
def closure(*modules: str, used: Used = frozenset()) -> frozenset[str]:
    """Return the modules that the given ones and the components import, directly or not, themselves included."""
    return frozenset(source.name for source in _closure(_sources(), modules, used))


def components_in(settings: Any) -> Used:
    """Return the components that a stage's settings name, wherever in them; typed settings or plain mappings."""
    return frozenset(_named(settings.plain() if isinstance(settings, Settings) else settings))


def digest(sources: Sources, modules: Iterable[str], tables: Iterable[str], used: Used) -> str:
    """Return a fingerprint of modules of the given sources."""
    found = hashlib.sha256()
    for source in sorted(_closure(sources, modules, used), key=lambda source: source.name):
        found.update(f"{source.name}:{source.normal_form}\n".encode())
    for name in sorted(name for _, name in used if ":" in name):
        module = name.partition(":")[0]
        known_by = "" if sources.get(module) else distribution_digest(module.partition(".")[0])
        found.update(f"{name}:{known_by}\n".encode())
    for table in tables:
        found.update(ascii(SCHEMAS[table]).encode())
    return found.hexdigest()[:16]


@cache
def _sources() -> Sources:
    return Sources(Path(__file__).parents[1])


def _closure(sources: Sources, modules: Iterable[str], used: Used) -> list[Source]:
    waiting = [*modules, *_modules_of(used)]
    for name in modules:
        if sources.get(name) is None:
            raise ModuleNotFoundError(f"no module {name} in {sources.package}")
    found: dict[str, Source] = {}
    while waiting:
        name = waiting.pop()
        source = sources.get(name)
        if name not in found and source is not None and not _carries(source):
            found[name] = source
            waiting += [*sources.imports(name), *sources.modules_in(_SCANNING.get(_within(source), ""))]
    return list(found.values())


def _carries(source: Source) -> bool:
    if not source.of_package:
        return False
    name = _within(source)
    describes = name in _DESCRIPTIONS or (source.is_package and name.startswith("studies."))
    tables = name.endswith("columns")  # of which a stage's own come as `tables`
    return describes or tables or any(name == each or name.startswith(f"{each}.") for each in _CARRIERS)


def _within(source: Source) -> str:
    """Return the name of a module of this package without the package's; empty for the package and for other code."""
    return source.name.partition(".")[2] if source.of_package else ""


def _modules_of(used: Used) -> Iterator[str]:
    for kind, name in used:
        # A name with a colon is of the user's own code, whatever its kind.
        where = name if ":" in name else (MEASURED_BY if kind == _MEASURED else known(kind)).get(name, "")
        if where:
            yield where.partition(":")[0]


def _named(settings: Any) -> Iterator[tuple[str, str]]:
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            kind = _LISTS.get(str(key), str(key))
            if kind in FOLDERS:
                yield from ((kind, name) for name in _names(value))
            if key in MEASURED_BY and isinstance(value, Mapping):
                yield _MEASURED, str(key)
            yield from _named(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _named(value)


def _names(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list | tuple) else [value]:
        name = each.get("name") if isinstance(each, Mapping) else each
        if isinstance(name, str):
            yield name
