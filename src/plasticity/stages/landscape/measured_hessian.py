"""The Hessian's spectrum as columns: exactly for small networks, by stochastic Lanczos quadrature for others."""

from collections.abc import Iterator

from plasticity.config.landscape_section import CurvatureMeasure, HessianMeasure
from plasticity.metrics.landscape.exact_hessian import hessian_spectrum
from plasticity.metrics.landscape.lanczos import stochastic_spectrum
from plasticity.metrics.landscape.products import hessian_product
from plasticity.metrics.landscape.spectrum import Spectrum
from plasticity.metrics.network_state import parameter_count
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.measured import Measured, Quantity, quantity, series
from plasticity.stages.landscape.subject import Subject
from plasticity.stages.landscape.thresholds import Threshold, thresholds_of

_PRODUCT = 2.0  # gradients that a product takes
_SECONDS_PER_CUBE = 1.3e-10  # of the eigenvalues of an n by n matrix in float64, over n³, on one core


class MeasuredHessian(Measured[Spectrum]):
    """The part `hessian` of the measure `curvature`."""

    def __init__(self, settings: HessianMeasure, curvature: CurvatureMeasure) -> None:
        super().__init__(settings, _quantities(settings, thresholds_of(curvature)))
        self._settings = settings

    def measure(self, subject: Subject) -> Spectrum:
        """Return the spectrum: all eigenvalues, or as the checkpoint's own random vectors tell it."""
        images, labels = subject.first(self.images)
        noise = subject.noise(len(images))
        if self._exactly(subject.model):
            return hessian_spectrum(subject.model, images, labels, noise=noise)
        product = hessian_product(subject.model, images, labels, noise=noise)
        lengths = {"probes": self._settings.probes, "steps": self._settings.steps}
        return stochastic_spectrum(product, **lengths, generator=subject.generator())

    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes: its products, and all eigenvalues of a whole matrix."""
        products, eigenvalues = self._settings.probes * self._settings.steps, 0.0
        if self._exactly(model):
            products = parameter_count(model)
            eigenvalues = _SECONDS_PER_CUBE * products**3
        return _PRODUCT * gradient * self.images * products + eigenvalues

    def _exactly(self, model: Classifier) -> bool:
        return parameter_count(model) <= self._settings.exact_up_to


def _quantities(settings: HessianMeasure, thresholds: list[Threshold]) -> Iterator[Quantity[Spectrum]]:
    of = f"the Hessian on {settings.images} images, {settings.probes} Lanczos runs of {settings.steps} steps"
    if settings.exact_up_to:
        of += f", exact up to {settings.exact_up_to} parameters"
    yield quantity("hessian_largest", "1", f"largest eigenvalue of {of}", lambda found: found.largest)
    yield quantity("hessian_smallest", "1", f"smallest eigenvalue of {of}", lambda found: found.smallest)
    yield quantity("hessian_trace", "1", f"trace of {of}", lambda found: found.trace.value)
    yield quantity(
        "hessian_trace_error", "1", "standard error of hessian_trace", lambda found: found.trace.standard_error
    )
    for each in thresholds:
        name = f"hessian_rank_{each.name}"
        yield quantity(
            name,
            "1",
            f"eigenvalues that are {each.words}, of {of}",
            lambda found, each=each: each.rank(found).value,
        )
        yield quantity(
            f"{name}_error",
            "1",
            f"standard error of {name}",
            lambda found, each=each: each.rank(found).standard_error,
        )
        yield quantity(
            f"{name}_steps_error",
            "1",
            f"by how much {name} may be off because the Lanczos steps are few, at most",
            lambda found, each=each: found.unresolved(each.in_unit(found)),
        )
    for each in thresholds:
        yield quantity(
            f"hessian_smoothed_share_{each.name}",
            "fraction",
            f"share of eigenvalues {each.words}, smoothed as in the code of He et al.: it follows the range",
            lambda found, each=each: found.smoothed_share(each.in_unit(found)),
        )
    if settings.keep:
        yield series(
            "hessian_nodes", "1", f"Ritz values, run by run, or eigenvalues of {of}", lambda found: found.nodes
        )
        yield series(
            "hessian_weights", "1", "share of eigenvalues at each of hessian_nodes", lambda found: found.weights
        )
