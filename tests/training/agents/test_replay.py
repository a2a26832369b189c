"""Replay: the oldest transitions make way, draws are uniform, a state brings everything back."""

import numpy as np

from plasticity.training.agents.replay import Replay


def filled(transitions: int) -> Replay:
    replay = Replay(agents=2, capacity=5)
    for number in range(transitions):
        both = np.array([number, 100 + number])
        replay.add(both, both + 1, both + 2, both + 3)
    return replay


def test_last_transitions_are_kept_and_belong_together() -> None:
    replay = filled(8)
    assert len(replay) == 5
    drawn = replay.sample([np.random.default_rng(seed) for seed in (0, 1)], 400)
    assert set(drawn.rows[0]) == {3, 4, 5, 6, 7}
    assert set(drawn.rows[1]) == {103, 104, 105, 106, 107}
    for offset, part in enumerate((drawn.rows, drawn.actions, drawn.rewards, drawn.next_rows)):
        assert (part == drawn.rows + offset).all()


def test_part_of_the_memory_is_drawn_from_while_it_fills() -> None:
    drawn = filled(2).sample([np.random.default_rng(seed) for seed in (0, 1)], 50)
    assert set(drawn.rows[0]) == {0, 1}


def test_state_brings_everything_back() -> None:
    replay, again = filled(3), Replay(2, 5)
    again.load(replay.state())
    for other in (replay, again):
        for number in range(4):
            other.add(*(np.array([number, number]),) * 4)
    draws = [other.sample([np.random.default_rng(seed) for seed in (0, 1)], 30).rows for other in (replay, again)]
    assert (draws[0] == draws[1]).all()
