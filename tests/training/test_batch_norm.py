from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from plasticity.config.slices import SplitSettings
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import open_store
from plasticity.stages.draw_split import draw_split, read_split
from plasticity.storage.weights import weights_of
from plasticity.training.batch_norm import open_recalibration
from small_problems import MLP, RESNET, is_buffer, network, prepared, run_in
from typed import chosen


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pictures")
    data = prepared(folder)
    settings = SplitSettings(train_size=None, warm_up_fraction=0.5)
    draw_split(settings, dataset=data, seed=7, output=folder / "split.parquet")
    return {"data": data, "split": folder / "split.parquet"}


def recalibrated(files: dict[str, Path], model: dict, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    store = open_store(files["data"])
    rows = read_split(files["split"], store).warm_up_indices
    recalibrate = open_recalibration(store, chosen(model), torch.device("cpu"))
    assert recalibrate is not None
    return recalibrate(weights, rows)


def direct_statistics(weights: dict, files: dict[str, Path]) -> dict[str, np.ndarray]:
    """Mean and unbiased variance of every batch-norm's input over the warm-up half in one batch, in float64."""
    store = open_store(files["data"])
    rows = torch.from_numpy(read_split(files["split"], store).warm_up_indices.copy())
    model = network(RESNET)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model.double().train()
    found: dict[str, np.ndarray] = {}

    def measure(module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        channels = inputs[0].transpose(0, 1).flatten(1)
        found[f"{names[module]}.running_mean"] = channels.mean(1).numpy()
        found[f"{names[module]}.running_var"] = channels.var(1, correction=1).numpy()

    names: dict[nn.Module, str] = {
        module: name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)
    }

    for module in names:
        module.register_forward_pre_hook(measure)
    with torch.no_grad():
        model(train_tensors(store, torch.device("cpu")).batch(rows)[0].double())
    return found


def used_weights() -> dict[str, np.ndarray]:
    model = network(RESNET, seed=2)
    run_in(model)
    return weights_of(model)


def test_one_batch_gives_the_statistics_of_all_images(files: dict[str, Path]) -> None:
    weights = used_weights()
    got = recalibrated(files, RESNET, weights)
    expected = direct_statistics(weights, files)
    assert len(expected) == 40  # mean and variance of 20 batch-norms
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
        assert not np.allclose(weights[name], value, rtol=1e-2)
        assert got[name].dtype == np.float32
    assert got["body.1.num_batches_tracked"] == 1


def test_several_batches_weigh_alike(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plasticity.training.batch_norm._BATCH", 12)
    got = recalibrated(files, RESNET, used_weights())
    store = open_store(files["data"])
    rows = torch.from_numpy(read_split(files["split"], store).warm_up_indices.copy())
    stem = torch.from_numpy(used_weights()["body.0.weight"])
    means = [
        nn.functional.conv2d(train_tensors(store, torch.device("cpu")).batch(part)[0], stem, padding=1).mean((0, 2, 3))
        for part in rows.split(12)
    ]
    assert len(means) == 4
    np.testing.assert_allclose(got["body.1.running_mean"], torch.stack(means).mean(0).numpy(), atol=1e-5)
    assert got["body.1.num_batches_tracked"] == 4


def test_parameters_and_the_given_arrays_stay(files: dict[str, Path]) -> None:
    weights = used_weights()
    before = {name: value.copy() for name, value in weights.items()}
    got = recalibrated(files, RESNET, weights)
    assert got.keys() == weights.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(weights[name], value)
        if not is_buffer(name):
            np.testing.assert_array_equal(got[name], value)


def test_network_without_batch_norm_needs_none(files: dict[str, Path]) -> None:
    assert open_recalibration(open_store(files["data"]), chosen(MLP), torch.device("cpu")) is None
