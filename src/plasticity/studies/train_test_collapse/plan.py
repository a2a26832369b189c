"""The train-test study: arms, the iterations of their checkpoints, and the jobs that carry seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plasticity.config import expand_arm
from plasticity.storage.files import digest_of
from plasticity.studies.plan import StudyPlan

Settings = dict[str, Any]

_PARTS = ("train_size", "test_size", "balanced")
_NEXT_PARTS = ("train_size", "validation_size", "test_size")


@dataclass(frozen=True)
class TrainTestArm:
    """A row of the study: on what the network is trained, how, and whether it goes on to a next task.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        experiment: That key.
        label: What figures call it.
        model: The network.
        parts: Sizes of the first task's images, and its super-classes.
        training: Settings of the training on the first task.
        checkpoints: Iterations at which its weights are kept.
    """

    name: str
    experiment: str
    label: str
    model: Settings
    parts: Settings
    training: Settings
    checkpoints: tuple[int, ...]

    @property
    def goes_on(self) -> bool:
        """Whether it is trained on a next task: the classes inside its super-classes."""
        return self.parts["super_classes"] is not None


@dataclass(frozen=True)
class TrainTestPlan(StudyPlan[TrainTestArm]):
    """The train-test study of a checked configuration (`plasticity.config.load_config`)."""

    section: str = "train_test_collapse"

    @cached_property
    def arms(self) -> dict[str, TrainTestArm]:
        """Arms by name, in the order of the configuration."""
        return {
            name: self._arm(experiment, name, arm)
            for experiment, section in self.study["arms"].items()
            for name, arm in expand_arm(experiment, section)
        }

    @property
    def rates(self) -> dict[str, float]:
        """Learning rates of the next task, by the name of their jobs."""
        return {f"rate{rate:.15g}": rate for rate in self.study["next_task"]["learning_rates"]}

    @property
    def transfers(self) -> list[str]:
        """Names of the arms that go on to a next task."""
        return [name for name, arm in self.arms.items() if arm.goes_on]

    @cached_property
    def weight_decays(self) -> dict[str, dict[str, float]]:
        """Weight decay on the first task by arm, ascending, of each family of arms that go on to a next task.

        Arms of a family differ in nothing but weight decay. A family has the name of its arm with the least; of two
        arms that are the same but for their names it has the first.
        """
        families: dict[str, dict[float, str]] = {}
        for name in self.transfers:
            arm = self.arms[name]
            rest = {key: value for key, value in arm.training.items() if key != "weight_decay"}
            family = families.setdefault(digest_of([arm.model, arm.parts, rest, arm.checkpoints]), {})
            family.setdefault(arm.training["weight_decay"], name)
        ordered = [{family[decay]: decay for decay in sorted(family)} for family in families.values()]
        return {next(iter(family)): family for family in ordered}

    @property
    def variance_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/variances/{arm}/{group}.parquet" for arm in self.arms for group in self.groups]

    @property
    def transfer_files(self) -> list[str]:
        """Tables of all jobs of the next task."""
        return [
            f"{self.folder}/transfer/{arm}/{group}/{rate}.parquet"
            for arm in self.transfers
            for group in self.groups
            for rate in self.rates
        ]

    def correlate_settings(self) -> Settings:
        """Return what the correlations of the study read."""
        return {**self.study["analysis"], "weight_decays": self.weight_decays}

    def pre_train_settings(self, arm: str) -> Settings:
        """Return what the stage of the first task reads."""
        found = self.arms[arm]
        named = {"study": self.section, "dataset": self.config["dataset"]["name"], "arm": arm}
        same = {"model": found.model, "parts": found.parts}
        return {**named, **same, "training": found.training, "checkpoints": found.checkpoints}

    def measure_settings(self, arm: str) -> Settings:
        """Return what the measuring stage reads."""
        found = self.arms[arm]
        return {**self._names(arm), "model": found.model, "parts": found.parts, **self.study["measure"]}

    def transfer_settings(self, arm: str, rate: str) -> Settings:
        """Return what the stage of the next task reads, for one learning rate."""
        found, section = self.arms[arm], self.study["next_task"]
        sizes = {key: section[key] for key in _NEXT_PARTS}
        training = {key: value for key, value in section.items() if key not in (*_NEXT_PARTS, "learning_rates")}
        return {
            **self._names(arm),
            "model": found.model,
            "parts": {**found.parts, "next_task": sizes},
            "training": {**training, "learning_rate": self.rates[rate]},
        }

    def assemble_settings(self) -> Settings:
        """Return what the tables of the study are assembled from."""
        return {"arms": list(self.arms)}

    def shown(self) -> Settings:
        """Return what figures and summary read beside the tables."""
        return {
            **super().shown(),
            "experiments": {name: arm.experiment for name, arm in self.arms.items()},
            "weight_decays": self.weight_decays,
        }

    def published_settings(self) -> Settings:
        """Return what decides whether published shapes can be compared with the run's, and how sure those are."""
        arms = {arm.name: {"model": arm.model, **arm.parts, "training": arm.training} for arm in self.arms.values()}
        members: dict[str, list[str]] = {}
        for arm in self.arms.values():
            members.setdefault(arm.experiment, []).append(arm.name)
        return {
            "dataset": self.config["dataset"],
            "next_task": self.study["next_task"],
            "analysis": self.study["analysis"],
            "arms": arms,
            "experiments": {name: {"arms": names} for name, names in members.items()},
        }

    def _names(self, arm: str) -> Settings:
        return {"experiment": self.arms[arm].experiment, "arm": arm}

    def _arm(self, experiment: str, name: str, arm: Mapping[str, Any]) -> TrainTestArm:
        training = {**self.study["training"], **arm.get("training", {})}
        count = training.pop("checkpoints")
        sizes = {key: arm.get(key, self.study[key]) for key in _PARTS}
        return TrainTestArm(
            name=name,
            experiment=experiment,
            label=arm.get("label", name.replace("_", " ")),
            model=arm.get("model", self.study["model"]),
            parts={**sizes, "super_classes": arm.get("super_classes"), "next_task": None},
            training=training,
            checkpoints=checkpoints(training["iterations"], count),
        )


def checkpoints(iterations: int, count: int) -> tuple[int, ...]:
    """Return iterations in equal ratios from 1 to the last, `count` at most, and 0, the network before training.

    Variances change most in the first iterations. The first ones of an equal ratio fall together, and are kept once.
    """
    ratio = iterations ** (1 / max(count - 1, 1))
    found = {round(iterations / ratio**place) for place in range(count)}
    return tuple(sorted({0, iterations, *found}))
