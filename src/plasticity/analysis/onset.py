"""When a series that falls has fallen half of its way."""

import numpy as np


def onset(axis: np.ndarray, values: np.ndarray) -> float:
    """Return where a positive series has gone half of the way, in logarithms, from its first value to its lowest.

    Between two checkpoints the way is straight on logarithmic scales.

    Args:
        axis: Iterations, ascending and positive, shape (P,).
        values: The series, shape (P,).

    Returns:
        The iteration; NaN for a series that is not finite and positive, or never falls.
    """
    if not len(values) or not np.isfinite(values).all() or values.min() <= 0 or values.min() == values[0]:
        return np.nan
    x, y = np.log(axis), np.log(values)
    middle = (y[0] + y.min()) / 2
    after = int(np.argmax(y <= middle))
    share = (y[after - 1] - middle) / (y[after - 1] - y[after])
    return float(np.exp(x[after - 1] + share * (x[after] - x[after - 1])))
