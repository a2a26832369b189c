import os
from collections.abc import Iterator

import pytest
import torch

from plasticity.jobs.device import describe_device, place, prepare_cpu, prepare_device
from small_problems import MLP, RESNET, assert_same, network, state

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
    assert not torch.utils.deterministic.fill_uninitialized_memory  # pyright: ignore[reportAttributeAccessIssue]


def test_workspace_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    prepare_device(1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_description_names_the_threads() -> None:
    torch.set_num_threads(1)
    assert describe_device(torch.device("cpu")) == "cpu, 1 thread(s)"
    assert describe_device(torch.device("cpu"), "bfloat16") == "cpu, 1 thread(s), bfloat16"


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


def test_a_stage_that_computes_on_the_cpu_takes_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("plasticity.jobs.device._lease", lambda: pytest.fail("a GPU was leased"))
    assert prepare_cpu(1) == torch.device("cpu")
    assert torch.are_deterministic_algorithms_enabled()
