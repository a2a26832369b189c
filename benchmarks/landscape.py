"""What the landscape of a checkpoint costs, as multiples of a gradient and of a single probe.

    python benchmarks/landscape.py [--images 512] [--probe-steps 200]

Networks are the permuted study's perceptron and the demonstration's ResNet on random images of their size. A
Hessian-vector product is compared with a gradient of the same images, ten stacked probe targets with one, and all
measures of a checkpoint (512 gradients, a Gauss-Newton spectrum of 200 images, 10 times 50 Lanczos steps) are timed.
"""

import argparse
from collections.abc import Callable

import torch
from common import print_table, seconds
from torch import Tensor, nn

from plasticity.config.component import Chosen
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
from plasticity.training.optimisers.adam import Adam
from plasticity.training.probe import ProbeTraining, probe
from plasticity.training.probe_targets import noise_targets

NETWORKS = {
    "perceptron 784-100-100-100-10": ({"name": "mlp", "hidden": [100, 100, 100]}, (1, 28, 28)),
    "narrow ResNet-18, width 8, 8x8": ({"name": "resnet18_narrow", "width": 8}, (1, 8, 8)),
}
CLASSES, REPEATS, SPECTRUM_IMAGES, TARGETS = 10, 5, 200, 10


def network(name: str, index: int = 0) -> Classifier:
    """Return a network with random weights."""
    settings, shape = NETWORKS[name]
    return build_model(Chosen.model_validate(settings), shape, CLASSES, torch_generator(index, "benchmark/init"))


def problem(name: str, count: int) -> tuple[Tensor, Tensor]:
    """Return random images (N, C, H, W) and classes (N,)."""
    generator = torch_generator(0, "benchmark/landscape")
    images = torch.randn(count, *NETWORKS[name][1], generator=generator)
    return images, torch.randint(CLASSES, (count,), generator=generator)


def of_products(name: str, images: Tensor, labels: Tensor) -> list[str]:
    """Return a row: the gradient's time, and what products with both matrices take beside it."""
    model = network(name)
    model.eval()
    parameters = list(model.parameters())

    def gradient() -> None:
        torch.autograd.grad(nn.functional.cross_entropy(model(images), labels), parameters)

    gradient()
    base = seconds(gradient, REPEATS)
    row = [name, f"{1e3 * base:.1f} ms"]
    for product in (hessian_product(model, images, labels), gauss_newton_product(model, images)):
        vector = torch.randn(product.size)
        row.append(f"{_best(lambda: product(vector)) / base:.2f}")  # noqa: B023 - called in this turn of the loop
    return row


def of_measures(name: str, images: Tensor, labels: Tensor) -> list[str]:
    """Return a row: seconds of every measure of a checkpoint."""
    model = network(name)

    def spectrum() -> None:
        product = hessian_product(model, images, labels)
        stochastic_spectrum(product, probes=10, steps=50, generator=torch_generator(0, "benchmark/lanczos"))

    taken = [
        seconds(lambda: gauss_newton_spectrum(model, images[:SPECTRUM_IMAGES])),
        seconds(lambda: gradient_covariance(model, images, labels)),
        seconds(spectrum),
    ]
    return [name, *(f"{each:.2f} s" for each in taken), f"{sum(taken):.2f} s"]


def of_probe(name: str, images: Tensor, steps: int) -> list[str]:
    """Return a row: seconds of a probe of one target, and what ten take beside it."""
    fresh = [network(name, index + 1) for index in range(TARGETS)]
    targets = noise_targets(fresh, images)
    training = ProbeTraining(steps=steps, batch_size=128, points=1)

    def run(count: int) -> None:
        probe(network(name), images, targets[:count], training, optimiser=Adam(), generator=torch_generator(0, "order"))

    one, ten = seconds(lambda: run(1)), seconds(lambda: run(TARGETS))
    return [name, f"{one:.2f} s", f"{ten / one:.2f}"]


def _best(work: Callable[[], object]) -> float:
    work()
    return seconds(work, REPEATS)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--probe-steps", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problems = {name: problem(name, arguments.images) for name in NETWORKS}
    rows = [of_products(name, *given) for name, given in problems.items()]
    head = [f"{arguments.images} images", "gradient", "Hessian product", "Gauss-Newton product"]
    print_table("Products, in gradients", head, rows)
    rows = [of_measures(name, *given) for name, given in problems.items()]
    head = ["a checkpoint", f"Gauss-Newton, {SPECTRUM_IMAGES}", "gradients", "Hessian, 10 x 50", "together"]
    print_table("Measures of a checkpoint", head, rows)
    rows = [of_probe(name, images, arguments.probe_steps) for name, (images, _) in problems.items()]
    print_table("Probe", [f"{arguments.probe_steps} steps of 128 images", "one target", f"{TARGETS} targets"], rows)


if __name__ == "__main__":
    main()
