"""The workflow in a copy of what a clone has, as a user runs it."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TINY = "tests/config/tiny.yaml"
ALWAYS = {"collect_benchmarks", "draw_curves"}  # follow nearly every change


def snakemake(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a checkout; its output is standard output and error together."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert not check or done.returncode == 0, done.stdout[-6000:]
    return done


def planned(folder: Path, *arguments: str, configfile: str = TINY) -> Counter[str]:
    """Return how many jobs of each rule a dry run announces."""
    output = snakemake(folder, "--configfile", configfile, "--dry-run", *arguments).stdout
    rows = re.findall(r"^([\w.-]+)\s+(\d+)$", output, flags=re.MULTILINE)
    return Counter({rule: int(count) for rule, count in rows if rule not in {"total", "all", *ALWAYS}})


def checkout(folder: Path) -> Path:
    """Copy what a clone has."""
    for name in ("Snakefile", "config.yaml", "environment.yml"):
        shutil.copy(ROOT / name, folder)
    for name in ("config", "profiles", "workflow", "src", "tests/config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder
