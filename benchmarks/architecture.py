"""The house in numbers: rooms, arrows between them, and how many files a change touches, counted from the source.

    python benchmarks/architecture.py                                  the table
    python benchmarks/architecture.py --write docs/architecture.md     puts it there, between its two marks

A file has to be touched for a new component if it lists all of that kind by name: such files are looked for, so that a
registry that comes back is counted. A finding refers to the figure beside it and is no such list. Arms are those of all
configurations. Aims are those that the package was rebuilt for.
"""

import argparse
import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from plasticity.config.component import FOLDERS, known
from plasticity.metrics.declaring import declared_metrics

ROOT = Path(__file__).resolve().parents[1]
MARKS = ("<!-- counted: begin -->\n", "<!-- counted: end -->\n")
_BEFORE = {"rooms": "69", "arrows": "279", "up": "17", "circles": "1", "top": "61", "lines": "22,800"}
"""The same counts before the rebuilding, when every module was a room of its own."""
_REFERENCES = {"Finding"}
"""Calls that name a thing in order to refer to it: nothing has to be added there for a new one."""
_NAMES = {"model": "network", "hook": "step hook", "tasks": "sequence of tasks", "optimizer": "optimiser"}
"""Key of the configuration that chooses a component -> what the documentation calls it."""
_MOST = 0.75
"""Share of the things of a kind that a list of them names: some things are no choice."""


@dataclass(frozen=True)
class House:
    """The package and the workflow of a checkout.

    Attributes:
        root: Folder of the checkout.
    """

    root: Path = ROOT

    @cached_property
    def package(self) -> Path:
        """Folder of the package."""
        return self.root / "src/plasticity"

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """The parsed modules by dotted name, without the package's own."""
        return {
            ".".join(path.relative_to(self.package).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
                path.read_text(encoding="utf-8")
            )
            for path in sorted(self.package.rglob("*.py"))
        }

    @cached_property
    def top_modules(self) -> list[str]:
        """Modules that lie directly in the package."""
        return sorted(path.stem for path in self.package.glob("*.py"))

    @cached_property
    def rooms(self) -> list[str]:
        """Folders and modules of the package."""
        return sorted({name.partition(".")[0] for name in self.modules} - {"__init__"})

    @cached_property
    def imports(self) -> set[tuple[str, str]]:
        """Pairs of modules of which the first imports the second, anywhere in it."""
        return {
            (name, imported)
            for name, tree in self.modules.items()
            for imported in _imported(tree)
            if name != imported and imported in self.modules
        }

    @cached_property
    def arrows(self) -> set[tuple[str, str]]:
        """Pairs of rooms of which the first imports the second."""
        rooms = {(one.partition(".")[0], other.partition(".")[0]) for one, other in self.imports}
        return {(one, other) for one, other in rooms if one != other and "__init__" not in {one, other}}

    @cached_property
    def floors(self) -> dict[str, int]:
        """Floor of every room, the ground being 0, as pyproject.toml says."""
        settings = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
        return {room: floor for floor, rooms in enumerate(reversed(layers)) for room in re.findall(r"\w+", rooms)}

    @cached_property
    def arrows_up(self) -> set[tuple[str, str]]:
        """Arrows that do not lead to a lower floor."""
        return {(one, other) for one, other in self.arrows if self.floors[one] <= self.floors[other]}

    def lines(self) -> int:
        """Count the lines of Python, rules and hand-written schemas."""
        paths = [*self.package.rglob("*.py"), *self.workflow_files, *self.root.glob("workflow/**/*.py")]
        return sum(path.read_text(encoding="utf-8").count("\n") for path in paths)

    @cached_property
    def workflow_files(self) -> list[Path]:
        """Rules, and what of YAML is no data."""
        schemas = [path for path in self.root.glob("*/**/*.schema.yaml") if ".venv" not in path.parts]
        return [self.root / "Snakefile", *sorted(self.root.glob("workflow/rules/*.smk")), *schemas]

    def touched(self, names: Iterable[str], *, apart: str) -> list[str]:
        """Return the files that name most of the given things, and so have to name one more.

        Args:
            names: What the files may name: text constants and modules of Python, words of other files.
            apart: Start of the paths that do not count: where the things themselves are.
        """
        wanted = set(names)
        listing = [path for path, words in self._words.items() if len(wanted & words) >= _MOST * len(wanted)]
        found = sorted(str(path.relative_to(self.root)) for path in listing)
        return [path for path in found if not path.startswith(apart)]

    @cached_property
    def _words(self) -> dict[Path, set[str]]:
        """What every file names."""
        others = [self.root / name for name in ("config.yaml", "Makefile")]
        paths = [*self.package.rglob("*.py"), *self.workflow_files, *others]
        return {path: self._said(path) for path in paths if path.is_file()}

    def _said(self, path: Path) -> set[str]:
        if path.suffix != ".py":
            return set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        name = ".".join(path.relative_to(self.package).with_suffix("").parts).removesuffix(".__init__")
        nodes = _without_references(self.modules[name])
        constants = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        return constants | {part for module in _imported(self.modules[name]) for part in module.split(".")}


