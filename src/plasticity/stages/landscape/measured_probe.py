"""The plasticity probe of a checkpoint, beside that of a fresh network on the same targets, as columns."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from torch import Tensor

from plasticity.config.landscape_section import ProbeMeasure
from plasticity.models.classifier import Classifier
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.measured import Measured, Quantity, quantity, series
from plasticity.stages.landscape.subject import Subject
from plasticity.training.bound_optimiser import optimiser_of
from plasticity.training.probe import ProbeCurve, as_trained, probe
from plasticity.training.probe_copies import are_stacked
from plasticity.training.probe_targets import label_targets, noise_targets

logger = logging.getLogger(__name__)

_TELLS = 0.5  # share of the targets' variance that a fresh network must come below for the comparison to say anything
_KEPT = 8  # references that are kept: those of the tasks that a job's networks are at


@dataclass(frozen=True)
class Probed:
    """The probe of a checkpoint, and that of a fresh network on the same images, targets and batches."""

    curve: ProbeCurve
    fresh: ProbeCurve

    @property
    def over_fresh(self) -> float:
        """Final loss in units of the fresh network's; NaN where the probe is too short for that one to learn."""
        return self.curve.loss / self.fresh.loss if self.fresh.relative_loss < _TELLS else float("nan")


class MeasuredProbe(Measured[Probed]):
    """The measure `probe`."""

    def __init__(self, settings: ProbeMeasure) -> None:
        super().__init__(settings, _quantities(settings))
        self._settings = settings
        self._rule = optimiser_of(settings.optimizer)
        self._references: dict[str, tuple[Tensor, ProbeCurve]] = {}

    def check(self, model: Classifier) -> None:
        """Refuse a momentum that the optimizer cannot use, and say how the copies train.

        Raises:
            PlasticityError: If there is one.
        """
        self._rule.check(self._settings.training.momentum)
        way = "as one stack" if are_stacked(as_trained(model), self._rule) else "in turn"
        logger.info("probe: %d copies train %s", self._settings.targets, way)

    def measure(self, subject: Subject) -> Probed:
        """Return its learning curves and those of a fresh network."""
        targets, fresh = self._reference(subject)
        return Probed(self._probe(subject.model, subject, targets), fresh)

    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes: all steps of all copies, and as much for the fresh network."""
        del model
        asked = self._settings
        return 2 * gradient * asked.targets * asked.steps * min(asked.batch_size, asked.images)

    def _probe(self, model: Classifier, subject: Subject, targets: Tensor) -> ProbeCurve:
        images, _ = subject.first(self.images)
        generator = torch_generator(subject.seed, "landscape/probe")
        return probe(model, images, targets, self._settings.training, optimiser=self._rule, generator=generator)

    def _reference(self, subject: Subject) -> tuple[Tensor, ProbeCurve]:
        """Return the targets of a seed's images and the probe of a fresh network, which its checkpoints share."""
        images, _ = subject.first(self.images)
        key = sha256(f"{subject.seed}/".encode() + images.cpu().contiguous().numpy().tobytes()).hexdigest()
        if key not in self._references:
            targets = self._targets(subject, images)
            fresh = self._probe(subject.fresh("landscape/fresh", 0), subject, targets)
            while len(self._references) >= _KEPT:
                del self._references[next(iter(self._references))]
            self._references[key] = targets, fresh
        return self._references[key]

    def _targets(self, subject: Subject, images: Tensor) -> Tensor:
        count = self._settings.targets
        if self._settings.target == "noise":
            return noise_targets([subject.fresh("landscape/targets", place) for place in range(count)], images)
        generator = torch_generator(subject.seed, "landscape/targets")
        classes = subject.model.head.out_features
        return label_targets(count, len(images), classes, generator).to(images.device)


def _quantities(settings: ProbeMeasure) -> Iterator[Quantity[Probed]]:
    targets = {"noise": "noise targets", "labels": "sets of random labels"}[settings.target]
    loss = {"noise": "mean squared error", "labels": "cross-entropy"}[settings.target]
    rule = f"{settings.optimizer.name}" if settings.optimizer else "the training's optimizer"
    rate = f", step size {settings.learning_rate:g}" if settings.learning_rate else ""
    shape = f"batches of {settings.batch_size}, {settings.head} head, {settings.outputs} outputs, {rule}{rate}"
    of = f"{settings.targets} {targets} on {settings.images} images, {shape}"
    unit = {"noise": "1", "labels": "nat"}[settings.target]
    yield quantity(
        "probe_loss",
        unit,
        f"{loss} of copies after {settings.steps} steps on random targets (Lyle et al. 2023): {of}",
        lambda found: found.curve.loss,
    )
    yield quantity(
        "probe_relative_loss",
        "1",
        "probe_loss relative to the loss of the best constant; 0 is a perfect fit",
        lambda found: found.curve.relative_loss,
    )
    yield quantity("fresh_probe_loss", unit, "probe_loss of a fresh network", lambda found: found.fresh.loss)
    yield quantity(
        "probe_over_fresh",
        "1",
        f"probe_loss over fresh_probe_loss; missing where the fresh network's relative loss is {_TELLS:g} or more",
        lambda found: found.over_fresh,
    )
    at = f"after {', '.join(map(str, settings.marks))} steps"
    yield series("probe_curve", unit, f"probe_loss {at}", lambda found: found.curve.losses.mean(dim=0))
    yield series("probe_steps", "steps", "steps before each loss of probe_curve", lambda found: found.curve.marks)
    if settings.keep:
        yield series("probe_curves", unit, f"loss of each copy {at}, copy by copy", lambda found: found.curve.losses)
        yield series("fresh_probe_curves", unit, "probe_curves of a fresh network", lambda found: found.fresh.losses)
