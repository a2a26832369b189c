"""All that a configuration asks for of the landscape around a checkpoint: columns, values, and what it costs."""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from plasticity.config.landscape_section import MEASURED_BY, MeasureLandscape
from plasticity.config.training_section import Optimisation
from plasticity.jobs.adapter import imported
from plasticity.metrics.finite import NotFinite
from plasticity.metrics.network_state import in_eval_mode, trained_parameters
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.measured import Measured, Value
from plasticity.stages.landscape.subject import Ground, Subject
from plasticity.storage.schemas import Column

logger = logging.getLogger(__name__)

START = "start_"
"""What columns begin with whose values are of the start of a task."""
START_OF_TASK, END_OF_TASK = "landscape/start", "landscape/end"
"""What a checkpoint's own draws are for."""
_TIMED = 256  # images whose gradient is timed


def landscape_columns(settings: MeasureLandscape, *, starts: bool = False) -> list[Column]:
    """Return the columns of what a section asks for.

    Args:
        settings: The section, as the configuration has it.
        starts: With those of the starts of tasks, which stand last.
    """
    found = [column for _, measure in _measures(settings) for column in measure.columns]
    return found + [_at_start(column) for column in found] if starts else found


class Measures:
    """The measures of a section.

    Args:
        settings: What is asked for.
        training: That behind the checkpoints, from which a probe takes what the section leaves open.
    """

    def __init__(self, settings: MeasureLandscape, training: Optimisation | None = None) -> None:
        self._measures = dict(_measures(settings if training is None else settings.by(training)))

    def __bool__(self) -> bool:
        """Say whether anything is asked for."""
        return bool(self._measures)

    def begin(self, model: Classifier, ground: Ground, *, starts: bool = False) -> None:
        """Log what a checkpoint costs, before any training, and refuse a network that cannot be measured.

        Args:
            model: A network like those of the checkpoints.
            ground: What they are measured on.
            starts: The starts of tasks are measured as well, at the same cost.

        Raises:
            PlasticityError: If it has layers whose gradients are not known.
        """
        if not self:
            return
        subject = ground.subject(model, _TIMED, 0, START_OF_TASK)
        gradient, parts = seconds_of_gradient(subject), []
        for name, measure in self._measures.items():
            measure.check(model)
            at = "" if measure.every == 1 else f" at one in {measure.every}"
            parts.append(f"{name} about {measure.seconds(gradient, model):.2g} s{at}")
        again = "; as long again at the start of the next task" if starts else ""
        logger.info("measuring a checkpoint: %s%s", ", ".join(parts), again)

    def due(self, number: int) -> bool:
        """Say whether anything is measured at a checkpoint; the first has the number 0."""
        return any(number % measure.every == 0 for measure in self._measures.values())

    def row(self, model: Classifier, ground: Ground, number: int, *, start: bool = False) -> dict[str, Value | None]:
        """Return the values of the measures that are due at a checkpoint, by column; missing where one is undefined.

        Args:
            model: The network.
            ground: What it is measured on.
            number: Which checkpoint it is, from 0.
            start: It is at the start of its task.
        """
        due = {name: measure for name, measure in self._measures.items() if number % measure.every == 0}
        if not due:
            return {}
        count = max(measure.images for measure in due.values())
        subject = ground.subject(model, count, number, START_OF_TASK if start else END_OF_TASK)
        found: dict[str, Value | None] = {}
        for name, measure in due.items():
            found |= _values(name, measure, subject)
        return {(START if start else "") + name: value for name, value in found.items()}


def seconds_of_gradient(subject: Subject) -> float:
    """Return the seconds that the loss's gradient takes per image, in the second of two tries."""
    images, labels = subject.first(_TIMED)
    parameters = list(trained_parameters(subject.model).values())
    seconds = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        with in_eval_mode(subject.model), torch.enable_grad():
            loss = nn.functional.cross_entropy(subject.model(images), labels)
            found = torch.autograd.grad(loss, parameters, materialize_grads=True)
        float(found[0].flatten()[0])  # waits for a GPU
        seconds = time.perf_counter() - begin
    return seconds / len(images)


def _measures(settings: MeasureLandscape) -> Iterator[tuple[str, Measured[Any]]]:
    """Yield what is asked for, by name; a module is imported, and belongs to the job's fingerprint, if it is used."""
    hessian = settings.curvature and settings.curvature.hessian
    asked = {
        "gradients": (settings.gradients,),
        "curvature": (settings.curvature,),
        "hessian": (hessian, settings.curvature),
        "probe": (settings.probe,),
        "layers": (settings.layers,),
    }
    for name, arguments in asked.items():
        if arguments[0] is not None:
            yield name, imported(MEASURED_BY[name])(*arguments)


def _values(name: str, measure: Measured[Any], subject: Subject) -> dict[str, Value | None]:
    """Return a value for every column of a measure; NaN, or None for many numbers, where it is undefined."""
    try:
        found = measure.values(subject)
    except NotFinite as error:
        logger.warning("%s, seed %d: %s is missing: %s", subject.purpose, subject.seed, name, error)
        return {column.name: None if column.kind == "floats" else math.nan for column in measure.columns}
    return {key: [_finite(each) for each in v] if isinstance(v, list) else _finite(v) for key, v in found.items()}


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _at_start(column: Column) -> Column:
    return replace(column, name=START + column.name, description=f"at the start of the task: {column.description}")
