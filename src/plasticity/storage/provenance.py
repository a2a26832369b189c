"""Where a number comes from: commit, versions, device and settings, stored in every table and checkpoint."""

import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    *("plasticity", "torch", "numpy", "numba", "pandas", "scipy", "scikit-learn", "pyarrow"),
    "snakemake",
)


@cache
def commit() -> str:
    """Return the checked-out commit, with "+" behind it when tracked files were edited; "unknown" outside git."""
    root = Path(__file__).parent
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on; absent ones are left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def provenance(settings: dict[str, Any], device: str = "cpu") -> dict[str, Any]:
    """Return the record that goes into a file's metadata; `settings` is the configuration its stage has read."""
    return {"commit": commit(), "versions": versions(), "device": device, "settings": settings}


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
