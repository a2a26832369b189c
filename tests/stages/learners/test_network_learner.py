"""Networks one after another in batches: beside a plain loop, beside stacked ones, broken off and continued."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from plasticity.config.slices import OnlineSettings
from plasticity.seeding import torch_generator
from plasticity.stages.learners.device_data import DeviceData, open_device_data
from plasticity.stages.learners.learner import Learner, learn_task
from plasticity.stages.learners.network_learner import NetworkLearner
from plasticity.stages.learners.open_learner import open_learner
from plasticity.stages.learners.stack_learner import StackLearner
from plasticity.storage.weights import load_weights
from plasticity.training.online.stack import Network
from tiny_permuted import SEEDS, SHARED, SHRINK
from tiny_study import MLP, RESNET, TinyStudy
from typed import intervention, optimisation

LYLE = {"name": "convnet_lyle", "channels": [3, 4], "hidden": [8, 6]}
VIT = {"name": "vit", "patch": 2, "width": 8, "heads": 2, "feed_forward": 12}
NORMALISED = {**MLP, "layer_norm": True, "activation": "leaky_relu"}  # no stack holds it
BATCHES = {"learning_rate": 0.05, "batch_size": 20}
ADAM = {**BATCHES, "learning_rate": 0.01, "optimizer": {"name": "adam"}}
REDO = {"hooks": [{"name": "redo", "every": 3, "threshold": 0.5}]}
METHODS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "redo by adam": (LYLE, {**ADAM, **REDO}),
    "continual backprop": (
        NORMALISED,
        {**BATCHES, "hooks": [{"name": "continual_backprop", "replacement_rate": 0.05, "maturity": 2}]},
    ),
    "rank ascent": (
        RESNET,
        {**BATCHES, "hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.01, "every": 4, "images": 13}]},
    ),
    "spectral": (VIT, {**ADAM, "penalty": {"name": "spectral", "weight": 0.01}}),
    "l2 to the initialisation": (NORMALISED, {**BATCHES, "penalty": {"name": "l2_init", "weight": 0.01}}),
    "muon": (LYLE, {**BATCHES, "optimizer": {"name": "muon"}}),
}


def _data(tiny: TinyStudy, model: dict[str, Any], tasks: str = "permuted_pixels") -> DeviceData:
    settings = OnlineSettings.of({**SHARED, "model": model, "tasks": {"name": tasks}})
    return open_device_data(tiny.data, settings, 1)


def _learner(data: DeviceData, training: dict[str, Any], seeds: Sequence[int] = SEEDS) -> Learner:
    starts = [data.fresh_network(seed, "init") for seed in seeds]
    return open_learner(data, seeds, starts, [optimisation(training)] * len(seeds), threads=1)


def _assert_alike(one: Network, other: Network, *, atol: float) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol=1e-3, atol=atol, err_msg=name)


def _by_a_plain_loop(data: DeviceData, seed: int, number: int, epochs: int, momentum: float) -> tuple[Any, list[float]]:
    """A network trained on images that are really permuted, by the optimizer of PyTorch; and its accuracies."""
    task, model = data.task(seed, number), data.build(torch_generator(0, "init"))
    load_weights(model, data.fresh_network(seed, "init"))
    flat = np.moveaxis(data.store.train_images, -1, 1).reshape(len(data.store.train_labels), -1)
    seen = np.zeros(flat.shape, np.float32)
    seen[:, task.positions] = flat / np.float32(255)
    images = torch.from_numpy(seen).view(-1, *data.store.image_shape)
    labels = torch.from_numpy(np.array(data.labels_of(task)))
    optimizer, found = torch.optim.SGD(model.parameters(), lr=0.002, momentum=momentum), []
    for epoch in range(1, epochs + 1):
        right = 0
        for rows in torch.from_numpy(task.order(epoch)).split(20):
            logits = model(images[rows])
            right += int((logits.argmax(1) == labels[rows]).sum())
            optimizer.zero_grad()
            functional.cross_entropy(logits, labels[rows]).backward()
            optimizer.step()
        found.append(right / len(task.images))
    return model, found


@pytest.mark.parametrize("tasks", ["permuted_pixels", "random_labels"])
@pytest.mark.parametrize("model", [LYLE, NORMALISED, RESNET], ids=lambda model: model["name"])
def test_it_does_what_a_plain_loop_does(tiny: TinyStudy, model: dict[str, Any], tasks: str) -> None:
    data, training = _data(tiny, model, tasks), {**BATCHES, "learning_rate": 0.002, "momentum": 0.9}
    learner = _learner(data, training)
    rows = learn_task(learner, [1], task=3, epochs=[1, 2], training=optimisation(training))
    expected, accuracies = _by_a_plain_loop(data, SEEDS[1], 3, 2, momentum=0.9)
    tensors = {name: value.numpy() for name, value in expected.state_dict().items()}
    found = {name: value for name, value in learner.checkpoint(1).items() if not name.startswith("optimizer/")}
    _assert_alike(found, tensors, atol=1e-5)
    assert rows[0]["last_epoch_accuracy"] == pytest.approx(accuracies[-1], abs=0.01)
    assert rows[0]["online_accuracy"] == pytest.approx(np.mean(accuracies), abs=0.01)


@pytest.mark.parametrize(
    "between",
    [SHRINK, *({"name": name} for name in ("reset_head", "reset_optimizer", "reset_network", "fire"))],
    ids=lambda between: between["name"],
)
def test_perceptrons_learn_as_on_a_stack_whatever_is_done_between_two_tasks(
    tiny: TinyStudy, between: dict[str, Any]
) -> None:
    training = {**ADAM, "penalty": {"name": "l2_init", "weight": 0.01}}
    data = _data(tiny, MLP)
    stacked = _learner(data, training)
    assert isinstance(stacked, StackLearner)
    alone = _alone(data, training)
    for task in (1, 2):
        found, expected = (
            learn_task(each, [0, 1], task=task, epochs=[1, 2], training=optimisation(training))
            for each in (alone, stacked)
        )
        for replica in (0, 1):
            _assert_alike(alone.checkpoint(replica), stacked.checkpoint(replica), atol=1e-4)
            assert found[replica]["online_accuracy"] == pytest.approx(expected[replica]["online_accuracy"], abs=0.02)
            for each in (alone, stacked):
                each.intervene(replica, intervention(between), task + 1)


def _alone(data: DeviceData, training: dict[str, Any]) -> NetworkLearner:
    """A learner one by one of networks that could be stacked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plasticity.stages.learners.open_learner.not_stacked_for", lambda _model: "a test")
        learner = _learner(data, training)
    assert isinstance(learner, NetworkLearner)
    return learner


