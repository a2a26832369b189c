"""All learners on tasks of some of the classes: outputs to come rest, output layers begin anew, resuming, DASH."""

from typing import Any

import numpy as np
import pytest

from plasticity.config.slices import OnlineSettings
from plasticity.stages.learners.device_data import DeviceData, open_device_data
from plasticity.stages.learners.learner import Learner, learn_task
from plasticity.stages.learners.open_learner import open_learner
from plasticity.training.interventions.reset_head import ResetHead
from tiny_permuted import SEEDS, SHARED
from tiny_study import MLP, TinyStudy
from typed import intervention, optimisation

PLAIN = {"learning_rate": 0.05}
ADAM = {"learning_rate": 0.01, "batch_size": 10, "optimizer": {"name": "adam"}}
NORMALISED = {**MLP, "layer_norm": True, "activation": "leaky_relu"}  # no stack holds it
REDRAWN = {"name": "continual_backprop", "replacement_rate": 0.1, "maturity": 2, "outgoing": "redraw"}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "compiled": (MLP, PLAIN),
    "stacked": (MLP, ADAM),
    "stacked, units redrawn": (MLP, {**ADAM, "hooks": [REDRAWN]}),
    "stacked, penalised": (MLP, {**ADAM, "penalty": {"name": "spectral", "weight": 0.1}}),
    "in batches": (NORMALISED, ADAM),
    "in batches, towards the initialisation": (NORMALISED, {**ADAM, "penalty": {"name": "l2_init", "weight": 0.1}}),
    "in batches, penalised": (NORMALISED, {**ADAM, "penalty": {"name": "spectral", "weight": 0.1}}),
}
GROWING = {"name": "class_incremental", "first_classes": 4, "added_classes": 3}
every_case = pytest.mark.parametrize(("model", "training"), CASES.values(), ids=CASES)


def _data(tiny: TinyStudy, model: dict[str, Any], tasks: dict[str, Any]) -> DeviceData:
    return open_device_data(tiny.data, OnlineSettings.of({**SHARED, "model": model, "tasks": tasks}), 1)


def _learner(data: DeviceData, training: dict[str, Any]) -> Learner:
    starts = [data.fresh_network(seed, "init") for seed in SEEDS]
    return open_learner(data, SEEDS, starts, [optimisation(training)] * len(SEEDS), threads=1)


@every_case
def test_outputs_of_classes_to_come_rest(tiny: TinyStudy, model: dict[str, Any], training: dict[str, Any]) -> None:
    data = _data(tiny, model, GROWING)
    learner, seen = _learner(data, training), 4
    for task in (1, 2):
        before = [learner.checkpoint(replica)["head.weight"] for replica in (0, 1)]
        rows = learn_task(learner, [0, 1], task=task, epochs=[1, 2], training=optimisation(training))
        for replica, (row, earlier) in enumerate(zip(rows, before, strict=True)):
            after = learner.checkpoint(replica)
            assert after["head.weight"].shape == earlier.shape == (10, earlier.shape[1])
            np.testing.assert_array_equal(after["head.weight"][seen:], earlier[seen:])
            assert (after["head.weight"][:seen] != earlier[:seen]).any(axis=1).all()
            slots = [value for key, value in after.items() if key.endswith("/head.weight") and value.ndim]
            assert not any(value[seen:].any() for value in slots)
            assert row["classes"] == " ".join(map(str, data.task(SEEDS[replica], task).classes or ()))
            assert row["test_accuracy"] > 1 / seen
            assert not row["diverged"]
        seen += 3


