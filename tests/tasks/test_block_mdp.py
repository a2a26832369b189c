"""Block MDPs: rewards, dynamics, and what Gymnasium asks of an environment."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from plasticity.errors import PlasticityError
from plasticity.tasks.block_mdp import BlockMdp
from plasticity.tasks.block_mdp_environment import BlockMdpEnvironment

LABELS = np.repeat(np.arange(5), 40)


def walk(process: BlockMdp, choose: object, steps: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return rewards and states of a walk whose actions are `choose(row, generator)`."""
    generator = np.random.default_rng(3)
    row, rewards, states = process.first(generator), [], []
    for _ in range(steps):
        states.append(process.labels[row])
        reward, row = process.step(row, choose(row, generator), generator)  # pyright: ignore[reportCallIssue]
        rewards.append(reward)
    return np.array(rewards), np.array(states)


@pytest.mark.parametrize("reward", ["true_label", "random_label"])
def test_right_action_is_rewarded_always_and_a_random_one_by_chance(reward) -> None:
    process = BlockMdp(LABELS, 5, reward, seed=1)
    rewards, states = walk(process, lambda row, _: process.right[row])
    assert rewards.min() == 1
    assert np.bincount(states, minlength=5) == pytest.approx(800, abs=5 * 25)  # five standard deviations
    rewards, _ = walk(process, lambda _, generator: generator.integers(5))
    assert rewards.mean() == pytest.approx(0.2, abs=5 * 0.0064)


def test_random_labels_are_a_function_of_the_seed_and_differ_within_a_class() -> None:
    first, again, other = (BlockMdp(LABELS, 5, "random_label", seed) for seed in (1, 1, 2))
    assert (first.right == again.right).all()
    assert (first.right != other.right).any()
    assert len(set(first.right[LABELS == 0])) > 1
    assert (BlockMdp(LABELS, 5, "true_label", 1).right == LABELS).all()


def test_sparse_reward_comes_once_in_a_round_of_right_actions() -> None:
    process = BlockMdp(LABELS, 5, "sparse", seed=1)
    rewards, states = walk(process, lambda row, _: LABELS[row], 50)
    assert (np.diff(states) % 5 == 1).all()
    assert ((states == 4) == rewards).all()


def test_sparse_process_goes_anywhere_after_a_wrong_action() -> None:
    process = BlockMdp(LABELS, 5, "sparse", seed=1)
    rewards, states = walk(process, lambda row, _: (LABELS[row] + 1) % 5)
    assert rewards.max() == 0
    assert np.bincount(states, minlength=5) == pytest.approx(800, abs=5 * 25)


def test_class_without_an_image_is_refused() -> None:
    with pytest.raises(PlasticityError, match="got none of class 5"):
        BlockMdp(LABELS, 6, "true_label", 1)


def test_environment_is_one_of_gymnasium() -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 1)).astype(np.uint8)
    environment = BlockMdpEnvironment(BlockMdp(LABELS, 5, "true_label", 1), images)
    check_env(environment, skip_render_check=True)
    image, _ = environment.reset(seed=4)
    row = int(np.flatnonzero((images == image).all((1, 2, 3)))[0])
    _, reward, ended, cut, _ = environment.step(np.int64(LABELS[row]))
    assert (reward, ended, cut) == (1.0, False, False)
