"""Settings as stages and training take them, from the plain mappings that tests write."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.component import Chosen
from plasticity.config.training_section import IterationTraining, Optimisation
from plasticity.config.whole_run import DataSetSettings
from plasticity.data.dataset import DataSet
from plasticity.data.readers.reader import read_data_set
from plasticity.training.interventions.intervention import Intervention
from plasticity.training.penalties.penalty import Penalty, penalty_of

Plain = Mapping[str, Any]


def chosen(component: Plain) -> Chosen:
    """A component that a configuration chooses."""
    return Chosen(**component)


def penalty(component: Plain) -> Penalty | None:
    """A penalty, None for the one that is called none."""
    return penalty_of(chosen(component))


def optimisation(training: Plain) -> Optimisation:
    """How a network is trained."""
    return Optimisation.of(training)


def iterations(training: Plain) -> IterationTraining:
    """How a network is trained, and for how many iterations."""
    return IterationTraining.of(training)


def intervention(component: Plain) -> Intervention:
    """An intervention."""
    return chosen(component).make(Intervention)


def read(data_set: Plain) -> DataSet:
    """What the reader of a section `dataset` reads."""
    return read_data_set(DataSetSettings.of({"name": "images", **data_set}))
