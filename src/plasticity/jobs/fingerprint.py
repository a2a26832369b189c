"""What a stage's Python says, as a digest: Snakemake sees it as a parameter and reruns the stage when it changes.

Snakemake's own code trigger sees whether a rule's script is newer than its outputs, as it is after a checkout, and not
the modules of the stage; profiles/default leaves it out. The digest covers the stage's import closure inside this
package, as parsed trees without docstrings, so that an edited line marks the stage stale while a comment, docstring or
formatting does not. Of a registry, such as that of the models, the entries that the stage's settings do not name are
left out (`plasticity.jobs.entries`).
"""

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

from plasticity.jobs.entries import Used, prune
from plasticity.storage.schemas import SCHEMAS

_ROOT = Path(__file__).parents[1]
_PACKAGE = _ROOT.name
_EMPTY = ast.dump(ast.parse(""))

# Plumbing that carries numbers without making them. A new column of one table must not retrain every network; the
# columns of the tables that a stage writes are part of its digest instead.
_CARRIERS = (
    "errors",
    "jobs.adapter",
    "jobs.gpus",
    "jobs.logs",
    "jobs.progress",
    "jobs.stopping",
    "jobs.usage",
    "storage.files",
    "storage.manifests",
    "storage.provenance",
    "storage.schemas",
    "storage.tables",
    "studies",
    "studies.described",
    "studies.study",
)
# What a study says of itself reaches a stage by the parameters of its rule.
_STUDIES = tuple(f"studies.{path.parent.name}" for path in _ROOT.glob("studies/*/__init__.py"))
# The package itself and that of the metrics are what notebooks import.
_PLUMBING = {_PACKAGE, f"{_PACKAGE}.metrics", *(f"{_PACKAGE}.{name}" for name in (*_CARRIERS, *_STUDIES))}
_COLUMNS = "columns"  # end of the names of modules that define tables
_LOADS = {f"{_PACKAGE}.metrics.evaluate": "metrics/declared"}
"""Module -> folder whose files it imports by their names at run time."""

_EVERYTHING: Used = frozenset()
_WHOLE = "*"


@cache
def fingerprint(*modules: str, tables: tuple[str, ...] = (), used: Used = _EVERYTHING) -> str:
    """Return a digest of the modules, of everything of this package they import, and of the tables' schemas.

    Args:
        modules: Dotted names, such as "plasticity.stages.fine_tune".
        tables: Names of the tables that the stage writes.
        used: Entries of registries that the stage uses (`plasticity.jobs.entries.entries_in` of its settings).

    Raises:
        ModuleNotFoundError: If a module does not exist in the package.
    """
    digest = hashlib.sha256()
    for name in sorted(closure(*modules, used=used)):
        digest.update(f"{name}:{_normalised(name, _used_in(name, used))}".encode())
    for table in tables:
        digest.update(repr(SCHEMAS[table]).encode())
    return digest.hexdigest()[:16]


@cache
def closure(*modules: str, used: Used = _EVERYTHING) -> frozenset[str]:
    """Return the modules of this package that the given ones import, directly or not, themselves included."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in _PLUMBING or name.endswith(_COLUMNS):
            continue
        found.add(name)
        waiting += _loaded_by(name)
        waiting += _imports(name, _used_in(name, used))
    return frozenset(found)


def _loaded_by(name: str) -> list[str]:
    """Return the modules that a module imports by their names at run time."""
    if name not in _LOADS:
        return []
    package = f"{_PACKAGE}.{_LOADS[name].replace('/', '.')}"
    return [f"{package}.{path.stem}" for path in sorted(_ROOT.glob(f"{_LOADS[name]}/[!_]*.py"))]


def _used_in(module: str, used: Used) -> Used:
    """Return the pairs whose registry the module has."""
    if not used:
        return used
    constants = set(re.findall(r"^[A-Z_]+\b", _path(module).read_text(encoding="utf-8"), flags=re.MULTILINE))
    return frozenset(pair for pair in used if pair[0] in constants)


def _tree(module: str, used: Used) -> ast.Module:
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    if not used or _WHOLE in _imported_from(module):
        return tree
    return prune(tree, used, needed=_imported_from(module))


@cache
def _imports(module: str, used: Used = _EVERYTHING) -> frozenset[str]:
    names = _packages_around(module)
    for node in ast.walk(_tree(module, used)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from package.module import name`: the name may itself be a module
            source = _absolute(node, module)
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == _PACKAGE and _exists(name))


@cache
def _imported_from(module: str) -> frozenset[str]:
    """Return the names that other modules of the package import from this one; `_WHOLE` where one imports it itself."""
    found: set[str] = set()
    for path in _ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if module.rpartition(".")[2] in text:
            importer = ".".join([_PACKAGE, *path.relative_to(_ROOT).with_suffix("").parts]).removesuffix(".__init__")
            found |= {name for node in ast.walk(ast.parse(text)) for name in _taken(node, module, importer)}
    return frozenset(found)


def _taken(node: ast.AST, module: str, importer: str) -> set[str]:
    """Return the names that a statement of another module imports from this one."""
    around = {module.rpartition(".")[0], module}  # of the package itself, too: a module is its attribute
    if isinstance(node, ast.Import):
        return {_WHOLE for alias in node.names if alias.name in around}
    if not isinstance(node, ast.ImportFrom):
        return set()
    source = _absolute(node, importer)
    whole = {_WHOLE for alias in node.names if f"{source}.{alias.name}" in around}
    return whole | {alias.name for alias in node.names if source == module}


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """Return the module that a statement of this module imports from."""
    if not node.level:
        return node.module or ""
    package = module if _path(module).name == "__init__.py" else module.rpartition(".")[0]
    base = package.split(".")[: 1 - node.level or None]
    return ".".join([*base, *([node.module] if node.module else [])])


def _packages_around(module: str) -> set[str]:
    """Return the packages whose `__init__` runs before the module and does more than describe itself."""
    parts = module.split(".")
    around = {".".join(parts[:length]) for length in range(1, len(parts))}
    return {name for name in around if _exists(name) and _normalised(name) != _EMPTY}


def _exists(name: str) -> bool:
    try:
        _path(name)
    except ModuleNotFoundError:
        return False
    return True


def _path(name: str) -> Path:
    base = _ROOT.joinpath(*name.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise ModuleNotFoundError(f"no module {name} in {_ROOT}")


@cache
def _normalised(module: str, used: Used = _EVERYTHING) -> str:
    tree = _tree(module, used)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
