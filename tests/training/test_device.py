import os
from collections.abc import Iterator

import pytest
import torch

from plasticity.training.device import describe_device, place, prepare_device
from plasticity.training.epoch import accuracy, train_epoch
from plasticity.training.sgd import SGD
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state

FLAGS = ((torch.backends.cuda.matmul, "allow_tf32"), (torch.backends.cudnn, "allow_tf32"))


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the process as it was: the switches are global."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    flags = [getattr(owner, name) for owner, name in FLAGS]
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    for (owner, name), value in zip(FLAGS, flags, strict=True):
        setattr(owner, name, value)


@pytest.mark.parametrize("threads", [1, 2])
def test_switches(threads: int) -> None:
    torch.backends.cudnn.allow_tf32 = True
    device = prepare_device(threads)
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled()
    assert not any(getattr(owner, name) for owner, name in FLAGS)
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_workspace_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    prepare_device(1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_description_names_the_threads() -> None:
    torch.set_num_threads(1)
    assert describe_device(torch.device("cpu")) == "cpu, 1 thread(s)"


def test_place_is_channels_last_and_changes_no_value() -> None:
    model = network(RESNET)
    before = state(model)
    place(model, torch.device("cpu"))
    assert_same(state(model), before)
    convolutions = [value for value in model.state_dict().values() if value.ndim == 4]
    assert len(convolutions) == 20
    assert all(value.is_contiguous(memory_format=torch.channels_last) for value in convolutions)


def test_place_of_a_network_without_convolutions() -> None:
    model = network(MLP)
    before = state(model)
    place(model, torch.device("cpu"))
    assert_same(state(model), before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])
def test_cuda_repeats_itself_and_agrees_with_the_cpu(settings: dict) -> None:
    cuda, results = prepare_device(1), []
    for device in (cuda, cuda, torch.device("cpu")):
        images, model = image_tensors(64), network(settings)
        moved = type(images)(*(value.to(device) for value in vars(images).values()))
        place(model, device)
        optimizer = SGD(model.parameters(), learning_rate=0.02, momentum=0.9, weight_decay=0.0)
        order = torch.arange(64, device=device)
        penalty = {"name": "nc1", "weight": 0.01}
        sums = train_epoch(model, optimizer, moved, order, batch_size=16, penalty=penalty)
        weights = {name: value.cpu() for name, value in state(model).items()}
        results.append((weights, sums, accuracy(model, moved)))
    assert_same(results[0][0], results[1][0])
    assert results[0][1:] == results[1][1:]
    assert results[0][1].loss == pytest.approx(results[2][1].loss, rel=1e-3)
    for name, value in results[0][0].items():
        torch.testing.assert_close(value, results[2][0][name], rtol=1e-2, atol=1e-3)
