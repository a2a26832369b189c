"""Ranks beside those of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from scipy.stats import rankdata

from plasticity.analysis.average_ranks import average_ranks

FEW = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.5, 2.0, np.inf, np.nan])


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=7), elements=FEW))
def test_ranks_are_those_of_scipy(values: np.ndarray) -> None:
    assert_array_equal(average_ranks(values), rankdata(values, axis=-1))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)])
def test_of_nothing_there_are_no_ranks(shape: tuple[int, ...]) -> None:
    assert average_ranks(np.empty(shape)).shape == shape
