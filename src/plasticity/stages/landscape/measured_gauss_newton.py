"""The Gauss-Newton matrix's spectrum and what He et al. (2025) read off it, as columns."""

from collections.abc import Iterator
from dataclasses import dataclass

from plasticity.config.landscape_section import CurvatureMeasure, Trainability
from plasticity.metrics.landscape.gauss_newton import (
    Factors,
    curvature_factors,
    gauss_newton_spectrum,
    squared_error_factors,
)
from plasticity.metrics.landscape.kronecker import kronecker_ranks
from plasticity.metrics.landscape.spectrum import Spectrum
from plasticity.metrics.network_state import parameter_count
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.by_single_images import MeasuredByImages
from plasticity.stages.landscape.measured import Quantity, quantity
from plasticity.stages.landscape.subject import Subject
from plasticity.stages.landscape.thresholds import Threshold, thresholds_of

_SECONDS_PER_CUBE = 6e-11  # of the eigenvalues of an n by n matrix in float64, over n³, on one core


@dataclass(frozen=True)
class Curvature:
    """What is found of a network: the spectrum, mean Kronecker rank of its layers, and the rank that is enough."""

    spectrum: Spectrum
    kronecker_rank: float
    enough: float


class MeasuredGaussNewton(MeasuredByImages[Curvature]):
    """The measure `curvature` without the Hessian."""

    def __init__(self, settings: CurvatureMeasure) -> None:
        super().__init__(settings, _quantities(settings))
        self._settings = settings

    def measure(self, subject: Subject) -> Curvature:
        """Return the spectrum and what is read off the layers."""
        images, _ = subject.first(self.images)
        factors = _factors(subject)
        ranks = kronecker_ranks(subject.model, images, factors)
        spectrum = gauss_newton_spectrum(subject.model, images, factors)
        return Curvature(spectrum, sum(ranks) / len(ranks), self._rank_that_is_enough(subject))

    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes: a gradient per image and class, and the eigenvalues of their products."""
        spectra = 1 + (self._settings.trainability is not None and self._settings.trainability.reference == "fresh")
        rows = self.images * model.head.out_features
        return (1 + spectra) * 2 * gradient * rows + spectra * _SECONDS_PER_CUBE * rows**3

    def _rank_that_is_enough(self, subject: Subject) -> float:
        asked = self._settings.trainability
        if asked is None:
            return float("nan")
        images, _ = subject.first(self.images)
        if asked.reference == "possible":
            classes = subject.model.head.out_features
            size = parameter_count(subject.model)
            return asked.share * min(size, len(images) * (classes - (not subject.regression)))
        fresh = gauss_newton_spectrum(subject.fresh("landscape/fresh", 0), images, _factors(subject))
        return asked.share * _threshold(asked).rank(fresh).value


def _factors(subject: Subject) -> Factors:
    return squared_error_factors if subject.regression else curvature_factors


def _threshold(asked: Trainability) -> Threshold:
    return Threshold(asked.above, of_largest=asked.of_largest)


def _quantities(settings: CurvatureMeasure) -> Iterator[Quantity[Curvature]]:
    of = f"the Gauss-Newton matrix on {settings.images} images"
    yield quantity("gauss_newton_largest", "1", f"largest eigenvalue of {of}", lambda found: found.spectrum.largest)
    yield quantity("gauss_newton_trace", "1", f"trace of {of}", lambda found: found.spectrum.trace.value)
    for each in thresholds_of(settings):
        yield quantity(
            f"gauss_newton_rank_{each.name}",
            "1",
            f"eigenvalues of {of} that are {each.words}",
            lambda found, each=each: each.rank(found.spectrum).value,
        )
    yield quantity(
        "kronecker_rank",
        "1",
        f"effective rank of E[aaᵀ] ⊗ E[ggᵀ] (He et al. 2025), mean of the layers, {settings.images} images",
        lambda found: found.kronecker_rank,
    )
    if asked := settings.trainability:
        yield _trainable(asked, of)


def _trainable(asked: Trainability, of: str) -> Quantity[Curvature]:
    other = {"fresh": "that of a fresh network", "possible": "the largest possible"}[asked.reference]
    threshold = _threshold(asked)
    return quantity(
        "trainable",
        "1",
        f"1 if the eigenvalues of {of} that are {threshold.words} are {asked.share:g} of {other} or more, else 0",
        lambda found: float(threshold.rank(found.spectrum).value >= found.enough),
    )
