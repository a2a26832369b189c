"""A stack of networks on a task, and what a job keeps in memory for it."""

from typing import Any

import numpy as np
import pytest
import torch

from online_problems import assert_same_networks
from plasticity.config.slices import OnlineSettings
from plasticity.data.image_tensors import ImageTensors
from plasticity.data.store import open_store
from plasticity.metrics.measure_network import network_metrics
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.learners.device_data import DeviceData, open_device_data
from plasticity.stages.learners.learner import learn_task
from plasticity.stages.learners.stack_learner import StackLearner
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.weights import load_weights, weights_of
from plasticity.training.online.stack import Stack, stack_of
from tiny_permuted import SEEDS, SHARED, TRAINING
from tiny_study import MLP, TinyStudy
from typed import chosen, optimisation


@pytest.fixture(scope="module")
def data(tiny: TinyStudy) -> DeviceData:
    return open_device_data(tiny.data, OnlineSettings.of(SHARED), 1)


def _stack(data: DeviceData, seeds: tuple[int, ...] = SEEDS) -> Stack:
    return stack_of([data.fresh_network(seed, "init") for seed in seeds])


def _visit(data: DeviceData, stack: Stack, seeds: tuple[int, ...] = SEEDS, **options: Any) -> list[dict[str, Any]]:
    options = {"task": 1, "epochs": [1], "training": optimisation(TRAINING)} | options
    return learn_task(StackLearner(data, seeds, 1, stack), range(len(stack)), **options)


def _permuted_accuracy(tiny: TinyStudy, data: DeviceData, stack: Stack, replica: int, task: int) -> float:
    """Accuracy of a network on images whose pixels are really permuted."""
    store, found = open_store(tiny.data), data.task(SEEDS[replica], task)
    images = np.zeros((len(store.train_labels), 64), np.float32)
    images[:, found.positions] = store.train_images.reshape(-1, 64) / np.float32(255)
    model = build_model(chosen(MLP), store.image_shape, 10, torch.Generator())
    load_weights(model, stack.network(replica))
    with torch.no_grad():
        predicted = model(torch.from_numpy(images[found.images]).view(-1, 1, 8, 8)).argmax(1).numpy()
    return float((predicted == store.train_labels[found.images]).mean())


def test_a_network_knows_its_own_task_when_the_visit_is_over(tiny: TinyStudy, data: DeviceData) -> None:
    stack = _stack(data)
    for task in (1, 2):
        rows = _visit(data, stack, task=task, epochs=[1, 2, 3])
        for replica, row in enumerate(rows):
            assert row["train_accuracy"] == _permuted_accuracy(tiny, data, stack, replica, task)
            assert row["train_accuracy"] > 0.5
            assert row["last_epoch_accuracy"] > row["online_accuracy"] > 0.1


def test_epochs_at_once_are_epochs_one_by_one(data: DeviceData) -> None:
    together, apart = _stack(data), _stack(data)
    rows = _visit(data, together, epochs=[1, 2, 3])
    single = [_visit(data, apart, epochs=[epoch]) for epoch in (1, 2, 3)]
    assert_same_networks(together, apart)
    for replica, row in enumerate(rows):
        accuracies = [epoch[replica]["online_accuracy"] for epoch in single]
        assert row["online_accuracy"] == pytest.approx(np.mean(accuracies), rel=1e-15)
        assert row["last_epoch_accuracy"] == accuracies[-1]
        assert row["nc1"] == pytest.approx(single[-1][replica]["nc1"], rel=1e-12)


def test_a_row_has_every_number_of_the_table_but_its_keys(data: DeviceData) -> None:
    (row,) = _visit(data, _stack(data, (1,)), (1,))
    assert set(row) == {column.name for column in SCHEMAS["first_task"]} - {"seed", "epoch", "update_norm"}
    assert set(data.diverged_row()) == {*row, "update_norm"}  # which stages know, as it needs the task's start
    assert {name for name, value in data.diverged_row().items() if value is not None} == {"diverged"}


def test_a_diverged_network_has_no_numbers_and_leaves_the_others(data: DeviceData) -> None:
    stack, alone = _stack(data), _stack(data, SEEDS[1:])
    stack.weights[0][0] *= 1e30
    rows, expected = _visit(data, stack, epochs=[1, 2]), _visit(data, alone, SEEDS[1:], epochs=[1, 2])
    assert rows[0] == data.diverged_row()
    assert rows[1] == expected[0]
    assert_same_networks(stack.take([1]), alone)


def test_a_network_whose_weights_are_already_lost_is_not_trained(data: DeviceData) -> None:
    stack = _stack(data)
    stack.biases[0][1, 0] = np.nan
    rows = _visit(data, stack)
    assert [row["diverged"] for row in rows] == [False, True]


def test_measuring_agrees_with_a_model_on_the_images_themselves(tiny: TinyStudy, data: DeviceData) -> None:
    network, task = data.fresh_network(1, "init"), data.task(1, 1)
    store = open_store(tiny.data)
    model = build_model(chosen(MLP), store.image_shape, 10, torch_generator(1, "init"))
    assert {name: value.tobytes() for name, value in weights_of(model).items()} == {
        name: value.tobytes() for name, value in network.items()
    }
    pixels, labels = torch.from_numpy(np.array(store.train_images)), torch.from_numpy(np.array(store.train_labels))
    tensors = ImageTensors(pixels, labels, torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
    expected = network_metrics(model, tensors, torch.from_numpy(task.images), probe_images=50)
    found = data.measure(network, task)
    assert (found.pop("test_accuracy"), found.pop("classes")) == (None, None)
    assert found.pop("train_accuracy") == expected.pop("warm_up_train_accuracy")
    assert found == expected


def test_pixels_are_scaled_and_not_centred(tiny: TinyStudy, data: DeviceData) -> None:
    store = open_store(tiny.data)
    expected = store.train_images.reshape(-1, 64).astype(np.float32) / np.float32(255)
    found = data.pixels_of(np.arange(len(expected)))
    np.testing.assert_array_equal(found.dense(), expected)
    np.testing.assert_array_equal(found.labels, store.train_labels)
    assert found.num_classes == 10


def test_only_images_of_the_tasks_at_hand_are_kept(tiny: TinyStudy) -> None:
    settings = OnlineSettings.of({**SHARED, "tasks": {"name": "class_pairs"}})
    data = open_device_data(tiny.data, settings, 1)
    learner = StackLearner(data, SEEDS, 1, _stack(data))
    for task in (1, 2, 3, 4, 5, 6):
        learn_task(learner, [0, 1], task=task, epochs=[1, 2], training=optimisation(TRAINING))
    kept = [len(pixels) for pixels in data._pixels.values()]
    assert len(kept) == 4
    assert max(kept) <= 2 * len(data.task(SEEDS[0], 1).images)


def test_fresh_networks_differ_by_seed_purpose_and_index(data: DeviceData) -> None:
    keys = ((1, "init", 0), (2, "init", 0), (1, "fresh", 2), (1, "fresh", 3))
    drawn = [data.fresh_network(seed, purpose, index) for seed, purpose, index in keys]
    assert len({network["head.weight"].tobytes() for network in drawn}) == 4
    again = data.fresh_network(1, "fresh", 3)
    assert all(again[name].tobytes() == value.tobytes() for name, value in drawn[-1].items())
