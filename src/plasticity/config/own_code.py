"""The user's own code: where it is found, and what says that it has changed.

A name with a colon, such as `my_lab.nets:WideNet`, is looked for where Python looks, and then in the folders of
`PLASTICITY_COMPONENTS`: the working directory and the folder of the Snakefile. They come last, so that no file in them
takes the place of a module of Python or of an installed package.
"""

import importlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib.metadata import Distribution, packages_distributions
from pathlib import Path
from traceback import walk_tb
from types import ModuleType, TracebackType

VARIABLE = "PLASTICITY_COMPONENTS"
"""Environment variable with folders; jobs inherit it."""
_INSTALLED = {"site-packages", "dist-packages"}
_NOT_OWN = (Path(__file__).parents[1], *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")))
"""Folders of this package and of Python's own library."""


def find_own_code_in(folders: Iterable[str | Path]) -> None:
    """Let this process and its jobs find modules in these folders, besides where Python looks."""
    os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys(str(Path(folder).resolve()) for folder in folders))


def looked_in() -> list[str]:
    """Return the folders in which this process looks for the user's own code, besides where Python looks."""
    folders = os.environ.get(VARIABLE) or str(Path.cwd())
    return [folder for folder in folders.split(os.pathsep) if folder]


def import_own_code(module: str) -> ModuleType:
    """Import a module of the user's own code.

    Raises:
        ImportError: If there is none, or what it imports is missing.
    """
    _extend_path()
    return importlib.import_module(module)


def root_of(package: str) -> Path | None:
    """Return the folder in which a package or module at the top lies, without importing it; None if it has no file."""
    _extend_path()
    return _root(package)


def source_of(module: str, root: Path | None = None) -> Path | None:
    """Return the file of a module, without importing it; None if there is none.

    Args:
        module: Dotted name.
        root: Folder in which its package lies; by default where it is found.
    """
    root = root or root_of(module.partition(".")[0])
    if root is None:
        return None
    base = root.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _root(package: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve().parent
    return Path(spec.origin).resolve().parent if spec.has_location and spec.origin else None


def is_installed(root: Path) -> bool:
    """Say whether a folder belongs to installed packages, whose files their distribution lists."""
    return bool(_INSTALLED & set(root.parts))


def place_in_own_code(calls: TracebackType | None) -> str:
    """Return the last place in the user's own code that the calls up to an exception went through; empty for none."""
    for frame, line in reversed(list(walk_tb(calls))):
        path = Path(frame.f_code.co_filename)
        if path.is_file() and not is_installed(path) and not any(path.is_relative_to(folder) for folder in _NOT_OWN):
            return f"{path}, line {line}, in {frame.f_code.co_qualname}"
    return ""


@cache
def distribution_digest(package: str) -> str:
    """Return name, version and listed files of the distribution that a package belongs to; empty if it has none.

    Only Python files of the package count: compiled ones and scripts differ between machines.
    """
    names = packages_distributions().get(package, [])
    parts = []
    for name in names:
        found = Distribution.from_name(name)
        listed = (found.read_text("RECORD") or "").splitlines()
        files = [line for line in listed if line.startswith(f"{package}/") and line.partition(",")[0].endswith(".py")]
        parts += [name, found.version, *sorted(files)]
    return "\n".join(parts)


def _extend_path() -> None:
    sys.path += [folder for folder in looked_in() if folder not in sys.path]
