"""What of a registry a stage uses: a new model or penalty must not retrain the networks that have no part in it.

A registry is a dictionary at the top of a module, from the names that a configuration may say to functions. Of its
entries, those that a stage's settings do not name are left out of the stage's fingerprint, with what only they need.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

Used = frozenset[tuple[str, str]]
"""Pairs of a registry and an entry; a registry that is in no pair is used whole."""

_REGISTRIES = {"reader": "READERS", "model": "MODELS", "penalty": "PENALTIES", "intervention": "INTERVENTIONS"}
"""Key of a configuration -> the registry that it names an entry of."""


def entries_in(settings: Any) -> Used:
    """Return the entries that a stage's settings name, wherever in them; of the other registries none is used."""
    return frozenset({*((registry, "") for registry in _REGISTRIES.values()), *_named(settings)})


def _named(settings: Any) -> Iterator[tuple[str, str]]:
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            name = value.get("name") if isinstance(value, Mapping) else value
            if key in _REGISTRIES and isinstance(name, str):
                yield _REGISTRIES[key], name
            yield from _named(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _named(value)


def prune(tree: ast.Module, used: Used, *, needed: frozenset[str] = frozenset()) -> ast.Module:
    """Take the unused entries out of the registries of a module, and every definition that only they refer to.

    Args:
        tree: The parsed module; it is changed.
        used: The entries that stay.
        needed: Names that other modules import from it; they stay.
    """
    dropped = [value for statement in tree.body for value in _without_unused(statement, used)]
    suspects = _reachable(tree, {name for value in dropped for name in _names(value)})
    others = [statement for statement in tree.body if not _defined(statement) & suspects]
    kept = _reachable(tree, {name for statement in others for name in _names(statement)} | set(needed))
    gone = suspects - kept
    tree.body = [left for statement in tree.body if (left := _without(statement, gone)) is not None]
    return tree


def _without_unused(statement: ast.stmt, used: Used) -> list[ast.expr]:
    """Take the unused entries out of a registry's definition; return their values."""
    names = _defined(statement) & {registry for registry, _ in used}
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if not names or not isinstance(value, ast.Dict):
        return []
    (registry,) = names
    pairs = list(zip(value.keys, value.values, strict=True))
    unused = [isinstance(key, ast.Constant) and (registry, key.value) not in used for key, _ in pairs]
    value.keys = [key for (key, _), out in zip(pairs, unused, strict=True) if not out]
    value.values = [entry for (_, entry), out in zip(pairs, unused, strict=True) if not out]
    return [entry for (_, entry), out in zip(pairs, unused, strict=True) if out]


def _reachable(tree: ast.Module, names: set[str]) -> set[str]:
    """Return what of the module the given names refer to, directly or not, themselves included."""
    found: set[str] = set()
    waiting = names
    while waiting:
        defining = [statement for statement in tree.body if _defined(statement) & waiting]
        found |= {name for statement in defining for name in _defined(statement) & waiting}
        waiting = {name for statement in defining for name in _names(statement)} - found
        waiting &= {name for statement in tree.body for name in _defined(statement)}
    return found


def _defined(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a module gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def _without(statement: ast.stmt, gone: set[str]) -> ast.stmt | None:
    """Return a statement without the names that are gone; None when nothing is left of it."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        statement.names = [alias for alias in statement.names if (alias.asname or alias.name) not in gone]
        return statement if statement.names else None
    defined = _defined(statement)
    return None if defined and defined <= gone else statement
