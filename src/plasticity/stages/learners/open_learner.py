"""The learner of a job, with its networks at their starts."""

from collections.abc import Mapping, Sequence

from numpy.typing import NDArray

from plasticity.config.training_section import Optimisation
from plasticity.stages.learners.device_data import DeviceData, reads_initial
from plasticity.stages.learners.kept_network import KeptNetwork
from plasticity.stages.learners.learner import Learner
from plasticity.stages.learners.learner_choice import not_stacked_for
from plasticity.stages.learners.network_learner import NetworkLearner
from plasticity.stages.learners.stack_learner import StackLearner
from plasticity.training.bound_optimiser import optimiser_of
from plasticity.training.online.replicas import keep_initial, parts_of, put_optimizer
from plasticity.training.online.stack import Network, stack_of


def open_learner(
    data: DeviceData,
    seeds: Sequence[int],
    starts: Sequence[Mapping[str, NDArray]],
    trainings: Sequence[Optimisation],
    *,
    threads: int,
) -> Learner:
    """Return a learner of some networks.

    Args:
        data: Data of the job.
        seeds: The seed of each network.
        starts: The checkpoint that each starts from: its tensors, and its optimizer's as far as there are any.
        trainings: How each is trained; an optimizer's state that is another's is left behind.
        threads: CPU threads.
    """
    continued = [_continued(start, training) for start, training in zip(starts, trainings, strict=True)]
    if not_stacked_for(data.settings.model):
        pairs = zip(continued, _initial(data, seeds, trainings), strict=True)
        return NetworkLearner(data, seeds, [KeptNetwork.of_checkpoint(start, initial) for start, initial in pairs])
    return _stacked(data, seeds, continued, trainings, threads)


def _stacked(
    data: DeviceData,
    seeds: Sequence[int],
    starts: Sequence[Network],
    trainings: Sequence[Optimisation],
    threads: int,
) -> StackLearner:
    parts = [parts_of(start) for start in starts]
    stack = stack_of([network for network, _ in parts])
    for replica, (_, optimizer) in enumerate(parts):
        if optimizer:
            put_optimizer(stack, replica, optimizer)
    if any(reads_initial(training) for training in trainings):
        keep_initial(stack, [data.fresh_network(seed, "init") for seed in seeds])
    return StackLearner(data, seeds, threads, stack)


def _initial(data: DeviceData, seeds: Sequence[int], trainings: Sequence[Optimisation]) -> list[Network]:
    """Return the parameters that each network began its life with, as far as its training reads them."""
    names = [name for name, _ in data.spare.named_parameters()]
    found = []
    for seed, training in zip(seeds, trainings, strict=True):
        first = data.fresh_network(seed, "init") if reads_initial(training) else {}
        found.append({name: first[name] for name in names if name in first})
    return found


def _continued(start: Mapping[str, NDArray], training: Optimisation) -> Network:
    """Return a start without an optimizer's state that the training's optimizer does not continue."""
    network, optimizer = parts_of(start)
    slots = {slot for kept in optimizer.values() for slot in kept}
    if slots and slots == set(optimiser_of(training.optimizer).slots(training.momentum)):
        return dict(start)
    return network
