"""Training, penalising, measuring and fine-tuning, beside a loop of the usual kind, in one run on this machine.

    python benchmarks/warm_start.py [--quick] [--network digits resnet mlp] [--data results/data/cifar10]

The networks are a narrow ResNet-18 for digits, that of config/cifar10_small.yaml and that of the permuted study, and
with --network paper ResNet-18 of width 64; images are noise of the shape of the digits, CIFAR-10 or MNIST unless --data
names a prepared set. Ways take turns, and of each the shortest round counts; on one CPU thread, time is the process's
own. On a machine with a GPU everything runs there, the usual loop too.
"""

import argparse
import copy
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import cpu_seconds, in_turns, print_table, seconds
from limits import Traffic, ceilings, clock_of, shares, step_flops
from reference_loop import ReferenceLoop

from plasticity.config.component import Chosen
from plasticity.config.slices import SplitSettings
from plasticity.config.training_section import Optimisation
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.image_tensors import ImageTensors, train_tensors
from plasticity.data.store import open_store
from plasticity.jobs.device import describe_device, place, prepare_device
from plasticity.jobs.gpus import JOBS_PER_GPU
from plasticity.metrics.measure_network import network_metrics
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.draw_split import draw_split
from plasticity.stages.prepare import prepare
from plasticity.storage.checkpoints import write_checkpoint
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.graphs import GraphedStep, recordable
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.step import TrainingStep

Model = dict[str, Any]
NETWORKS: dict[str, tuple[Model, tuple[int, int, int], int]] = {  # with the shape of images, and images per step
    "digits": ({"name": "resnet18_narrow", "width": 8}, (1, 8, 8), 64),
    "resnet": ({"name": "resnet18_narrow", "width": 16, "max_pool": True}, (3, 32, 32), 64),
    "mlp": ({"name": "mlp", "hidden": [100, 100, 100]}, (1, 28, 28), 64),
    "paper": ({"name": "resnet18", "width": 64, "max_pool": True}, (3, 32, 32), 128),
}
STEPS = {"digits": 6, "resnet": 6, "mlp": 6, "paper": 2}  # of a timed epoch: short, so that some round is undisturbed
MEASURED = {"digits": 898, "resnet": 2000, "mlp": 10_000, "paper": 4000}  # images
TRAINING = {"learning_rate": 1e-4, "momentum": 0.0, "weight_decay": 0.0, "batch_size": 64}
PENALTIES = {"plain": {"name": "none"}, "penalised": {"name": "nc1", "weight": 0.05}}
CLASSES = 10
ENOUGH = 40.0  # seconds for all rounds of a comparison


@dataclass(frozen=True)
class Problem:
    """Images on the device, a network for them, and how many images a step and steps an epoch takes."""

    model: Model
    images: ImageTensors
    classes: int
    batch_size: int
    steps: int

    @property
    def rows(self) -> torch.Tensor:
        """All images."""
        return torch.arange(len(self.images), device=self.images.device)

    def first(self, count: int) -> "Problem":
        """Return the problem with the first images only."""
        images = self.images
        some = ImageTensors(images.pixels[:count], images.labels[:count], images.mean, images.std)
        return replace(self, images=some)

    def network(self) -> Classifier:
        """Return a fresh network on the CPU."""
        _, height, width, channels = self.images.pixels.shape
        return build_model(Chosen(**self.model), (channels, height, width), self.classes, torch_generator(0, "init"))

    def step(self, penalty: str, precision: str) -> TrainingStep:
        """Return our step of a fresh network, as a training has it."""
        model = self.network()
        place(model, self.images.device)
        optimizer = bind_optimiser(model, Optimisation.of(TRAINING), precision)
        given = (model, optimizer, self.images, penalty_of(Chosen(**PENALTIES[penalty])), precision)
        step = TrainingStep(*given)
        return GraphedStep(*given) if precision == "fast" and recordable(step) else step


