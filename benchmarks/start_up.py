"""Time from typing `snakemake` to the first step of training, beside a script that trains at once.

    python benchmarks/start_up.py [--demo]

The workflow starts from nothing: it checks the configuration, plans every job, prepares the data, draws the split and
starts torch for the warm-up, a process each. The script imports torch, reads the prepared data and trains in the usual
loop. With --demo the whole demonstration is run as well, and how it spent its time is printed, as in the report.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import cores, print_table

from plasticity.report.benchmark_summaries import main_run, shares
from plasticity.storage.files import read_json
from plasticity.storage.tables import read_tables

ROOT = Path(__file__).resolve().parents[1]
CHECKOUT = ("Snakefile", "config.yaml", "environment.yml", "config", "workflow", "src", "profiles")
WARM_UP = "warm_start/digits/warm_up/plain/seeds7-11"
SCRIPT = """
import time
from pathlib import Path
import torch
from plasticity.config.component import Chosen
from plasticity.data.store import open_store
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.data.image_tensors import train_tensors
from reference_loop import ReferenceLoop
store = open_store(Path("results/data/digits"))
model = build_model(Chosen(name="mlp"), store.image_shape, 10, torch_generator(0, "init"))
next(iter(ReferenceLoop(model, train_tensors(store, torch.device("cpu")), 64).batches()))
print(time.time())
"""


def checkout(folder: Path) -> Path:
    """Copy what a clone has."""
    folder.mkdir()
    for name in CHECKOUT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif source.exists():
            shutil.copy(source, folder)
    return folder


def snakemake(folder: Path, *targets: str) -> float:
    """Run the workflow; return when it began, in seconds since 1970."""
    began = time.time()
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores())]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return began


def workflow(folder: Path) -> dict[str, float]:
    """Return seconds until the warm-up's process started, and until it began to train, of a new checkout."""
    began = snakemake(folder, f"results/{WARM_UP}/history.parquet")
    usage = read_json(folder / f"logs/{WARM_UP}.usage.json")
    return {"process of the warm-up": usage["started"] - began, "first step, workflow": usage["ready"] - began}


def script(folder: Path) -> float:
    """Return seconds until a plain script has its first batch."""
    began = time.time()
    paths = f"{folder / 'src'}{os.pathsep}{ROOT / 'benchmarks'}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
    return float(done.stdout) - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of each the shortest time counts")
    parser.add_argument("--demo", action="store_true", help="run the whole demonstration as well")
    given = parser.parse_args()
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as base:
        for number in range(given.rounds):
            folder = checkout(Path(base, str(number)))
            found = workflow(folder)
            found["first step, script"] = script(folder)
            best = {name: min(seconds, best.get(name, seconds)) for name, seconds in found.items()}
        alone = best["first step, script"]
        rows = [[name, f"{seconds:.1f} s", f"{seconds / alone:.1f}"] for name, seconds in best.items()]
        print_table("From the command to the first step", ["", "time", "× script"], rows)
        if given.demo:
            folder = checkout(Path(base, "demo"))
            snakemake(folder)
            jobs = main_run(read_tables([folder / "results/benchmarks/digits/jobs.parquet"], "benchmarks"))
            found = shares(jobs)
            rows = [[name, f"{100 * found[name]:.0f} %"] for name in ("work", "start_up", "rest")]
            title = f"The demonstration: {len(jobs)} jobs, {found['seconds']:.0f} s, {found['slots']} at once"
            print_table(title, ["", "of the time"], rows)


if __name__ == "__main__":
    main()
