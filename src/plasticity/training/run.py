"""One training run: epochs until a count or an accuracy, resumable, with the order of the data from its seed."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.data.image_tensors import ImageTensors
from plasticity.jobs.live_curves import LiveCurves
from plasticity.jobs.progress import Progress
from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator
from plasticity.storage.weights import load_weights
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.graphs import GraphedStep, recordable
from plasticity.training.penalties.penalty import penalty_of
from plasticity.training.resume import ResumeFile, Stateful
from plasticity.training.step import TrainingStep
from plasticity.training.step_hooks import hooks_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochRecord:
    """One row of a training's history; accuracies are fractions, the loss is in nats per image."""

    epoch: int
    loss: float
    accuracy: float
    penalty: float | None


@dataclass(frozen=True)
class Schedule:
    """How long a run trains.

    Attributes:
        epochs: The most epochs it may take.
        stop_accuracy: Running training accuracy that ends it; None trains all epochs.
    """

    epochs: int
    stop_accuracy: float | None = None


@dataclass
class TrainingRun:
    """A network in training.

    Attributes:
        model: The network, on its device; it is trained in place.
        images: Training images, on the same device.
        indices: The images this task consists of (n,), int64.
        settings: How it is trained.
        seed: The run's seed.
        purpose: Names the stream of epoch orders, such as "warm_up/order".
        initial: Weights that the network began its life with, for what reads them; None for those that it has now.
        precision: "exact", the reference, or "fast": reduced precision and recorded steps where the device has them.
        history: One record per finished epoch.
        diverged: The loss of some epoch was not finite; training stopped there.
    """

    model: Classifier
    images: ImageTensors
    indices: torch.Tensor
    settings: Optimisation
    seed: int
    purpose: str
    precision: str = "exact"
    initial: Mapping[str, NDArray] | None = None
    history: list[EpochRecord] = field(default_factory=list)
    diverged: bool = False

    def __post_init__(self) -> None:
        self.optimizer = bind_optimiser(self.model, self.settings, self.precision)
        penalty, hooks = penalty_of(self.settings.penalty), hooks_of(self.settings.hooks)
        given = self.model, self.optimizer, self.images, penalty, self.precision, hooks
        self.step = TrainingStep(*given)
        if self.precision == "fast" and recordable(self.step):
            self.step = GraphedStep(*given)
        self._begin_life()

    @property
    def reads_initial(self) -> bool:
        """Whether the training reads the weights that the network began its life with."""
        return self.step.view.reads_initial

    def begin_task(self, seed: int, indices: torch.Tensor, initial: Mapping[str, NDArray] | None = None) -> None:
        """Switch to the images (n,) and the epoch orders of another seed; `restart` gives the weights.

        Args:
            seed: The seed.
            indices: Its images.
            initial: Weights that its networks began their life with; None for those that `restart` gives.
        """
        self.seed, self.indices, self.initial = seed, indices, initial

    def restart(self, weights: Mapping[str, NDArray]) -> None:
        """Begin anew from other weights, in the same memory: what was recorded of the step serves again."""
        load_weights(self.model, weights)
        self.step.reset()
        self.step.view.begin_life(weights)
        self._begin_life()
        self.history, self.diverged = [], False

    def train(
        self,
        schedule: Schedule,
        *,
        resume: ResumeFile,
        progress: Progress,
        on_epoch: Callable[[int], None] = lambda _epoch: None,
    ) -> None:
        """Train from where the history ends.

        Args:
            schedule: When to stop.
            resume: Where unfinished work is saved.
            progress: Where epochs are shown.
            on_epoch: Called after each epoch with its number, before the state is saved.
        """
        self.step.at_work.begin(self.seed, self.purpose)
        with resume.work.saving_when_stopped(), LiveCurves() as curves:
            while not self.finished(schedule):
                start = time.perf_counter()
                record = self._epoch(len(self.history) + 1)
                speed = len(self.indices) / (time.perf_counter() - start)
                self.history.append(record)
                self.diverged = not math.isfinite(record.loss)
                on_epoch(record.epoch)
                resume.save_sometimes(self.model, self._kept, self._state())
                progress.show(record.epoch, record.accuracy, speed)
                values = {"loss": record.loss, "accuracy": record.accuracy, "penalty": record.penalty}
                curves.add(progress.title, record.epoch, **values)
        if self.diverged:
            logger.warning("%s diverged in epoch %d: loss is not finite", progress.title, len(self.history))

    def save(self, resume: ResumeFile) -> None:
        """Save the run as it is, between two epochs."""
        resume.save(self.model, self._kept, self._state())

    def finished(self, schedule: Schedule) -> bool:
        """Say whether the schedule is fulfilled."""
        if self.diverged or len(self.history) >= schedule.epochs:
            return True
        return self.converged(schedule)

    def converged(self, schedule: Schedule) -> bool:
        """Say whether the last epoch's running accuracy reached the stop accuracy."""
        if schedule.stop_accuracy is None or not self.history:
            return False
        return self.history[-1].accuracy >= schedule.stop_accuracy

    def restore(self, resume: ResumeFile) -> bool:
        """Continue from the resume file, if there is one that belongs to this run; say whether there was."""
        if (state := resume.load(self.model, self._kept)) is None:
            return False
        self.history = [EpochRecord(**row) for row in state["history"]]
        self.diverged = state["diverged"]
        logger.info("resumed after epoch %d", len(self.history))
        return True

    @property
    def _kept(self) -> dict[str, Stateful]:
        return {"optimizer": self.optimizer, "hooks": self.step.at_work, "penalty": self.step.view}

    def _begin_life(self) -> None:
        if self.initial is not None:
            self.step.view.begin_life(self.initial)

    def _epoch(self, epoch: int) -> EpochRecord:
        sums = train_epoch(self.step, self._order(epoch), batch_size=self.settings.batch_size)
        return EpochRecord(epoch, sums.loss, sums.accuracy, sums.penalty)

    def _order(self, epoch: int) -> torch.Tensor:
        generator = torch_generator(self.seed, self.purpose, epoch)
        return self.indices[torch.randperm(len(self.indices), generator=generator).to(self.indices.device)]

    def _state(self) -> dict[str, Any]:
        return {"history": [dict(vars(record)) for record in self.history], "diverged": self.diverged}
