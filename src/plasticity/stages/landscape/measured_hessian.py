"""The Hessian's spectrum by stochastic Lanczos quadrature, as columns."""

from collections.abc import Iterator

from plasticity.config.landscape_section import CurvatureMeasure, HessianMeasure
from plasticity.metrics.landscape.lanczos import stochastic_spectrum
from plasticity.metrics.landscape.products import hessian_product
from plasticity.metrics.landscape.spectrum import Spectrum
from plasticity.stages.landscape.measured import Measured, Quantity, quantity, series
from plasticity.stages.landscape.subject import Subject
from plasticity.stages.landscape.thresholds import Threshold, thresholds_of

_PRODUCT = 2.0  # gradients that a product takes


class MeasuredHessian(Measured[Spectrum]):
    """The part `hessian` of the measure `curvature`."""

    def __init__(self, settings: HessianMeasure, curvature: CurvatureMeasure) -> None:
        super().__init__(settings, _quantities(settings, thresholds_of(curvature)))
        self._settings = settings

    def found(self, subject: Subject) -> Spectrum:
        """Return the spectrum as the checkpoint's own random vectors tell it."""
        product = hessian_product(subject.model, *subject.first(self.images))
        lengths = {"probes": self._settings.probes, "steps": self._settings.steps}
        return stochastic_spectrum(product, **lengths, generator=subject.generator())

    def seconds(self, gradient: float, classes: int) -> float:
        """Return about how long it takes: its products."""
        del classes
        return _PRODUCT * gradient * self.images * self._settings.probes * self._settings.steps


def _quantities(settings: HessianMeasure, thresholds: list[Threshold]) -> Iterator[Quantity[Spectrum]]:
    of = f"the Hessian on {settings.images} images, {settings.probes} Lanczos runs of {settings.steps} steps"
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
    for each in thresholds:
        yield quantity(
            f"hessian_smoothed_share_{each.name}",
            "fraction",
            f"share of eigenvalues {each.words}, smoothed as in the code of He et al.: it follows the range",
            lambda found, each=each: found.smoothed_share(each.in_unit(found)),
        )
    if settings.keep:
        yield series("hessian_nodes", "1", f"Ritz values of {of}, run by run", lambda found: found.nodes)
        yield series(
            "hessian_weights", "1", "share of eigenvalues at each of hessian_nodes", lambda found: found.weights
        )
