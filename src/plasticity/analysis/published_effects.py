"""Sizes of effects that Bonifazi et al. (2024) report, or that their released results hold, to compare with.

They serve two questions: would this study see an effect of that size (power), and is its own smaller (verdict)? A size
comes with what is known of its spread: a standard deviation over seeds, or the networks that a correlation is over.
"Released" is what their repository's tables give; correlations are recomputed from the 14 networks of its notebook,
which are runs of five seeds: the error is that of Fisher's z of 14 networks, its degrees of freedom those of 5 seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A published size: its standard deviation over `seeds`; or the `networks` a correlation is over, less controls.

    Attributes:
        size: The published number.
        sd: Standard deviation over seeds; None where it is not known.
        seeds: Seeds behind it.
        networks: Networks behind a correlation, less the variables that are held fixed.
    """

    size: float
    sd: float | None = None
    seeds: int | None = None
    networks: int | None = None

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of the size, by Student's t or Fisher's z; NaN where its spread is not known."""
        if self.networks is not None:
            quantile = stdtrit(self.seeds - 1, 0.5 + confidence / 2) if self.seeds else ndtri(0.5 + confidence / 2)
            half = quantile / np.sqrt(self.networks - 3)
            z = np.arctanh(self.size)
            return float(np.tanh(z - half)), float(np.tanh(z + half))
        if self.sd is None or self.seeds is None:
            return np.nan, np.nan
        half = float(stdtrit(self.seeds - 1, 0.5 + confidence / 2) * self.sd / np.sqrt(self.seeds))
        return self.size - half, self.size + half


WARM_START: Mapping[Key, Effect] = {
    # Mean over five seeds of r(NC1, full test accuracy) over the checkpoints of the warm start in the first 100 epochs;
    # released. It is compared with the control alone. It is of NC1, not of its logarithm: of single seeds there is
    # nothing else.
    ("correlation", "within_seed", "first_phase", "log_nc1"): Effect(size=0.904, sd=0.015, seeds=5),
    # Full test accuracy of an arm minus that of the warm start, five seeds; released. Penalised warm-ups: mean of +0.5
    # and +0.7 percentage points at epochs 25 and 50 (SD over seeds 1.1 and 1.2), before the first of them diverges.
    # Shrink and perturb: mean of +5.4, +3.2, +2.5 and +2.3 at epochs 5, 50, 100 and 350; its spread is not known.
    ("contrast", "nc1_spread"): Effect(size=0.006, sd=0.012, seeds=5),
    ("contrast", "shrink_perturb"): Effect(size=0.0335, seeds=5),
}

PERMUTED: Mapping[Key, Effect] = {
    # Released: r of ln NC1 after the first task with accuracy on the second, over 14 networks whose first task ended at
    # an NC1; given the number of epochs; and given its logarithm. (The text's 0.60 is of NC1, without the logarithm.)
    ("correlation", "total", "thresholds", "log_nc1"): Effect(size=0.614, networks=14, seeds=5),
    ("correlation", "partial_linear", "thresholds", "log_nc1"): Effect(size=0.754, networks=13, seeds=5),
    ("correlation", "partial_log", "thresholds", "log_nc1"): Effect(size=-0.808, networks=13, seeds=5),
}