def circles(arrows: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Return the groups of nodes that reach each other."""
    reached: dict[str, set[str]] = {}
    following: dict[str, set[str]] = {}
    for one, other in arrows:
        following.setdefault(one, set()).add(other)
    for start in following:
        waiting, found = [start], set()
        while waiting:
            new = following.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        reached[start] = found
    groups = {frozenset(other for other in reached[one] if one in reached.get(other, ())) for one in reached}
    return sorted((set(group) for group in groups if group), key=sorted)


def _without_references(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module but for calls that refer to things."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _REFERENCES):
            yield node
            waiting += ast.iter_child_nodes(node)


def _imported(tree: ast.Module) -> set[str]:
    """Return the modules of the package that a module may import, without the package's name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix("plasticity.") for name in found if name.startswith("plasticity.")}


def rows(house: House) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is counted, its number before, its number now, and its aim."""
    stems = Counter(path.stem for path in house.package.rglob("*.py") if not _recurs(path, house.package))
    yield "rooms", _BEFORE["rooms"], str(len(house.rooms)), "≤ 16"
    yield "arrows between rooms", _BEFORE["arrows"], str(len(house.arrows)), "≤ 50"
    yield "arrows that lead up", _BEFORE["up"], str(len(house.arrows_up)), "0"
    yield "circles of rooms", _BEFORE["circles"], str(len(circles(house.arrows))), "0"
    yield "circles of modules", "", str(len(circles(house.imports))), "0"
    yield "modules directly under the package", _BEFORE["top"], str(len(house.top_modules)), "≤ 4"
    yield "base names that two modules share", "", str(sum(count > 1 for count in stems.values())), "0"
    yield "lines of src and workflow", _BEFORE["lines"], f"{round(house.lines(), -2):,}", "fewer"
    for kind, folders in FOLDERS.items():
        names = list(known(kind))
        if len(names) > 1:
            files = house.touched(names, apart=f"src/plasticity/{folders[0]}/")
            yield f"files for a new {_NAMES.get(kind, kind)}", "4–7", _count(files), "1"
    metrics = house.touched([each.name for each in declared_metrics()], apart="src/plasticity/metrics/declared/")
    yield "files for a new metric", "4–7", _count(metrics), "1"
    for study, figures in figures_by_study(house.package).items():
        files = house.touched(figures, apart=f"src/plasticity/studies/{study}/figures/")
        yield f"files for a new figure of {study}", "7", _count(files), "1"
    yield "files for a new arm", "1", _count(house.touched(arms(house.root), apart="config")), "1"
    edits = {path for name in own_components(house.root) for path in house.touched([name], apart="docs/")}
    yield "edits of the package for components of `docs/examples`", "impossible", _count(sorted(edits), own=0), "0"
    studies = list(figures_by_study(house.package))
    existing = house.touched(studies, apart="src/plasticity/studies/warm_start/")
    yield "existing files for a new study", "41", _count(existing, own=0), "≤ 2"


def figures_by_study(package: Path) -> dict[str, list[str]]:
    """Return the names of the figures that are a file in a study's folder."""
    found: dict[str, list[str]] = {}
    for path in sorted(package.glob("studies/*/figures/*.py")):
        found.setdefault(path.parts[-3], [])
        if path.stem != "__init__":
            found[path.parts[-3]].append(path.stem)
    return found


def arms(root: Path) -> set[str]:
    """Return the names of the arms of all configurations of a checkout."""
    paths = [root / "config.yaml", *sorted(root.glob("config/*.yaml"))]
    sections = [section for path in paths for section in yaml.safe_load(path.read_text(encoding="utf-8")).values()]
    return {arm for section in sections if isinstance(section, dict) for arm in section.get("arms") or ()}


def own_components(root: Path) -> set[str]:
    """Return the names of components from outside, such as "my_lab.nets:WideNet", in the examples' configurations."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(root.glob("docs/examples/*/*.yaml"))]
    return {name for text in texts for name in re.findall(r'"(\w+(?:\.\w+)+:\w+)"', text)}


def table(lines: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the rows as a Markdown table."""
    parts = ["| | before | now | aim |", "|---|---|---|---|"]
    return "\n".join([*parts, *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def _count(files: list[str], *, own: int = 1) -> str:
    also = ", ".join(f"`{file.removeprefix('src/plasticity/')}`" for file in files)
    return str(len(files) + own) + (f": {also}" if also else "")


def _recurs(path: Path, package: Path) -> bool:
    """Say whether a name belongs to every study or folder."""
    return path.stem in {"__init__", "__main__"} or path.is_relative_to(package / "studies")


def main(arguments: Mapping[str, Path | None]) -> None:
    """Print the table, or write it into a page."""
    text, page = table(rows(House())), arguments["write"]
    if page is None:
        print(text, end="")
        return
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    page.write_text(before + MARKS[0] + text + MARKS[1] + rest.partition(MARKS[1])[2], encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="page that has the two marks")
    main(vars(parser.parse_args()))
