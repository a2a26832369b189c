"""The warm-start study: arms, the warm-ups they share, checkpoints, and the jobs that carry fine-tunings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from plasticity.config import expand_lists
from plasticity.errors import PlasticityError
from plasticity.studies.naming import PLAIN, chunks, training_name
from plasticity.studies.plan import StudyPlan
from plasticity.studies.trial import numbers_of, trial_of

Settings = dict[str, Any]


@dataclass(frozen=True)
class Arm:
    """A named row of the study: how the first task is trained, and what follows.

    Attributes:
        name: Key in the configuration, with the value behind it for an arm made from a list.
        label: What figures call it.
        training: Settings of its warm-up, without its length.
        warm_up: Name of that warm-up; arms that warm up alike share it.
        epochs: Its checkpoints, in warm-up epochs; (0,) is a network that has seen no data.
        intervention: Name and parameters of what is done to each checkpoint; None for nothing.
    """

    name: str
    label: str
    training: Settings
    warm_up: str
    epochs: tuple[int, ...]
    intervention: Settings | None

    @property
    def start(self) -> str:
        """Name of the checkpoints that fine-tuning starts from: the warm-up's own, or the arm's after intervening."""
        return self.name if self.intervention else self.warm_up


@dataclass(frozen=True)
class WarmUp:
    """One training on the first task, shared by arms; `epochs` are all the checkpoints they ask for."""

    name: str
    training: Settings
    epochs: tuple[int, ...]


def refuse_shared_names(plans: Sequence["WarmStartPlan"]) -> None:
    """Refuse an arm that intervenes and has the name of a warm-up: both name folders of checkpoints.

    Raises:
        PlasticityError: If there is one, in whichever section.
    """
    warm_ups = {name for plan in plans for name in plan.warm_ups}
    for plan in plans:
        if taken := sorted(set(plan.interventions) & warm_ups):
            raise PlasticityError(
                f"{plan.section}.arms.{taken[0]}: expected a name that no warm-up has, got {taken[0]!r}, "
                f"which names the checkpoints of a warm-up; call the arm otherwise"
            )


@dataclass(frozen=True)
class WarmStartPlan(StudyPlan[Arm]):
    """The warm-start study of a checked configuration (`plasticity.config.load_config`)."""

    section: str = "warm_start"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Arms by name, in the order of the configuration."""
        return {name: self._arm(name, arm) for name, arm in expand_lists(self.study["arms"]).items()}

    @cached_property
    def warm_ups(self) -> dict[str, WarmUp]:
        """Warm-ups by name, each with the union of its arms' checkpoints."""
        found: dict[str, WarmUp] = {}
        for arm in self.arms.values():
            epochs = set(arm.epochs) | set(found[arm.warm_up].epochs if arm.warm_up in found else ())
            found[arm.warm_up] = WarmUp(arm.warm_up, arm.training, tuple(sorted(epochs)))
        return found

    @cached_property
    def starts(self) -> dict[str, tuple[int, ...]]:
        """Checkpoint epochs that are measured, by the name of the start they belong to."""
        measured: dict[str, set[int]] = {}
        for arm in self.arms.values():
            measured.setdefault(arm.start, set()).update(arm.epochs)
        return {start: tuple(sorted(epochs)) for start, epochs in measured.items()}

    @property
    def interventions(self) -> dict[str, Arm]:
        """Arms that intervene, by name."""
        return {name: arm for name, arm in self.arms.items() if arm.intervention}

    def chunks(self, arm: str) -> dict[str, tuple[int, ...]]:
        """Return the epochs that a fine-tuning job carries of each of its seeds, by names such as "epochs8-48"."""
        jobs = self.config["jobs"]
        return chunks(self.arms[arm].epochs, max(1, jobs["fine_tunings_per_job"] // jobs["seeds_per_job"]), "epochs")

    def exported(self, warm_up: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that an exporting job carries, one seed after another."""
        return list(product(self.groups[group], self.warm_ups[warm_up].epochs))

    def intervened(self, arm: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that an intervening job carries, one seed after another."""
        return list(product(self.groups[group], self.arms[arm].epochs))

    def measured(self, start: str, group: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that a measuring job carries, one seed after another."""
        return list(product(self.groups[group], self.starts[start]))

    def fine_tuned(self, arm: str, group: str, chunk: str) -> list[tuple[int, int]]:
        """Return seeds and epochs of the checkpoints that a fine-tuning job carries, one seed after another."""
        return list(product(self.groups[group], self.chunks(arm)[chunk]))

    def split_files(self, group: str) -> list[str]:
        """Return the splits of the seeds that a job carries."""
        return [f"{self.folder}/splits/seed{seed}.parquet" for seed in self.groups[group]]

    def manifest(self, start: str, group: str) -> str:
        """Return the manifest of the checkpoints of some seeds that measuring and fine-tuning start from."""
        return f"{self.folder}/checkpoints/{start}/{group}.json"

    @property
    def manifests(self) -> list[str]:
        """All manifests."""
        names = [*self.warm_ups, *self.interventions]
        return [self.manifest(name, group) for name in names for group in self.groups]

    @property
    def warm_up_histories(self) -> list[str]:
        """Histories of all warm-ups."""
        return [
            f"{self.folder}/warm_up/{name}/{group}/history.parquet" for name in self.warm_ups for group in self.groups
        ]

    @property
    def collapse_files(self) -> list[str]:
        """Tables of all measuring jobs."""
        return [f"{self.folder}/collapse/{start}/{group}.parquet" for start in self.starts for group in self.groups]

    def fine_tune_files(self, ending: str) -> list[str]:
        """Return files of all fine-tuning jobs: outcomes end in "parquet", histories in "history.parquet"."""
        return [
            f"{self.folder}/fine_tune/{arm}/{group}/{chunk}.{ending}"
            for arm in self.arms
            for group in self.groups
            for chunk in self.chunks(arm)
        ]

    def split_settings(self) -> Settings:
        """Return what the split stage reads."""
        return {key: self.study[key] for key in ("train_size", "warm_up_fraction")}

    def warm_up_settings(self, warm_up: str) -> Settings:
        """Return what the warm-up stage reads beside its seeds, so that a new seed reruns no other."""
        found = self.warm_ups[warm_up]
        return {
            "warm_up": warm_up,
            "model": self.study["model"],
            "training": found.training,
            "precision": self.study["precision"],
            "epochs": found.epochs,
        }

    def intervene_settings(self, arm: str) -> Settings:
        """Return what the intervening stage reads."""
        return {"arm": arm, "model": self.study["model"], "intervention": self.arms[arm].intervention}

    def measure_settings(self, start: str) -> Settings:
        """Return what the measuring stage reads."""
        return {
            "start": start,
            "model": self.study["model"],
            "test_size": self.study["test_size"],
            "batch_size": self.study["warm_up"]["batch_size"],
            **self.study["measure"],
        }

    def fine_tune_settings(self, arm: str) -> Settings:
        """Return what the fine-tuning stage reads."""
        return {
            "arm": arm,
            "model": self.study["model"],
            "training": self.study["fine_tune"],
            "precision": self.study["precision"],
            "test_size": self.study["test_size"],
        }

    @cached_property
    def trial(self) -> Settings:
        """The arms as an experiment; the control is the first that warms up as the study says, without intervention."""
        warmed = {name: arm for name, arm in self.arms.items() if max(arm.epochs) > 0}
        plain = [name for name, arm in warmed.items() if arm.warm_up == PLAIN and arm.intervention is None]
        numbers = {name: numbers_of(arm.training, arm.intervention) for name, arm in warmed.items()}
        return trial_of(plain[0] if plain else "", numbers)

    def causes_settings(self) -> Settings:
        """Return what the stage that asks for causes reads."""
        keys = ("confidence", "bootstrap_samples", "phase_boundary")
        return {key: self.study["analysis"][key] for key in keys} | self.trial

    def assemble_settings(self) -> Settings:
        """Return what the table of the study is assembled from: each arm's start."""
        return {"starts": {name: arm.start for name, arm in self.arms.items()}, "epochs": self._epochs()}

    def summary_settings(self) -> Settings:
        """Return what the page that sums the study up reads."""
        return {**super().summary_settings(), "trial": {**self.trial, "interventions": list(self.interventions)}}

    def published_settings(self) -> Settings:
        """Return what decides whether published numbers can be compared with the run's, and how sure those are."""
        keys = ("model", "train_size", "test_size", "warm_up_fraction", "fine_tune", "analysis")
        every = self.study["warm_up"]["checkpoint_every"]
        arms = {
            name: {
                "training": arm.training,
                "intervention": arm.intervention,
                "length": arm.epochs[-1],
                "checkpoint_every": every,
            }
            for name, arm in self.arms.items()
        }
        return {
            "dataset": self.config["dataset"],
            **{key: self.study[key] for key in keys},
            "optimizer": "sgd",  # the one there is
            "arms": arms,
        }

    def shown(self) -> Settings:
        """Return what figures and summary read beside the tables."""
        return {
            **super().shown(),
            "warm_ups": {name: arm.warm_up for name, arm in self.arms.items()},
            "trial": self.trial,
        }

    def _epochs(self) -> dict[str, list[int]]:
        return {name: list(arm.epochs) for name, arm in self.arms.items()}

    def _arm(self, name: str, arm: Mapping[str, Any]) -> Arm:
        base = self.study["warm_up"]
        training = {**base, **arm.get("warm_up", {})}
        every, length = training.pop("checkpoint_every"), training.pop("epochs")
        return Arm(
            name=name,
            label=arm.get("label", name.replace("_", " ")),
            training=training,
            warm_up=training_name(training, base),
            epochs=tuple(range(every, length + 1, every)) or (0,),
            intervention=arm.get("intervention"),
        )
