import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.data.image_tensors import free_memory, number_of_batches, train_tensors
from plasticity.data.image_tensors import test_tensors as load_test_tensors  # or pytest takes it for a test
from plasticity.data.store import open_store
from small_problems import image_tensors, prepared


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 60), batch_size=st.integers(1, 70), seed=st.integers(0, 99))
def test_batches_are_even_and_in_order(count: int, batch_size: int, seed: int) -> None:
    images = image_tensors(80)
    order = torch.from_numpy(np.random.default_rng(seed).integers(0, 80, count))
    batches = list(images.batches(order, batch_size))
    sizes = [len(labels) for _, labels in batches]
    odd = batch_size == 2 and count > 1 and count % 2  # of pairs one image would be left alone
    assert len(sizes) == math.ceil(count / batch_size) - odd == number_of_batches(count, batch_size)
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= batch_size + odd
    assert min(sizes) >= min(2, batch_size, count)  # batch-norm needs two
    expected, labels = images.batch(order)
    assert torch.equal(torch.cat([inputs for inputs, _ in batches]), expected)
    assert torch.equal(torch.cat([batch for _, batch in batches]), labels)


def test_batch_is_normalised_by_channel() -> None:
    images = image_tensors(6, shape=(3, 4, 5))
    images.mean[:], images.std[:] = torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1), torch.tensor([1, 2, 4.0]).view(3, 1, 1)
    chosen = torch.tensor([5, 0, 5])
    inputs, labels = images.batch(chosen)
    assert inputs.dtype == torch.float32
    assert inputs.shape == (3, 3, 4, 5)
    assert labels.tolist() == images.labels[chosen].tolist()
    for position, index in enumerate([5, 0, 5]):
        for channel, (mean, std) in enumerate([(0.1, 1.0), (0.2, 2.0), (0.3, 4.0)]):
            pixels = images.pixels[index, :, :, channel].double()
            torch.testing.assert_close(inputs[position, channel].double(), (pixels / 255 - mean) / std)


def test_batch_is_channels_last() -> None:
    inputs, _ = image_tensors(6, shape=(3, 4, 5)).batch(torch.arange(4))
    assert inputs.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [None, 7])
def test_tensors_of_a_prepared_data_set(tmp_path, size: int | None) -> None:
    store = open_store(prepared(tmp_path))
    train = train_tensors(store, torch.device("cpu"))
    test = load_test_tensors(store, torch.device("cpu"), size)
    assert len(train) == 96
    assert len(test) == (size or 20)
    np.testing.assert_array_equal(train.pixels.numpy(), store.train_images)
    np.testing.assert_array_equal(test.pixels.numpy(), store.test_images[:size])
    np.testing.assert_array_equal(test.labels.numpy(), store.test_labels[:size])
    inputs, _ = train.batch(torch.arange(96))
    assert inputs.mean().item() == pytest.approx(0, abs=1e-5)
    assert inputs.std(correction=0).item() == pytest.approx(1, abs=1e-4)


def test_images_beyond_the_free_memory_are_streamed_and_the_same(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, cpu = open_store(prepared(tmp_path)), torch.device("cpu")
    resident = train_tensors(store, cpu)
    monkeypatch.setattr("plasticity.data.image_tensors.free_memory", lambda device: 2 * store.train_images.nbytes - 1)
    streamed = train_tensors(store, cpu)
    assert resident.resident
    assert not streamed.resident
    assert np.shares_memory(streamed.pixels.numpy(), store.train_images)
    order = torch.randperm(96, generator=torch.Generator().manual_seed(0))
    pairs = list(zip(streamed.batches(order, 20), resident.batches(order, 20), strict=True))
    assert len(pairs) == 5
    for (inputs, labels), (expected, expected_labels) in pairs:
        assert torch.equal(inputs, expected)
        assert torch.equal(labels, expected_labels)
    monkeypatch.setattr("plasticity.data.image_tensors.free_memory", lambda device: 2 * store.train_images.nbytes)
    assert train_tensors(store, cpu).resident


def test_free_memory_is_a_number_of_bytes() -> None:
    assert free_memory(torch.device("cpu")) > 1e6


def test_tensors_do_not_alias_the_memory_map(tmp_path) -> None:
    store = open_store(prepared(tmp_path))
    train = train_tensors(store, torch.device("cpu"))
    before = store.train_labels.copy()
    train.labels.add_(1)
    np.testing.assert_array_equal(store.train_labels, before)