def problem_of(name: str, data: Path | None, count: int, device: torch.device) -> Problem:
    """Return a network of `NETWORKS` with this number of images."""
    model, (channels, height, width), batch_size = NETWORKS[name]
    if data is not None:
        store = open_store(data)
        whole = train_tensors(store, device)
        return Problem(model, whole, store.num_classes, batch_size, STEPS[name]).first(count)
    generator = torch_generator(0, "benchmark/images")
    pixels = torch.randint(0, 256, (count, height, width, channels), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (count,), generator=generator)
    half = torch.full((channels, 1, 1), 0.5, device=device)
    images = ImageTensors(pixels.to(device), labels.to(device), half, half / 2)
    return Problem(model, images, CLASSES, batch_size, STEPS[name])


def training(problem: Problem, rounds: int) -> dict[str, float]:
    """Return seconds per step of every way to train."""
    problem = problem.first(problem.steps * problem.batch_size)
    loop = ReferenceLoop(problem.network(), problem.images, problem.batch_size)
    ways: dict[str, Callable[[], Any]] = {"usual plain": loop.train, "usual penalised": partial(loop.train, 0.05)}
    for precision in ("exact", "fast"):
        for penalty in PENALTIES:
            step = problem.step(penalty, precision)
            ways[f"{precision} {penalty}"] = partial(train_epoch, step, problem.rows, batch_size=problem.batch_size)
    taken = in_turns(ways, rounds, clock_of(problem.images.device), enough=ENOUGH)
    return {name: each / problem.steps for name, each in taken.items()}


def measuring(problem: Problem, rounds: int) -> dict[str, float]:
    """Return seconds per checkpoint: our metrics, the usual ones, and one forward pass over the images."""
    model = problem.network()
    loop = ReferenceLoop(copy.deepcopy(model), problem.images, problem.batch_size)
    place(model, problem.images.device)
    model.eval()
    return in_turns(
        {
            "forward": partial(forward, model, problem),
            "ours": partial(network_metrics, model, problem.images, problem.rows, probe_images=2000),
            "usual": loop.measure,
        },
        rounds,
        clock_of(problem.images.device),
        enough=ENOUGH,
    )


@torch.inference_mode()
def forward(model: Classifier, problem: Problem) -> float:
    """Run the network over all images and do nothing with what comes out."""
    last = torch.zeros(())
    for inputs, _ in problem.images.batches(problem.rows, 500):
        last = model(inputs)
    return float(last.sum())  # waits for the device


def fine_tuning(checkpoints: int, device: torch.device) -> dict[str, float]:
    """Return seconds per fine-tuning of one epoch on the digits: several in a process, and a process for each."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        prepare(DataSetSettings(name="digits", reader="digits"), base / "data")
        split = SplitSettings(train_size=None, warm_up_fraction=0.5)
        draw_split(split, dataset=base / "data", seed=1, output=base / "split")
        for epoch in range(checkpoints):
            model = build_model(Chosen(**NETWORKS["digits"][0]), (1, 8, 8), CLASSES, torch_generator(epoch, "init"))
            write_checkpoint(base / f"{epoch}", weights_of(model), {})
        works = (
            lambda: fine_tune_in_process(base, range(checkpoints), "together"),
            lambda: [fine_tune_in_process(base, [epoch], f"alone{epoch}") for epoch in range(checkpoints)],
        )
        together, alone = (seconds(work, clock=clock_of(device)) for work in works)
    return {"one process": together / checkpoints, "a process each": alone / checkpoints}


def fine_tune_in_process(base: Path, epochs: Any, name: str) -> None:
    """Run the stage in a new interpreter."""
    settings = {"arm": "benchmark", "model": NETWORKS["digits"][0], "test_size": None, "precision": "exact"}
    settings |= {"training": TRAINING, "stop_accuracy": 0.999, "max_epochs": 1}
    program = f"""
