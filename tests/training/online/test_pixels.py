import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from plasticity.errors import PlasticityError
from plasticity.training.online import pixels as module
from plasticity.training.online.pixels import Pixels, pixels_of_images, pixels_of_rows
from small_problems import pictures


@given(arrays(np.uint8, array_shapes(min_dims=4, max_dims=4, max_side=4), elements=st.sampled_from([0, 0, 1, 255])))
def test_images_come_back_scaled_in_the_order_in_which_networks_flatten_them(images: np.ndarray) -> None:
    found = pixels_of_images(images, np.zeros(len(images), np.int64), 1)
    expected = np.moveaxis(images, -1, 1).reshape(len(images), -1).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(found.dense(), expected)
    assert (found.values > 0).all()
    assert found.density == pytest.approx(np.count_nonzero(images) / images.size)


def test_conversion_in_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = pictures(40)
    images[images < 100] = 0
    whole = pixels_of_images(images, labels, 4)
    monkeypatch.setattr(module, "_BLOCK", 7)
    for name in ("starts", "columns", "values", "labels"):
        np.testing.assert_array_equal(getattr(pixels_of_images(images, labels, 4), name), getattr(whole, name))


def test_chosen_rows_come_in_the_order_asked_for_with_repeats() -> None:
    rows = np.array([[0, 0.5, 0], [0, 0, 0], [0.25, 0, 1]], np.float32)
    found = pixels_of_rows(rows, np.array([0, 1, 1]), 2)
    np.testing.assert_array_equal(found.dense(np.array([2, 1, 0, 2])), rows[[2, 1, 0, 2]])
    assert found.dense(np.array([], np.int64)).shape == (0, 3)
    np.testing.assert_array_equal(found.starts, [0, 1, 1, 3])
    np.testing.assert_array_equal(found.columns, [1, 0, 2])


def test_nothing_and_nothing_but_zeros() -> None:
    empty = pixels_of_images(np.zeros((0, 2, 2, 1), np.uint8), np.zeros(0, np.int64), 3)
    assert (len(empty), empty.num_pixels, empty.density) == (0, 4, 0)
    black = pixels_of_rows(np.zeros((2, 5)), np.zeros(2, np.int64), 3)
    assert (len(black), len(black.values), black.density) == (2, 0, 0)
    np.testing.assert_array_equal(black.dense(), np.zeros((2, 5)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(wrong: float) -> None:
    rows = np.zeros((3, 4))
    rows[2, 1] = wrong
    with pytest.raises(PlasticityError, match=rf"^images: expected finite numbers, got {wrong} at row 2, pixel 1$"):
        pixels_of_rows(rows, np.zeros(3, np.int64), 2)


@pytest.mark.parametrize("wrong", [-1, 2, 1000])
def test_labels_out_of_range_are_named(wrong: int) -> None:
    with pytest.raises(PlasticityError, match=rf"^labels: expected classes 0 to 1, got {wrong}$"):
        pixels_of_rows(np.ones((3, 4)), np.array([0, wrong, 1]), 2)


@pytest.mark.parametrize("labels", [np.zeros(2, np.int64), np.zeros((3, 1), np.int64), np.zeros(0, np.int64)])
def test_a_label_per_image(labels: np.ndarray) -> None:
    with pytest.raises(PlasticityError, match=r"^labels: expected shape \(3,\), one per image, got"):
        pixels_of_rows(np.ones((3, 4)), labels, 2)


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_rows_are_of_two_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(PlasticityError, match=r"^images: expected rows of shape \(N, D\), got shape"):
        pixels_of_rows(np.ones(shape), np.zeros(3, np.int64), 2)


def test_types_are_those_that_the_kernel_takes() -> None:
    found = pixels_of_rows(np.eye(3), np.arange(3), 3)
    types = {name: getattr(found, name).dtype.name for name in ("starts", "columns", "values", "labels")}
    assert types == {"starts": "int64", "columns": "int32", "values": "float32", "labels": "int64"}
    assert isinstance(found, Pixels)


def test_a_number_that_float32_cannot_hold_is_refused() -> None:
    with pytest.raises(PlasticityError, match=r"expected finite numbers, got 1e\+300 at row 0, pixel 0"):
        pixels_of_rows(np.array([[1e300]]), np.array([0]), 1)
