"""Ground that becomes slippery: its frictions, when they change, and a stop after any step."""

import copy

import numpy as np
import pytest

from plasticity.config.locomotion_section import Frictions, Ground
from plasticity.errors import PlasticityError
from plasticity.tasks.slippery_ground import SlipperyGround, friction_of

CHEAP = Ground.of({"name": "InvertedPendulum-v5", "change_every": 40, "tasks": 3, "frictions": {"first": [0.5]}})


def test_frictions_are_given_first_and_then_drawn_log_uniformly_from_the_seed() -> None:
    frictions = Frictions(first=(0.7, 3.0))
    assert [friction_of(frictions, 5, task) for task in (1, 2)] == [0.7, 3.0]
    rows = Frictions(rows=((0.1,), (0.2, 0.3)))
    assert [friction_of(rows, seed, 1) for seed in (0, 1)] == [0.1, 0.2]
    assert friction_of(rows, 1, 3) == friction_of(Frictions(), 1, 3)  # beyond a row they are drawn
    drawn = np.array([friction_of(frictions, 5, task) for task in range(3, 2003)])
    assert 0.02 <= drawn.min() < 0.021
    assert 1.95 < drawn.max() <= 2
    assert np.median(drawn) == pytest.approx(0.2, rel=0.1)  # the geometric mean of the ends
    assert friction_of(frictions, 5, 3) == friction_of(Frictions(), 5, 3) != friction_of(frictions, 6, 3)


def test_frictions_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected highest at least lowest 0\.5, got 0\.1"):
        Frictions(lowest=0.5, highest=0.1)


def _act(ground: SlipperyGround, number: int) -> tuple[float, bool]:
    action = np.random.default_rng(number).normal(size=ground.action_size)
    found = ground.step(action)
    if found[1]:
        ground.next_episode()
    return found


def test_friction_changes_with_the_first_episode_after_a_task() -> None:
    pytest.importorskip("mujoco")
    ground = SlipperyGround(CHEAP, seed=1)
    seen = []
    for step in range(150):
        seen.append((ground.steps, ground.task, ground._env.model.geom_friction[0, 0]))
        before = ground.task
        _, ended = _act(ground, step)
        assert ground.task == before or ended
    assert [task for _, task, _ in seen] == sorted(task for _, task, _ in seen)
    for task in (1, 2, 3):
        steps, frictions = zip(*[(step, friction) for step, number, friction in seen if number == task], strict=True)
        assert set(frictions) == {friction_of(CHEAP.frictions, 1, task)}
        assert steps[0] >= (task - 1) * 40
    assert seen[0][2] == 0.5


@pytest.mark.parametrize("name", ["InvertedPendulum-v5", "Ant-v5"])
def test_an_environment_that_is_loaded_goes_on_to_the_same_bits(name: str) -> None:
    pytest.importorskip("mujoco")
    given = CHEAP.overridden({"name": name, "change_every": 5})
    whole, later = SlipperyGround(given, seed=2), SlipperyGround(given, seed=2)
    if name == "Ant-v5":
        whole.limit = later.limit = 9
    state, last = copy.deepcopy(whole.state()), whole.observation
    for step in range(30):
        later.load(state)  # after every step, be it within an episode or at its end
        assert (later.observation == last).all()
        assert _act(later, step) == _act(whole, step)
        assert (later.observation == whole.observation).all()
        assert (later.steps, later.task, later.friction) == (whole.steps, whole.task, whole.friction)
        state, last = copy.deepcopy(whole.state()), whole.observation
    assert whole.task > 1


def test_options_that_an_environment_does_not_take_are_refused() -> None:
    pytest.importorskip("mujoco")
    with pytest.raises(PlasticityError, match=r"InvertedPendulum-v5: expected options that it takes, got .*gravity"):
        SlipperyGround(CHEAP.overridden({"options": {"gravity": 3}}), seed=1)
