"""Two-hot categories: closed-form cases and properties."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from plasticity.training.agents.two_hot import expected_value, two_hot

BINS = torch.linspace(-1, 3, 9, dtype=torch.float64)


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=8))
def test_mean_is_the_value_and_at_most_two_bins_share_it(values: list[float]) -> None:
    wanted = torch.tensor(values, dtype=torch.float64)
    shares = two_hot(wanted, BINS)
    torch.testing.assert_close(shares @ BINS, wanted)
    torch.testing.assert_close(shares.sum(-1), torch.ones_like(wanted))
    assert (shares >= 0).all()
    assert ((shares > 0).sum(-1) <= 2).all()


def test_values_outside_count_as_the_outermost_bin() -> None:
    shares = two_hot(torch.tensor([-5.0, 9.0, 3.0], dtype=torch.float64), BINS)
    assert shares.argmax(-1).tolist() == [0, 8, 8]
    assert shares.max(-1).values.tolist() == [1, 1, 1]


def test_expected_value_of_certain_logits() -> None:
    logits = torch.full((9,), -1e9, dtype=torch.float64)
    logits[[2, 3]] = 0
    assert float(expected_value(logits, BINS)) == float(BINS[2:4].mean())