from pathlib import Path
from plasticity.config.slices import FineTuneSettings
from plasticity.stages.fine_tune import FineTuneFiles, fine_tune
base = Path({str(base)!r})
checkpoints = {{(1, epoch): base / str(epoch) for epoch in {list(epochs)}}}
out = base / {name!r}
inputs = checkpoints, base / "data", {{1: base / "split"}}
files = FineTuneFiles(*inputs, out / "table", out / "history", out)
fine_tune(files, settings=FineTuneSettings.of({settings!r}), threads=1, code="")
"""
    # This process has a slot of the GPU and keeps it: there has to be another one for its children.
    slots = max(2, int(os.environ.get(JOBS_PER_GPU, "1")))
    environment = {**os.environ, JOBS_PER_GPU: str(slots)}
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment)


def print_ratios(title: str, problem: Problem, rounds: int) -> dict[str, float]:
    """Print what steps and a measurement take; return seconds per step."""
    steps, measured = training(problem, rounds), measuring(problem, max(rounds // 3, 2))
    rows = []
    for penalty in PENALTIES:
        base = steps[f"usual {penalty}"]
        for way in ("usual", "exact", "fast"):
            taken = steps[f"{way} {penalty}"]
            over = f"{taken / steps[f'{way} plain']:.2f}"
            rows.append([f"{penalty} step, {way}", f"{taken * 1e3:.2f} ms", f"{base / taken:.2f}", over])
    print_table(f"{title}: a step of {problem.batch_size} images", ["", "time", "× usual", "of its plain one"], rows)
    rows = [
        [name, f"{taken * 1e3:.0f} ms", f"{measured['usual'] / taken:.2f}", f"{taken / measured['forward']:.2f}"]
        for name, taken in measured.items()
    ]
    head = ["", "time", "× usual", "of a forward pass"]
    print_table(f"{title}: measuring a checkpoint on {len(problem.images)} images", head, rows)
    return steps


def print_limits(title: str, problem: Problem, steps: dict[str, float]) -> None:
    """Print how near to this device's limits our plain steps are."""
    tops = ceilings(problem.model, problem.images.device)
    rows = []
    for precision in ("exact", "fast"):
        step = problem.step("plain", precision)
        single = TrainingStep(step.model, step.optimizer, step.images, step.penalty, precision)
        flops, taken = step_flops(single, problem.rows[: problem.batch_size]), steps[f"{precision} plain"]
        with Traffic() as traffic:
            single(problem.rows[: problem.batch_size])
        kind = "bfloat16" if single.reduced else "float32"
        reached = [f"{flops / taken / 1e9:.1f} GFLOP/s"]
        for shape in ("product", "convolution"):
            top = tops[f"{shape}, {kind}"]
            reached.append(f"{flops / taken / top:.0%} of {top / 1e9:.0f}")
        reached.append(f"{traffic.bytes / taken / 1e9:.1f} GB/s, {traffic.bytes / taken / tops['copy']:.0%}")
        rows.append([f"{precision}, {kind}", *reached])
    exact = problem.step("plain", "exact")
    parts = shares(exact, problem.rows[: problem.batch_size])
    head = ["plain step", "reached", "of a matrix product", "of a convolution", f"moved, of {tops['copy'] / 1e9:.0f}"]
    print_table(f"{title}: against the limits measured in this run", head, rows)
    print("an exact step by operation: " + ", ".join(f"{name} {share:.0%}" for name, share in parts.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="fewer images, and rounds of long works: ratios within some ten per cent"
    )
    chosen = ["digits", "resnet", "mlp"]
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=chosen, help="which networks")
    parser.add_argument("--data", type=Path, help="folder of a prepared data set with images of the network's size")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, 1 as in the study's jobs")
    arguments = parser.parse_args()
    start, device = time.perf_counter(), prepare_device(arguments.threads)
    own = "of the CPU" if clock_of(device) is cpu_seconds else "on the wall"
    print(f"torch {torch.__version__}, {describe_device(device)}, time {own}")
    share, rounds = (4, 3) if arguments.quick else (1, 9)
    for name in arguments.network:
        measured = MEASURED[name] * (10 if device.type == "cuda" else 1) // share
        problem = problem_of(name, arguments.data, max(measured, STEPS[name] * NETWORKS[name][2]), device)
        print_limits(name, problem, print_ratios(name, problem, rounds))
    found = fine_tuning(3 if arguments.quick else 6, device)
    rows = [[name, f"{taken:.2f} s", f"{found['a process each'] / taken:.2f}"] for name, taken in found.items()]
    print_table("Fine-tuning by one epoch of the digits, per checkpoint", ["", "time", "ratio"], rows)
    print(f"\nthis took {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
