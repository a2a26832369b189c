"""Everything this project has for a GPU, from the checks of a minute to the study of a day, stopped at any moment.

    python benchmarks/on_a_gpu.py

runs the CUDA tests against the CPU reference, the benchmark of the paper's network, and the paper's warm-start study
(config/paper.yaml) with one seed after another, so that tables, figures and the page under docs/reproduction are
complete after every seed. The first two leave their output in results/gpu; what is finished is not repeated, and a
stopped study continues with the same command. Options that it does not know go to Snakemake.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from plasticity.storage.files import atomic_path

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "config.yaml"
KEPT = Path("results/gpu")


@dataclass(frozen=True)
class Step:
    """A command, and the file that says that it is finished; None for Snakemake, which knows that itself."""

    title: str
    command: Sequence[str]
    finished: Path | None = None

    def run(self) -> None:
        """Show and keep the output of the command, unless it is finished."""
        if self.finished and self.finished.exists():
            print(f"{self.title}: finished, see {self.finished}", flush=True)
            return
        print(f"{self.title}: {' '.join(self.command)}", flush=True)
        if self.finished is None:
            subprocess.run(self.command, check=True)
            return
        with atomic_path(self.finished) as path, path.open("w", encoding="utf-8") as file:
            for line in _lines(self.command):
                print(line, end="", flush=True)
                file.write(line)


def _lines(command: Sequence[str]) -> Iterator[str]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def study(configfile: Path, overlay: Sequence[str], precision: str, *options: str) -> Iterator[Step]:
    """Yield a step per seed, each with the seeds before it, which are finished by then."""
    seeds = seeds_of(configfile)
    for count in range(1, len(seeds) + 1):
        command = [sys.executable, "-m", "snakemake", "reproduction_page", "--configfile", str(configfile)]
        command += ["--rerun-incomplete", "--keep-going", *options, "--config", *overlay]
        command += [f"warm_start={{seeds: {seeds[:count]}, precision: {precision}}}"]
        yield Step(f"seeds {seeds[:count]}", command)


def seeds_of(configfile: Path) -> list[int]:
    """Return the seeds of the warm-start study of a preset, which overlays config.yaml."""
    sections = [yaml.safe_load(path.read_text(encoding="utf-8"))["warm_start"] for path in (configfile, DEMO)]
    return next(section["seeds"] for section in sections if "seeds" in section)


def cuda_devices() -> int:
    """Return how many CUDA devices torch sees; in a process of its own, which leaves them free."""
    program = "import torch; print(torch.cuda.device_count())"
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the steps that are not finished.

    Raises:
        SystemExit: If there is no CUDA device, unless --without-gpu asks for the study alone, or if a step failed.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", type=Path, default=ROOT / "config/paper.yaml", help="the study")
    parser.add_argument("--jobs-per-gpu", type=int, default=3, help="jobs that share a device")
    parser.add_argument("--precision", choices=["exact", "fast"], default="exact", help="as in docs/performance.md")
    parser.add_argument("--config", nargs="+", default=[], help="overlays of Snakemake, such as of the dataset")
    parser.add_argument("--without-gpu", action="store_true", help="run the study on CPUs, to try the way")
    given, options = parser.parse_known_args(arguments)
    devices = cuda_devices()
    if not devices and not given.without_gpu:
        sys.exit("on_a_gpu: expected a CUDA device, got none; --without-gpu runs the study on CPUs")
    os.environ["PLASTICITY_JOBS_PER_GPU"] = str(given.jobs_per_gpu)
    python = [sys.executable]
    checks = [
        Step("CUDA tests", [*python, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider"], KEPT / "tests.txt"),
        Step("benchmark", [*python, "benchmarks/warm_start.py", "--network", "paper"], KEPT / "benchmark.txt"),
    ]
    slots = devices * given.jobs_per_gpu
    options += ["--default-resources", "gpu=1", "--resources", f"gpu={slots}"] if devices else []
    options += ["--cores", str(max(os.cpu_count() or 1, slots))]
    steps = study(given.configfile, given.config, given.precision, *options)
    try:
        for step in [*(checks if devices else []), *steps]:
            step.run()
    except subprocess.CalledProcessError as error:
        sys.exit(f"on_a_gpu: {' '.join(map(str, error.cmd))} ended with {error.returncode}; the same command goes on")


if __name__ == "__main__":
    main()
