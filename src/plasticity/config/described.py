"""Files that describe themselves: the docstring of a figure's or a page's module is its caption in the report.

The first line is the title, the rest the text, in reStructuredText with the values that `report.captions` knows. The
constant `TABLES` names the tables that it is made from, `READS` the settings that a page reads beside the arms' labels.
Nothing is imported to read this.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class Described:
    """A module, or a function of one, as its text describes it.

    Attributes:
        module: Its dotted name; of a function "module:function".
        title: First line of its docstring.
        caption: The rest of it.
        tables: The tables that it reads.
        reads: The settings that it reads.
    """

    module: str
    title: str
    caption: str
    tables: tuple[str, ...]
    reads: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The title inside a line."""
        return self.title if self.title[1:2].isupper() else self.title[:1].lower() + self.title[1:]


def described_in(folder: Path, package: str) -> dict[str, Described]:
    """Return what the modules of a folder say of themselves, by name, in the order of the names.

    Raises:
        PlasticityError: If one has no docstring or names no tables.
    """
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _described(path, package) for path in files}


@cache
def titles_in(folder: Path) -> dict[str, str]:
    """Return the titles of the modules of a folder by name, each as a sentence."""
    titles = {name: each.title for name, each in described_in(folder, "").items()}
    return {name: title if title.endswith("?") else f"{title}." for name, title in titles.items()}


def described(name: str, docstring: str | None, tree: ast.Module) -> Described | None:
    """Return what a docstring, and TABLES of the parsed module around it, say; None where one of them is absent."""
    title, _, text = (docstring or "").partition("\n")
    tables, reads = _constant(tree, "TABLES"), _constant(tree, "READS")
    return Described(name, title.removesuffix("."), text.strip(), tables, reads) if title and tables else None


def _described(path: Path, package: str) -> Described:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = described(f"{package}.{path.stem}", ast.get_docstring(tree), tree)
    if found is None:
        raise PlasticityError(f"{path}: expected a docstring and the tables that it is made from, TABLES = (...)")
    return found


def _constant(tree: ast.Module, name: str) -> tuple[str, ...]:
    assigned = (node for node in tree.body if isinstance(node, ast.Assign))
    found = (node.value for node in assigned if [ast.unparse(target) for target in node.targets] == [name])
    return tuple(ast.literal_eval(next(found, ast.Tuple([]))))
