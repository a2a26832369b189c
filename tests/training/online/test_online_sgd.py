from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from online_problems import assert_same_networks, orders, sparse_images, stack
from plasticity.config.training_section import Optimisation
from plasticity.errors import PlasticityError
from plasticity.training.online.online_sgd import OnlineRecord, train_online
from plasticity.training.online.pixels import Pixels
from typed import chosen

SIZES = (64, 16, 8, 4)
PIXELS = sparse_images(90)


def by(learning_rate: float, **options: Any) -> Optimisation:
    """A training, be it one that no configuration can ask for."""
    return Optimisation.model_construct(learning_rate=learning_rate, **options)


PLAIN = by(0.05)
BATCHES = by(0.05, batch_size=4)
NC1 = {"name": "nc1", "weight": 0.05}


@pytest.mark.parametrize(
    ("optimisation", "block", "images"),
    [
        (PLAIN, None, [90]),
        (PLAIN, 40, [40, 40, 10]),
        (PLAIN, 1, [1] * 90),
        (PLAIN, 1000, [90]),
        (BATCHES, None, [90]),
        (BATCHES, 10, [40, 40, 10]),
        (BATCHES, 1, [4] * 22 + [2]),
    ],
)
def test_right_predictions_are_counted_per_block_of_steps(
    optimisation: Optimisation, block: int | None, images: list[int]
) -> None:
    order = orders(PIXELS, 2)
    record = train_online(stack(SIZES, 2), PIXELS, order, optimisation, block=block)
    single = train_online(stack(SIZES, 2), PIXELS, order, optimisation, block=1)
    assert record.images.tolist() == images
    assert record.correct.shape == (2, len(images))
    assert record.correct.dtype == np.int64
    starts = np.arange(0, len(single.images), block or len(single.images))
    np.testing.assert_array_equal(record.correct, np.add.reduceat(single.correct, starts, axis=1))
    np.testing.assert_array_equal(record.accuracy, record.correct.sum(1) / 90)
    assert 0.25 < record.accuracy.min() <= record.accuracy.max() < 1


def test_predictions_are_those_before_the_update() -> None:
    order = np.zeros((1, 5), np.int64)  # the same image again and again
    made = stack(SIZES)
    logits = PIXELS.dense(order[0, :1])
    for weight, bias in zip(made.weights[:-1], made.biases[:-1], strict=True):
        logits = np.maximum(logits @ weight[0] + bias[0], 0)
    predicted = int(np.argmax(logits @ made.weights[-1][0] + made.biases[-1][0]))
    for label in range(4):
        labels = PIXELS.labels.copy()
        labels[0] = label
        pixels = Pixels(PIXELS.starts, PIXELS.columns, PIXELS.values, labels, 64, 4)
        record = train_online(stack(SIZES), pixels, order, by(1.0), block=1)
        assert bool(record.correct[0, 0]) is (label == predicted)


@pytest.mark.parametrize("optimisation", [by(1e20), by(1e20, batch_size=4)], ids=["1", "4"])
def test_a_learning_rate_that_is_too_large_is_recorded(optimisation: Optimisation) -> None:
    record = train_online(stack(SIZES, 2), PIXELS, orders(PIXELS, 2), optimisation, block=5)
    assert record.diverged.tolist() == [True, True]
    assert np.isnan(record.accuracy).all()


@pytest.mark.parametrize("optimisation", [by(0.01), by(0.01, batch_size=4)], ids=["1", "4"])
def test_a_network_that_diverges_leaves_the_others_as_they_are(optimisation: Optimisation) -> None:
    made, alone = stack(SIZES, 3), stack(SIZES, 3)
    made.weights[1][1] *= 1e25  # finite, but its outputs are not
    order = orders(PIXELS, 3)
    record = train_online(made, PIXELS, order, optimisation, threads=2)
    kept = alone.take([0, 2])
    expected = train_online(kept, PIXELS, order[[0, 2]], optimisation)
    assert record.diverged.tolist() == [False, True, False]
    assert np.isnan(record.accuracy[1])
    np.testing.assert_array_equal(record.accuracy[[0, 2]], expected.accuracy)
    assert_same_networks(made.take([0, 2]), kept)


