"""Sizes of effects that Bonifazi et al. (2024) report, or that their released results hold, to compare with.

They serve two questions: would this study see an effect of that size (power), and does it exclude one (verdict)?
"Released" is what their repository's tables give; correlations are recomputed from the 14 networks of its notebook.
"""

from collections.abc import Mapping

Key = tuple[str, ...]

WARM_START: Mapping[Key, float] = {
    # Mean over five seeds of r(NC1, full test accuracy) over the checkpoints of the warm start in the first 100 epochs,
    # 0.88 to 0.92; released. It is compared with the control alone. It is of NC1, not of its logarithm: of single seeds
    # there is nothing else.
    ("correlation", "within_seed", "first_phase", "log_nc1"): 0.90,
    # Full test accuracy of an arm minus that of the warm start, five seeds; released. Penalised warm-ups: mean of +0.5
    # and +0.7 percentage points at epochs 25 and 50, before the first of them diverges. Shrink and perturb: mean of
    # +5.4, +3.2, +2.5 and +2.3 at epochs 5, 50, 100 and 350.
    ("contrast", "nc1_spread"): 0.006,
    ("contrast", "shrink_perturb"): 0.0335,
}

PERMUTED: Mapping[Key, float] = {
    # Released: r of ln NC1 after the first task with accuracy on the second, over 14 networks whose first task ended at
    # an NC1; given the number of epochs; and given its logarithm. (The text's 0.60 is of NC1, without the logarithm.)
    ("correlation", "total", "thresholds", "log_nc1"): 0.614,
    ("correlation", "partial_linear", "thresholds", "log_nc1"): 0.754,
    ("correlation", "partial_log", "thresholds", "log_nc1"): -0.808,
}