@pytest.mark.parametrize("name", METHODS)
def test_a_learner_that_is_saved_within_a_task_continues_to_the_bit(tiny: TinyStudy, name: str) -> None:
    model, training = METHODS[name]
    data = _data(tiny, model)
    straight, first, second = (_learner(data, training, SEEDS[:1]) for _ in range(3))
    for learner, epochs in ((straight, [1, 2, 3]), (first, [1, 2]), (second, [3])):
        if learner is second:
            second.restore({key: value.copy() for key, value in first.tensors().items()})
        for epoch in epochs:
            learner.train_epoch([0], task=2, epoch=epoch, training=optimisation(training))
    expected = straight.tensors()
    assert {key: value.tobytes() for key, value in second.tensors().items()} == {
        key: value.tobytes() for key, value in expected.items()
    }
    np.testing.assert_equal(second.measure(0, 2), straight.measure(0, 2))


def test_networks_side_by_side_are_networks_alone(tiny: TinyStudy) -> None:
    training = {**ADAM, **REDO}
    data = _data(tiny, LYLE)
    both, alone = _learner(data, training), _learner(data, training, SEEDS[1:])
    rows = [
        learn_task(each, range(len(each.seeds)), task=1, epochs=[1, 2], training=optimisation(training))  # pyright: ignore
        for each in (both, alone)
    ]
    assert rows[0][1] == rows[1][0]


def test_a_network_that_diverges_has_no_numbers_and_trains_no_more(tiny: TinyStudy) -> None:
    data = _data(tiny, NORMALISED)
    learner, training = _learner(data, BATCHES), optimisation({**BATCHES, "learning_rate": 1e30})
    rows = learn_task(learner, [0], task=1, epochs=[1, 2], training=training)
    assert rows == [data.diverged_row()]
    before = learner.tensors()["0/weights/head.weight"].copy()
    assert np.isnan(learner.train_epoch([0], task=2, epoch=1, training=optimisation(BATCHES)))
    np.testing.assert_array_equal(learner.tensors()["0/weights/head.weight"], before)