def test_a_diverged_network_counts_its_steps_until_then() -> None:
    record = train_online(stack(SIZES), PIXELS, orders(PIXELS), by(1e20), block=1)
    found = np.flatnonzero(record.correct)
    assert found.max() < 30  # then the outputs are infinite
    assert record.images.sum() == 90


def test_an_empty_record_has_accuracy_zero() -> None:
    record = OnlineRecord(np.zeros((2, 0), np.int64), np.zeros(0, np.int64), np.array([False, True]))
    np.testing.assert_array_equal(record.accuracy, [0, np.nan])


def _with_weights(wrong: float) -> dict[str, Any]:
    made = stack(SIZES, 2)
    made.biases[1][1, 3] = wrong
    return {"stack": made}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "weights that are not numbers": (_with_weights(np.nan), "network 1: expected finite weights, got others"),
    "infinite weights": (_with_weights(np.inf), "network 1: expected finite weights, got others"),
    "another number of pixels": (
        {"pixels": sparse_images(90, 63)},
        "network: expected 63 inputs and 4 classes, as the images have, got 64 and 4",
    ),
    "another number of classes": (
        {"pixels": sparse_images(90, classes=3)},
        "network: expected 64 inputs and 3 classes, as the images have, got 64 and 4",
    ),
    "too few streams": ({"orders": orders(PIXELS, 1)}, "orders: expected 2 streams of at least one image"),
    "streams without images": (
        {"orders": orders(PIXELS, 2)[:, :0]},
        r"streams of at least one image, got shape \(2, 0",
    ),
    "one dimension": ({"orders": orders(PIXELS, 1)[0]}, "orders: expected 2 streams of at least one image"),
    "labels of one network too many": (
        {"pixels": replace(PIXELS, labels=np.stack([PIXELS.labels] * 3))},
        r"labels: expected 90 for all networks, or for each of 2, got shape \(3, 90\)",
    ),
    "a row that is not there": ({"orders": orders(PIXELS, 2) + 1}, "orders: expected rows 0 to 89, got 1 to 90"),
    "a negative row": ({"orders": orders(PIXELS, 2) - 1}, "orders: expected rows 0 to 89, got -1 to 88"),
    "a decay of 1": (
        {"optimisation": by(0.5, weight_decay=2.0)},
        "whose product with the weight decay is from 0 to below 1, got 0.5 and a product of 1",
    ),
    "a decay above 1": ({"optimisation": by(0.5, weight_decay=4.0)}, "got 0.5 and a product of 2"),
    "a negative decay": ({"optimisation": by(0.5, weight_decay=-1.0)}, "got 0.5 and a product of -0.5"),
    "a learning rate of zero": ({"optimisation": by(0.0)}, "expected a positive learning rate"),
    "a learning rate that is no number": ({"optimisation": by(np.nan)}, "expected a positive learning rate"),
    "an infinite learning rate": ({"optimisation": by(np.inf)}, "expected a positive learning rate"),
}


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_trained_is_refused_in_one_line(case: str, batch_size: int) -> None:
    changed, message = WRONG[case]
    given = {"stack": stack(SIZES, 2), "pixels": PIXELS, "orders": orders(PIXELS, 2), "optimisation": PLAIN, **changed}
    asked = given["optimisation"]
    given["optimisation"] = asked.model_copy(update={"batch_size": batch_size})
    with pytest.raises(PlasticityError, match=message) as error:
        train_online(**given)
    assert "\n" not in str(error.value)


def test_a_penalty_changes_what_is_learnt() -> None:
    order = orders(PIXELS)
    plain, penalised = stack(SIZES), stack(SIZES)
    train_online(plain, PIXELS, order, by(0.05, batch_size=9))
    train_online(penalised, PIXELS, order, by(0.05, batch_size=9, penalty=chosen(NC1)))
    assert not np.array_equal(plain.weights[0], penalised.weights[0])
