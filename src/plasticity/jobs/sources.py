"""Modules as source: where their files are, and which other modules they import, followed without importing any.

Modules of this package lead to modules of this package. A module of the user's own code leads to this package and to
what lies in the same folder as its own package; installed packages are known by their distribution instead.
"""

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from plasticity.config.own_code import is_installed, root_of, source_of
from plasticity.jobs.normal_form import normal_form

PACKAGE = __name__.partition(".")[0]


class Source:
    """One module, read and parsed once.

    Args:
        name: Dotted name.
        path: Its file.
        root: Folder in which its package lies.
    """

    def __init__(self, name: str, path: Path, root: Path) -> None:
        self.name, self.path, self.root = name, path, root
        self.is_package = path.name == "__init__.py"
        self.of_package = _top(name) == PACKAGE

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def normal_form(self) -> str:
        """What the module says, in its normal form."""
        return normal_form(self.tree)

    @cached_property
    def imported(self) -> frozenset[str]:
        """Names that it imports anywhere, be they modules or what modules define, and the packages around it."""
        names = set(_packages_around(self.name))
        for node in _statements(self.tree):
            if isinstance(node, ast.Import):
                names |= {part for alias in node.names for part in (alias.name, *_packages_around(alias.name))}
            elif isinstance(node, ast.ImportFrom):
                # `from package.module import name`: the name may itself be a module
                source = self._absolute(node)
                names |= {source, *_packages_around(source)} | {f"{source}.{alias.name}" for alias in node.names}
        return frozenset(names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        """Return the module that a statement of this module imports from."""
        if not node.level:
            return node.module or ""
        package = self.name if self.is_package else self.name.rpartition(".")[0]
        base = package.split(".")[: 1 - node.level or None]
        return ".".join([*base, *([node.module] if node.module else [])])


class Sources:
    """The modules that can be followed.

    Args:
        package: Folder of this package.
    """

    def __init__(self, package: Path) -> None:
        self.package = package
        self._found: dict[str, Source | None] = {}

    def get(self, name: str) -> Source | None:
        """Return a module; None where nothing is to be read: no module, no source, an installed package."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def imports(self, name: str) -> set[str]:
        """Return the modules that a module imports, as far as they are followed."""
        source = self.get(name)
        if source is None:
            return set()
        return {each for each in source.imported if _is_near(each, source) and self.get(each) is not None}

    def modules_in(self, folder: str) -> list[str]:
        """Return the modules in a folder of this package, such as "metrics/declared"; none for the empty text."""
        files = sorted((self.package / folder).glob("*.py")) if folder else []
        dotted = folder.replace("/", ".")
        return [f"{PACKAGE}.{dotted}.{path.stem}".removesuffix(".__init__") for path in files]

    def _find(self, name: str) -> Source | None:
        ours = _top(name) == PACKAGE
        root = self.package.parent if ours else root_of(_top(name))
        if root is None or (is_installed(root) and not ours):
            return None
        path = source_of(name, root)
        return Source(name, path, root) if path else None


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements within a node; expressions, which hold none, are most of a tree."""
    for part in ("body", "orelse", "handlers", "finalbody", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from _statements(inner)


def _is_near(name: str, source: Source) -> bool:
    near = _top(name) in {PACKAGE, _top(source.name)}
    return near or (not source.of_package and root_of(_top(name)) == source.root)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _packages_around(name: str) -> list[str]:
    """Return the packages whose `__init__` runs before the module."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]