def test_an_optimizer_goes_on_with_its_own_state_alone(tiny: TinyStudy) -> None:
    data, adam, plain = _data(tiny, NORMALISED), optimisation(ADAM), optimisation(BATCHES)
    learner = _learner(data, ADAM, SEEDS[:1])
    learner.train_epoch([0], task=1, epoch=1, training=adam)
    start = learner.checkpoint(0)
    assert any(name.startswith("optimizer/") for name in start)
    for training, goes_on in ((adam, True), (plain, False)):
        found = open_learner(data, SEEDS[:1], [start], [training], threads=1).checkpoint(0)
        assert found.keys() == {name for name in start if goes_on or not name.startswith("optimizer/")}


@pytest.mark.parametrize("model", [MLP, NORMALISED], ids=["stack", "in batches"])
def test_no_other_optimizer_goes_on_with_the_momentum_of_muon(tiny: TinyStudy, model: dict[str, Any]) -> None:
    data, muon = _data(tiny, model), {**ADAM, "optimizer": {"name": "muon"}}
    starts = {}
    for name, training in (("adam", ADAM), ("muon", muon)):
        learner = _learner(data, training, SEEDS[:1])
        learner.train_epoch([0], task=1, epoch=1, training=optimisation(training))
        starts[name] = learner.checkpoint(0)
    for name, start in starts.items():
        for other, training in (("adam", ADAM), ("muon", muon)):
            found = open_learner(data, SEEDS[:1], [start], [optimisation(training)], threads=1).checkpoint(0)
            assert any(key.startswith("optimizer/") for key in found) == (name == other)


def test_batch_norm_is_estimated_again_where_an_intervention_asks_for_it(tiny: TinyStudy) -> None:
    data = _data(tiny, RESNET)
    learners = [_learner(data, BATCHES, SEEDS[:1]) for _ in range(2)]
    for learner, batch_norm in zip(learners, ("keep", "recalibrate"), strict=True):
        learner.train_epoch([0], task=1, epoch=1, training=optimisation(BATCHES))
        learner.intervene(0, intervention({**SHRINK, "batch_norm": batch_norm}), 2)
    kept, again = (learner.checkpoint(0) for learner in learners)
    differing = {name.rpartition(".")[2] for name in kept if not np.array_equal(kept[name], again[name])}
    assert differing == {"running_mean", "running_var", "num_batches_tracked"}


@pytest.mark.parametrize("model", [MLP, NORMALISED], ids=["stack", "in batches"])
@pytest.mark.parametrize("reborn", [{"name": "reset_network"}, {**SHRINK, "shrink": 0.0, "perturb": 1.0}], ids=str)
def test_another_network_has_no_past_not_even_in_what_its_methods_keep(
    tiny: TinyStudy, model: dict[str, Any], reborn: dict[str, Any]
) -> None:
    training = METHODS["continual backprop"][1] | {"penalty": {"name": "spectral", "weight": 0.01}}
    data = _data(tiny, model)
    fresh, experienced = (_learner(data, training, SEEDS[:1]) for _ in range(2))
    experienced.train_epoch([0], task=1, epoch=1, training=optimisation(training))
    for learner in (fresh, experienced):
        learner.intervene(0, intervention(reborn), 2)
        learner.train_epoch([0], task=2, epoch=1, training=optimisation(training))
    _assert_alike(fresh.checkpoint(0), experienced.checkpoint(0), atol=0)


def test_the_task_ahead_is_read_in_an_order_of_its_own(tiny: TinyStudy) -> None:
    data = _data(tiny, MLP)
    ahead, again = (data.next_task(intervention({"name": "dash", "least": 0.3}), SEEDS[0], 2) for _ in range(2))
    assert ahead is not None and again is not None
    assert ahead.rows.tolist() == again.rows.tolist() != sorted(ahead.rows.tolist())
    assert sorted(ahead.rows.tolist()) == sorted(data.images_of(data.task(SEEDS[0], 2), permuted=True)[1].tolist())
