from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser_problems import DTYPES, assert_equal_networks, descend, ours, small_network


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    alpha=st.sampled_from([0.99, 0.5]),
    eps=st.sampled_from([1e-8, 1e-3]),
    centered=st.booleans(),
    momentum=st.sampled_from([0.0, 0.9]),
    weight_decay=st.sampled_from([0.0, 0.01]),
    steps=st.integers(1, 6),
    precision=st.sampled_from(["exact", "fast"]),
)
def test_every_bit_is_that_of_pytorch(dtype: torch.dtype, steps: int, precision: str, **given: Any) -> None:
    mine, theirs = small_network(dtype), small_network(dtype)
    chosen = {"name": "rmsprop", **{key: given[key] for key in ("alpha", "eps", "centered")}}
    training = {key: given[key] for key in ("momentum", "weight_decay")}
    descend(ours(mine, chosen, precision=precision, learning_rate=0.003, **training), mine, steps)
    descend(torch.optim.RMSprop(theirs.parameters(), lr=0.003, **given), theirs, steps)
    assert_equal_networks(mine, theirs)
