"""Thresholds above which eigenvalues count: absolute ones, and shares of the largest."""

from dataclasses import dataclass

from plasticity.config.landscape_section import CurvatureMeasure
from plasticity.metrics.landscape.spectrum import Estimate, Spectrum


@dataclass(frozen=True)
class Threshold:
    """A threshold, in the eigenvalues' unit or as a share of the largest."""

    value: float
    of_largest: bool

    @property
    def name(self) -> str:
        """What columns call it, such as "above_0.001" or "above_0.01_of_largest"."""
        return f"above_{self.value:.15g}" + ("_of_largest" if self.of_largest else "")

    @property
    def words(self) -> str:
        """What a column's meaning says, after "that are"."""
        return f"above {self.value:.15g}" + (" of the largest" if self.of_largest else "") + " in size"

    def rank(self, spectrum: Spectrum) -> Estimate:
        """Return how many eigenvalues are larger in size."""
        return spectrum.rank(self.in_unit(spectrum))

    def in_unit(self, spectrum: Spectrum) -> float:
        """Return it in the unit of a spectrum's eigenvalues."""
        return self.value * spectrum.largest if self.of_largest else self.value


def thresholds_of(settings: CurvatureMeasure) -> list[Threshold]:
    """Return the thresholds that a configuration declares, absolute ones first."""
    absolute = [Threshold(value, of_largest=False) for value in settings.above]
    return [*absolute, *(Threshold(value, of_largest=True) for value in settings.above_of_largest)]
