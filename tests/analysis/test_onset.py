import numpy as np
import pytest

from plasticity.analysis.onset import onset


def test_onset_is_half_of_the_way_in_logarithms() -> None:
    axis = np.array([1.0, 10, 100, 1000])
    assert onset(axis, axis**-0.3) == pytest.approx(1000**0.5)
    assert onset(axis, np.array([8.0, 8, 2, 4])) == pytest.approx(10 * 10**0.5)  # lowest before the end
    assert onset(axis, np.array([4.0, 1, 1, 1])) == pytest.approx(10**0.5)
    for values in ([1.0, 2, 3, 4], [1, np.nan, 0.5, 0.1], [1, 0, 0, 0], [1, 1, 1, 1]):
        assert np.isnan(onset(axis, np.array(values, dtype=float)))
