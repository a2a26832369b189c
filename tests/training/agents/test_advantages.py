"""Generalised advantage estimation against its definition, a sum over all later steps of the episode."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity.training.agents.advantages import advantages_of, standardised

_NUMBER = st.floats(-10, 10)


@st.composite
def _lives(draw: st.DrawFn) -> tuple[list[float], list[float], list[bool]]:
    steps = draw(st.integers(1, 12))
    lists = (st.lists(kind, min_size=n, max_size=n) for kind, n in ((_NUMBER, steps), (_NUMBER, steps + 1)))
    rewards, values = (draw(each) for each in lists)
    return rewards, values, draw(st.lists(st.booleans(), min_size=steps, max_size=steps))


@given(_lives(), st.floats(0, 1), st.floats(0, 1))
def test_advantages_are_sums_of_later_errors(
    life: tuple[list[float], list[float], list[bool]], discount: float, trace: float
) -> None:
    rewards, values, ended = life
    expected = []
    for t in range(len(rewards)):
        total, factor = 0.0, 1.0
        for k in range(t, len(rewards)):
            total += factor * (rewards[k] + (0 if ended[k] else discount * values[k + 1]) - values[k])
            factor *= discount * trace
            if ended[k]:
                break
        expected.append(total)
    found = advantages_of(np.array(rewards), np.array(values), np.array(ended), discount, trace)
    assert found == pytest.approx(expected, abs=1e-9)


def test_with_a_trace_of_one_advantages_are_returns_beyond_values() -> None:
    found = advantages_of(np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, 6.0, 8.0]), np.zeros(3, bool), 0.5, 1.0)
    assert found.tolist() == [1 + 1 + 1 + 1 - 3, 2 + 2 + 2 - 5, 4 + 4 - 6]


def test_advantages_are_standardised_and_equal_ones_are_zero() -> None:
    assert standardised(np.array([1.0, 2.0, 3.0])).tolist() == [-1, 0, 1]
    assert standardised(np.array([2.0, 2.0])).tolist() == [0, 0]
