"""A body of MuJoCo on ground whose friction changes from task to task. Needs the extra `agents`."""

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity.config.environments import specification
from plasticity.config.locomotion_section import Frictions, Ground
from plasticity.errors import PlasticityError
from plasticity.seeding import derive_seed, numpy_generator

Floats = NDArray[np.float64]
_COUNTS = ("steps", "task", "episode", "elapsed")


def friction_of(frictions: Frictions, seed: int, task: int) -> float:
    """Return the friction of a task, counted from 1: one that is given, or one drawn log-uniformly."""
    if task <= len(given := frictions.of_seed(seed)):
        return given[task - 1]
    low, high = math.log(frictions.lowest), math.log(frictions.highest)
    return math.exp(numpy_generator(seed, "locomotion/friction", task).uniform(low, high))


class SlipperyGround:
    """An environment that can be left after any step and continued to the same bits.

    MuJoCo's derived quantities lag a step behind its state. A checkpoint therefore keeps the state before the last
    step and the action of that step, which is taken again when the environment is loaded.

    Attributes:
        ground: What the environment is.
        seed: Of the run; frictions and the beginnings of episodes derive from it.
        steps: Steps taken.
        task: Number of the task, from 1.
        observation: The present one (D,).
        limit: Steps after which an episode ends.
    """

    def __init__(self, ground: Ground, seed: int) -> None:
        """Begin the first episode.

        Raises:
            PlasticityError: If there is no such environment, or it refuses its options.
        """
        self.ground, self.seed = ground, seed
        self.steps, self.task, self.episode, self.elapsed = 0, 1, 0, 0
        self.limit = specification(ground.name).max_episode_steps or math.inf
        self._open()
        self.observation_size = self._env.observation_space.shape[0]
        self.action_size = self._env.action_space.shape[0]
        self._set_friction()
        self._begin()

    @property
    def friction(self) -> float:
        """The present friction."""
        return friction_of(self.ground.frictions, self.seed, self.task)

    def step(self, action: Floats) -> tuple[float, bool]:
        """Act.

        Args:
            action: Of any size; motors saturate.

        Returns:
            The reward, and whether the episode ended by it; `observation` is then the first of the next one.
        """
        self._action[:] = action
        self._keep()
        self.observation, reward, fallen, _, _ = self._env.step(self._action)
        self.steps += 1
        self.elapsed += 1
        return float(reward), bool(fallen) or self.elapsed >= self.limit

    def next_episode(self) -> None:
        """Begin the next episode, on the next friction when the task's steps are over."""
        if self.steps >= self.task * self.ground.change_every and self.task < self.ground.tasks:
            self.task += 1
            self._set_friction()
        self._begin()

    def state(self) -> dict[str, NDArray]:
        """Return what the environment needs to continue."""
        counts = np.array([getattr(self, name) for name in _COUNTS])
        return {"before": self._before.copy(), "action": self._action.copy(), "counts": counts}

    def load(self, state: Mapping[str, NDArray]) -> None:
        """Continue from a state."""
        for name, value in zip(_COUNTS, state["counts"].tolist(), strict=True):
            setattr(self, name, value)
        self._set_friction()
        self._env.reset(seed=0)
        self._before[:], self._action[:] = state["before"], state["action"]
        self._mujoco.mj_setState(self._env.model, self._env.data, self._before, self._kind)
        self._mujoco.mj_forward(self._env.model, self._env.data)
        if self.elapsed:
            self.observation, *_ = self._env.step(self._action)
        else:
            self.observation = self._env._get_obs()

    def _open(self) -> None:
        made, options = specification(self.ground.name), dict[str, Any](self.ground.options)
        import gymnasium  # noqa: PLC0415 - an extra

        try:
            self._env: Any = gymnasium.make(made, disable_env_checker=True, **options).unwrapped
        except (TypeError, ValueError, AssertionError, gymnasium.error.Error) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PlasticityError(f"{self.ground.name}: expected options that it takes, got {reason}") from None
        self._mujoco: Any = import_module("mujoco")
        self._kind = int(self._mujoco.mjtState.mjSTATE_INTEGRATION)
        self._before = np.zeros(self._mujoco.mj_stateSize(self._env.model, self._kind))
        self._action = np.zeros(self._env.action_space.shape[0])

    def _set_friction(self) -> None:
        self._env.model.geom_friction[:, 0] = self.friction

    def _begin(self) -> None:
        self.episode += 1
        self.elapsed = 0
        self.observation, _ = self._env.reset(seed=derive_seed(self.seed, "locomotion/episode", self.episode) >> 31)
        self._keep()

    def _keep(self) -> None:
        self._mujoco.mj_getState(self._env.model, self._env.data, self._before, self._kind)
