"""What a stage's Python says, as a digest: Snakemake sees it as a parameter and reruns the stage when it changes.

Snakemake's own code trigger sees the text of a rule's script, not the modules that the script imports. The digest
covers the stage's import closure inside this package, as parsed trees without docstrings, so that an edited line
marks the stage stale while a comment, a docstring or formatting does not.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from plasticity.schemas import SCHEMAS

_ROOT = Path(__file__).parent
_PACKAGE = _ROOT.name
_EMPTY = ast.dump(ast.parse(""))

# Plumbing that carries numbers without making them. A new column of one table must not retrain every network; the
# schema of the tables that a stage writes is part of its digest instead.
_CARRIERS = ("errors", "files", "job_usage", "logs", "progress", "provenance", "schemas", "stopping", "tables")
_SCHEMAS = tuple(f"schemas.{path.stem}" for path in _ROOT.glob("schemas/*.py"))
# The package itself is what notebooks import.
_PLUMBING = {_PACKAGE, *(f"{_PACKAGE}.{name}" for name in (*_CARRIERS, *_SCHEMAS, "training.gpus"))}


@cache
def fingerprint(*modules: str, tables: tuple[str, ...] = ()) -> str:
    """Return a digest of the modules, of everything of this package they import, and of the tables' schemas.

    Args:
        modules: Dotted names, such as "plasticity.fine_tune".
        tables: Names of the tables that the stage writes.

    Raises:
        ModuleNotFoundError: If a module does not exist in the package.
    """
    digest = hashlib.sha256()
    for name in sorted(closure(*modules)):
        digest.update(f"{name}:{_normalised(_path(name))}".encode())
    for table in tables:
        digest.update(repr(SCHEMAS[table]).encode())
    return digest.hexdigest()[:16]


@cache
def closure(*modules: str) -> frozenset[str]:
    """Return the modules of this package that the given ones import, directly or not, themselves included."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name in _PLUMBING:
            continue
        found.add(name)
        waiting += _imports(name)
    return frozenset(found)


def _imports(module: str) -> set[str]:
    path = _path(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = _packages_around(module)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from package.module import name`: the name may itself be a module
            source = _absolute(node, package)
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == _PACKAGE and _exists(name)}


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")[: 1 - node.level or None]
    return ".".join([*base, *([node.module] if node.module else [])])


def _packages_around(module: str) -> set[str]:
    """Return the packages whose `__init__` runs before the module and does more than describe itself."""
    parts = module.split(".")
    around = {".".join(parts[:length]) for length in range(1, len(parts))}
    return {name for name in around if _exists(name) and _normalised(_path(name)) != _EMPTY}


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
def _normalised(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
