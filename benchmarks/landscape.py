"""What the landscape of a checkpoint costs, as multiples of a gradient and of a single probe.

    python benchmarks/landscape.py [--images 512] [--tables probe] [--networks perceptron]

Networks are those of the project on random images of their size. A Hessian-vector product is compared with a gradient
of the same images, ten probe targets with one, as a stack of weights and as copies in turns, and all measures of a
checkpoint (512 gradients, a Gauss-Newton spectrum of 200 images, 10 times 50 Lanczos steps) are timed. A checkpoint of
the permuted study's network is measured as the workflow does it, with the probe, from first to last. Tables name the
aim where there is one.
"""

import argparse
from collections.abc import Callable

import torch
from common import LARGE, cpu_seconds, in_turns, large_product, print_table, seconds
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from plasticity.config.component import Chosen
from plasticity.config.landscape_section import MeasureLandscape, ProbeTraining
from plasticity.config.training_section import Optimisation
from plasticity.data.image_tensors import ImageTensors
from plasticity.jobs.device import prepare_cpu
from plasticity.metrics.landscape import (
    gauss_newton_product,
    gauss_newton_spectrum,
    gradient_covariance,
    hessian_product,
    stochastic_spectrum,
)
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.checkpoint_measures import Measures
from plasticity.stages.landscape.subject import Ground
from plasticity.training.optimisers.adam import Adam
from plasticity.training.probe import as_trained
from plasticity.training.probe_copies import are_stacked, copies_of

NETWORKS = {
    "perceptron 784-100-100-100-10": ({"name": "mlp", "hidden": [100, 100, 100]}, (1, 28, 28)),
    "narrow ResNet-18, width 8, 8x8": ({"name": "resnet18_narrow", "width": 8}, (1, 8, 8)),
    "ConvNet of Dohare et al., 32x32": ({"name": "convnet_dohare"}, (3, 32, 32)),
    "ConvNet of Lyle et al., 28x28": ({"name": "convnet_lyle"}, (1, 28, 28)),
}
PROBED = {"vision transformer, 28x28": ({"name": "vit", "patch": 4, "width": 64, "feed_forward": 256}, (1, 28, 28))}
"""Networks that are probed alone."""
_ALL = NETWORKS | PROBED
TABLES = ("products", "measures", "probe", "checkpoint")
CLASSES, REPEATS, SPECTRUM_IMAGES, TARGETS, PROBE_BATCH = 10, 3, 200, 10, 128
LANCZOS_RUNS, LANCZOS_STEPS = 10, 50
ENOUGH = 60.0  # seconds for all rounds of a comparison: short steps are disturbed most
STUDIED = next(iter(NETWORKS))
"""The permuted study's network, a checkpoint of which is measured as a whole."""
MEASURED = {
    "gradients": {"images": 512},
    "curvature": {
        "images": SPECTRUM_IMAGES,
        "hessian": {"images": 512, "probes": LANCZOS_RUNS, "steps": LANCZOS_STEPS},
    },
    "probe": {"targets": TARGETS, "batch_size": PROBE_BATCH, "optimizer": {"name": "adam"}},
}


def network(name: str, index: int = 0) -> Classifier:
    """Return a network with random weights."""
    settings, shape = _ALL[name]
    return build_model(Chosen.model_validate(settings), shape, CLASSES, torch_generator(index, "benchmark/init"))


def problem(name: str, count: int) -> tuple[Tensor, Tensor]:
    """Return random images (N, C, H, W) and classes (N,)."""
    generator = torch_generator(0, "benchmark/landscape")
    images = torch.randn(count, *_ALL[name][1], generator=generator)
    return images, torch.randint(CLASSES, (count,), generator=generator)


def of_products(name: str, images: Tensor, labels: Tensor) -> list[str]:
    """Return a row: the gradient's time, and what products with both matrices take beside it."""
    model = network(name)
    model.eval()
    parameters = list(model.parameters())

    def gradient() -> None:
        torch.autograd.grad(nn.functional.cross_entropy(model(images), labels), parameters)

    base = _best(gradient)
    row = [name, f"{1e3 * base:.1f} ms"]
    for product in (hessian_product(model, images, labels), gauss_newton_product(model, images)):
        vector = torch.randn(product.size)
        row.append(f"{_best(lambda: product(vector)) / base:.2f}")  # noqa: B023 - called in this turn of the loop
    return row


