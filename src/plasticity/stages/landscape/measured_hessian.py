"""The Hessian's spectrum by stochastic Lanczos quadrature, as columns."""

from collections.abc import Iterator

from plasticity.config.landscape_section import CurvatureMeasure, HessianMeasure
from plasticity.metrics.landscape.lanczos import stochastic_spectrum
from plasticity.metrics.landscape.products import hessian_product
from plasticity.metrics.landscape.spectrum import Spectrum
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.subject import Quantity, Subject, quantity
from plasticity.stages.landscape.thresholds import Threshold, thresholds_of
from plasticity.storage.schemas import Column

_PRODUCT = 2.0  # gradients that a product takes


class MeasuredHessian:
    """The part `hessian` of the measure `curvature`."""

    def __init__(self, settings: HessianMeasure, curvature: CurvatureMeasure) -> None:
        self.every, self.images, self._settings = settings.every, settings.images, settings
        self._quantities = tuple(_quantities(settings, thresholds_of(curvature)))

    @property
    def columns(self) -> list[Column]:
        """The columns that it fills."""
        return [each.column for each in self._quantities]

    def check(self, model: Classifier) -> None:
        """Every network has one."""
        del model

    def values(self, subject: Subject) -> dict[str, float]:
        """Return a value for every column."""
        product = hessian_product(subject.model, *subject.first(self.images))
        lengths = {"probes": self._settings.probes, "steps": self._settings.steps}
        found = stochastic_spectrum(product, **lengths, generator=subject.generator())
        return {each.column.name: each.value(found) for each in self._quantities}

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