@every_case
def test_what_is_saved_goes_on_alike(tiny: TinyStudy, model: dict[str, Any], training: dict[str, Any]) -> None:
    data, settings = _data(tiny, model, GROWING), optimisation(training)
    whole, broken, resumed = (_learner(data, training) for _ in range(3))
    learn_task(whole, [0, 1], task=1, epochs=[1, 2], training=settings)
    learn_task(broken, [0, 1], task=1, epochs=[1], training=settings)
    resumed.restore({name: value.copy() for name, value in broken.tensors().items()})
    learn_task(resumed, [0, 1], task=1, epochs=[2], training=settings)
    one, other = whole.tensors(), resumed.tensors()
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.parametrize("model", [MLP, NORMALISED], ids=["stacked", "in batches"])
@pytest.mark.parametrize("head", ["fresh", "zero"])
def test_a_task_begins_with_an_output_layer_of_its_own(tiny: TinyStudy, model: dict[str, Any], head: str) -> None:
    data = _data(tiny, model, {"name": "class_pairs", "renew_head": head})
    learner = _learner(data, ADAM)
    learn_task(learner, [0, 1], task=1, epochs=[1], training=optimisation(ADAM))
    trained = learner.checkpoint(0)
    assert trained["head.weight"].shape[0] == 2
    learner.intervene(0, ResetHead(), 2)
    renewed, fresh = learner.checkpoint(0), data.fresh_network(SEEDS[0], "fresh", 2)
    np.testing.assert_array_equal(renewed["head.weight"], fresh["head.weight"])
    assert bool(renewed["head.weight"].any()) == (head == "fresh")
    body = next(name for name in trained if name.endswith("weight") and name.startswith("body"))
    np.testing.assert_array_equal(renewed[body], trained[body])


@pytest.mark.parametrize("tasks", [{"name": "permuted_pixels"}, GROWING], ids=["permuted", "growing"])
def test_dash_sees_the_task_as_the_network_does(tiny: TinyStudy, tasks: dict[str, Any]) -> None:
    """Stacks and networks in batches hold the same weights; the gradient of the next task shrinks them alike."""
    data, dash = _data(tiny, MLP, tasks), intervention({"name": "dash", "least": 0.2})
    stack = _learner(data, PLAIN)
    before = stack.checkpoint(0)
    ahead = data.next_task(dash, SEEDS[0], 2)
    assert ahead is not None
    first = next(ahead.gradients(before, 200))["body.1.weight"]
    task = data.task(SEEDS[0], 2)
    images = data.store.train_images.reshape(-1, 64) / np.float32(255)
    moved = np.zeros_like(images[task.images])
    moved[:, task.positions] = images[task.images]
    assert (first[:, moved.max(axis=0) == 0] == 0).all()  # no gradient at pixels that no image of the task has
    assert (np.abs(first).sum(axis=0)[moved.max(axis=0) > 0.5] > 0).all()
    stack.intervene(0, dash, 2)
    after = stack.checkpoint(0)
    factors = after["body.1.weight"] / before["body.1.weight"]
    assert factors.min() > 0.19
    assert factors.max() < 1.01
    assert np.ptp(factors, axis=1).max() < 1e-4  # one factor of all weights into a unit


@pytest.mark.parametrize("model", [MLP, NORMALISED], ids=["stacked", "in batches"])
def test_what_a_penalty_keeps_of_some_outputs_goes_on_while_there_are_as_many(
    tiny: TinyStudy, model: dict[str, Any]
) -> None:
    training = {**ADAM, "penalty": {"name": "own_components:CountedSteps"}}
    data = _data(tiny, model, GROWING)
    learner = _learner(data, training)

    def counts() -> list[int]:
        return sorted(int(value.max()) for key, value in learner.tensors().items() if "steps" in key and value.any())

    for task, epochs in ((1, 3), (2, 2)):
        learn_task(learner, [0, 1], task=task, epochs=range(1, epochs + 1), training=optimisation(training))
    steps = [-(-len(data.task(SEEDS[0], task).images) // 10) for task in (1, 2)]
    assert set(counts()) == {3 * steps[0], 2 * steps[1]}
    resumed = _learner(data, training)
    resumed.restore({name: value.copy() for name, value in learner.tensors().items()})
    learner = resumed
    learn_task(learner, [0, 1], task=2, epochs=[3], training=optimisation(training))
    assert set(counts()) == {3 * steps[0], 3 * steps[1]}
