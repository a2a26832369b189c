"""Trainings whose length, step size and checkpoints are counted in iterations, by the epochs of the one training loop.

Hui, Belkin & Nakkiran (2022) train for 80,000 iterations with cosine annealing. An epoch of the loop stays what it is;
the last one ends in its middle where the number of iterations says so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from plasticity.config.training_section import IterationTraining
from plasticity.data.image_tensors import number_of_batches
from plasticity.jobs.progress import Progress
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun
from plasticity.training.step import TrainingStep


def cosine(iteration: int, iterations: int) -> float:
    """Return the factor of the step size at an iteration, from 0: (1 + cos(π·iteration/iterations))/2, 1 down to 0."""
    return 0.5 * (1.0 + math.cos(math.pi * iteration / iterations))


ANNEALING: dict[str, Callable[[int, int], float]] = {"none": lambda _iteration, _iterations: 1.0, "cosine": cosine}


@dataclass
class CountedStep(TrainingStep):
    """A step that is announced before it is taken, and after; it is never recorded, as its size changes.

    Attributes:
        before: Called before each step.
        after: Called after it.
    """

    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def __call__(self, rows: torch.Tensor) -> None:
        """Take a step on the images at `rows` (B,)."""
        self.before()
        super().__call__(rows)
        self.after()


@dataclass
class IterationRun(TrainingRun):
    """A network in training for a number of iterations.

    Attributes:
        settings: How it is trained, for how many iterations, and the running cross-entropy of an epoch (`stop_loss`, in
            nats per image) that ends it early.
        on_iteration: Called after each step with its number, from 1.
    """

    settings: IterationTraining  # pyright: ignore[reportIncompatibleVariableOverride]
    on_iteration: Callable[[int], None] = lambda _iteration: None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.iteration = 0
        step = self.step
        self.step = CountedStep(
            step.model,
            step.optimizer,
            step.images,
            step.penalty,
            step.precision,
            step.hooks,
            before=self._before_step,
            after=self._after_step,
        )
        self._begin_life()

    @property
    def batches_per_epoch(self) -> int:
        """Iterations of a whole epoch."""
        return number_of_batches(len(self.indices), self.settings.batch_size)

    @property
    def schedule(self) -> Schedule:
        """The whole training, as the epochs that its iterations take."""
        return Schedule(epochs=math.ceil(self.settings.iterations / self.batches_per_epoch))

    def run(self, *, resume: ResumeFile, title: str) -> None:
        """Train from where the history ends to the last iteration, or to the loss that stops it."""
        schedule = self.schedule
        self.train(schedule, resume=resume, progress=Progress(title, schedule.epochs))

    def finished(self, schedule: Schedule) -> bool:
        """Say whether the schedule is fulfilled or the loss that stops the training is reached."""
        return super().finished(schedule) or self.reached

    @property
    def reached(self) -> bool:
        """Whether the last epoch's running loss is at most `stop_loss`."""
        stop = self.settings.stop_loss
        return stop is not None and bool(self.history) and self.history[-1].loss <= stop

    def restore(self, resume: ResumeFile) -> bool:
        """Continue from the resume file, if there is one that belongs to this run; say whether there was."""
        found = super().restore(resume)
        self.iteration = min(len(self.history) * self.batches_per_epoch, self.settings.iterations)
        return found

    def _order(self, epoch: int) -> torch.Tensor:
        """Return the images of an epoch; of the last one those of the batches that are left.

        The first j of m batches of n images hold ⌈n/m⌉ or ⌊n/m⌋ images each, and cut into batches again they are the
        same ones: n > (m − 1)·B gives j·n/m > (j − 1)·B, so that they are j batches, larger ones first as before.
        """
        order = super()._order(epoch)
        left = self.settings.iterations - (epoch - 1) * self.batches_per_epoch
        return torch.cat(order.tensor_split(self.batches_per_epoch)[:left])

    def _before_step(self) -> None:
        factor = ANNEALING[self.settings.annealing](self.iteration, self.settings.iterations)
        self.optimizer.learning_rate = factor * self.settings.learning_rate

    def _after_step(self) -> None:
        self.iteration += 1
        self.on_iteration(self.iteration)
