"""The landscape around the networks of a sequence of tasks, at the start and at the end of each task."""

from functools import partial

import torch

from plasticity.config.training_section import Optimisation
from plasticity.jobs.device import place
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.landscape.checkpoint_measures import START, Measures, landscape_columns
from plasticity.stages.landscape.subject import Ground
from plasticity.stages.learners.device_data import DeviceData, Row
from plasticity.storage.schemas import Table
from plasticity.storage.weights import load_weights
from plasticity.training.online.replicas import parts_of
from plasticity.training.online.stack import Network


class TaskLandscape:
    """What a section's `measure` asks for of the landscape, at tasks.

    Args:
        data: Data of the job.
    """

    def __init__(self, data: DeviceData) -> None:
        self._data = data
        self._measures: dict[str, Measures] = {}

    def table(self, name: str) -> Table:
        """Return a table of the job with the columns of the landscape."""
        return self._data.table(name).with_columns(landscape_columns(self._data.settings.measure, starts=True))

    def ground(self, seed: int, number: int) -> Ground:
        """Return a task of a seed as the landscape around its networks is measured on it."""
        data, task = self._data, self._data.task(seed, number)
        draw = partial(build_model, data.settings.model, data.store.image_shape, data.outputs_of(task))
        return Ground(*data.images_of(task), seed, draw, torch.from_numpy(task.positions).to(data.device))

    def begin(self, seed: int, training: Optimisation) -> None:
        """Log what a task costs beside its training, if anything does, and refuse a network that cannot be measured.

        Raises:
            PlasticityError: If it has layers whose gradients are not known.
        """
        if measures := self._of(training):
            ground = self.ground(seed, 1)
            measures.begin(self._model(ground), ground, starts=True)

    def row(self, network: Network, seed: int, task: int, training: Optimisation, *, start: bool = False) -> Row:
        """Return what is measured of a network at a task, by column; nothing where it is not the task's turn.

        Args:
            network: Its tensors, which read the pixels where the task has them.
            seed: The run's seed.
            task: Number of the task, from 1.
            training: That of the task.
            start: It has not been trained on the task yet.
        """
        measures = self._of(training)
        if not measures.due(task - 1):
            return {}
        ground = self.ground(seed, task)
        model = self._model(ground)
        load_weights(model, self._data.with_outputs(parts_of(network)[0], model.head.out_features))
        return dict(measures.row(model, ground, task - 1, start=start))

    def _of(self, training: Optimisation) -> Measures:
        """Return the measures with the optimizer of a training; they keep what checkpoints share."""
        key = training.canonical()
        if key not in self._measures:
            self._measures[key] = Measures(self._data.settings.measure, training)
        return self._measures[key]

    def _model(self, ground: Ground) -> Classifier:
        model = ground.draw(torch_generator(0, "init"))
        place(model, ground.images.device)
        return model


def start_of(row: Row) -> Row:
    """Return what a row says of the start of its task."""
    return {name: value for name, value in row.items() if name.startswith(START)}