def of_measures(name: str, images: Tensor, labels: Tensor) -> list[str]:
    """Return a row: seconds of every measure of a checkpoint; those of the Hessian from a tenth of one Lanczos run."""
    model, steps = network(name), LANCZOS_STEPS // 10

    def spectrum() -> None:
        product = hessian_product(model, images, labels)
        stochastic_spectrum(product, probes=1, steps=steps, generator=torch_generator(0, "benchmark/lanczos"))

    taken = [
        seconds(lambda: gauss_newton_spectrum(model, images[:SPECTRUM_IMAGES]), clock=cpu_seconds),
        seconds(lambda: gradient_covariance(model, images, labels), clock=cpu_seconds),
        seconds(spectrum, clock=cpu_seconds) * LANCZOS_RUNS * LANCZOS_STEPS / steps,
    ]
    return [name, *(f"{each:.2f} s" for each in taken), f"{sum(taken):.2f} s"]


def of_probe(name: str) -> list[str]:
    """Return a row: a step of one probe target, what ten take beside it in either way, which is chosen, and the limit.

    The limit is the time of ten targets' products alone, at the speed of a large one in the same rounds.
    """
    images, _ = problem(name, PROBE_BATCH)
    targets = torch.randn(TARGETS, PROBE_BATCH, CLASSES, generator=torch_generator(0, "benchmark/targets"))

    def step(count: int, *, stacked: bool) -> Callable[[], None]:
        copies = copies_of(as_trained(network(name)), count, Adam(), ProbeTraining(), stacked=stacked)
        return lambda: copies.step(images, targets[:count])

    single = step(1, stacked=False)
    works = {"one": single, "stacked": step(TARGETS, stacked=True), "in turn": step(TARGETS, stacked=False)}
    taken = in_turns(works | {"product": large_product()}, REPEATS, cpu_seconds, enough=ENOUGH)
    with FlopCounterMode(display=False) as counter:
        single()
    taken["products"] = TARGETS * counter.get_total_flops() / LARGE * taken.pop("product")
    chosen = "stacked" if are_stacked(as_trained(network(name)), Adam()) else "in turn"
    one = taken.pop("one")
    return [name, f"{1e3 * one:.1f} ms", *(f"{each / one:.2f}" for each in taken.values()), chosen]


def of_checkpoint(count: int = 1000) -> list[str]:
    """Return a row: seconds of all measures of a task's first checkpoint, and of one whose fresh network is known."""
    images, labels = problem(STUDIED, count)
    zero = torch.zeros(())
    stored = (255 * images.sigmoid()).byte().permute(0, 2, 3, 1).contiguous()
    ground = Ground(ImageTensors(stored, labels, mean=zero, std=zero + 1), torch.arange(count), 0, _drawn)
    measures, model = Measures(MeasureLandscape.of(MEASURED), Optimisation(learning_rate=0.001)), network(STUDIED)
    taken = [seconds(lambda: measures.row(model, ground, number), clock=cpu_seconds) for number in range(2)]  # noqa: B023
    return [STUDIED, *(f"{each:.1f} s" for each in taken)]


def _drawn(generator: torch.Generator) -> Classifier:
    settings, shape = NETWORKS[STUDIED]
    return build_model(Chosen.model_validate(settings), shape, CLASSES, generator)


def _best(work: Callable[[], object]) -> float:
    work()
    return seconds(work, REPEATS, cpu_seconds)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--networks", nargs="*", default=[""], help="parts of their names")
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=TABLES)
    arguments = parser.parse_args()
    prepare_cpu(1)  # as a job does
    names = [name for name in _ALL if any(part in name for part in arguments.networks)]
    problems = {name: problem(name, arguments.images) for name in names if name in NETWORKS}
    if "products" in arguments.tables:
        head = [f"{arguments.images} images", "gradient", "Hessian product", "Gauss-Newton product"]
        title = "Products, in gradients (aim: a Hessian product at most 3)"
        print_table(title, head, [of_products(name, *given) for name, given in problems.items()])
    if "measures" in arguments.tables:
        hessian = f"Hessian, {LANCZOS_RUNS} x {LANCZOS_STEPS}"
        head = ["a checkpoint", f"Gauss-Newton, {SPECTRUM_IMAGES}", "gradients", hessian, "together"]
        print_table("Measures of a checkpoint", head, [of_measures(name, *given) for name, given in problems.items()])
    if "probe" in arguments.tables:
        ways = [f"{TARGETS} stacked", f"{TARGETS} in turn", f"{TARGETS}, products alone"]
        head = [f"a step of {PROBE_BATCH} images", "one target", *ways, "chosen"]
        title = f"Probe, in steps of one target (aim: {TARGETS} at most 4)"
        print_table(title, head, [of_probe(name) for name in names])
    if "checkpoint" in arguments.tables:
        head = ["all measures, one core", "first of a task", "later"]
        print_table("A checkpoint, probe included (aim: under 30 s)", head, [of_checkpoint()])


if __name__ == "__main__":
    main()
