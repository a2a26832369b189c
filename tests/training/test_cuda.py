"""CUDA against the CPU reference: a training, a penalised step and a measurement. Skipped without a GPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from plasticity.data.image_tensors import ImageTensors
from plasticity.jobs.device import place, prepare_device
from plasticity.jobs.progress import Progress
from plasticity.metrics.measure_network import network_metrics
from plasticity.models.classifier import Classifier
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import EpochSums, accuracy, train_epoch
from plasticity.training.graphs import GraphedStep
from plasticity.training.resume import ResumeFile
from plasticity.training.run import EpochRecord, Schedule, TrainingRun
from plasticity.training.step import TrainingStep
from small_problems import MLP, RESNET, assert_same, image_tensors, network, on_device, run_in, state
from typed import optimisation
from typed import penalty as made_penalty

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
CPU = torch.device("cpu")
# Small steps: rounding does not grow within them.
TRAINING = {"learning_rate": 0.005, "momentum": 0.5, "weight_decay": 0.01, "batch_size": 16}
BOTH = pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])


@pytest.fixture
def cuda() -> Iterator[torch.device]:
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield prepare_device(1)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


def placed(settings: dict[str, Any], device: torch.device) -> tuple[Classifier, ImageTensors]:
    model = network(settings)
    place(model, device)
    return model, on_device(image_tensors(64), device)


def one_epoch(settings: dict[str, Any], device: torch.device, penalty: dict[str, Any]) -> tuple[dict, EpochSums, float]:
    model, images = placed(settings, device)
    step = TrainingStep(model, bind_optimiser(model, optimisation(TRAINING), "exact"), images, made_penalty(penalty))
    sums = train_epoch(step, torch.arange(64, device=device), batch_size=16)
    return {name: value.cpu() for name, value in state(model).items()}, sums, accuracy(model, images)


def trained(settings: dict[str, Any], device: torch.device, precision: str, folder: Path) -> TrainingRun:
    model, images = placed(settings, device)
    rows = torch.arange(61, device=device)  # batches of 16 and 15: two recordings
    run = TrainingRun(model, images, rows, optimisation(TRAINING), 7, "tests/order", precision)
    resume = ResumeFile(folder / "unused" / "state.safetensors", "digest")
    run.train(Schedule(4), resume=resume, progress=Progress("test", 4))
    return run


def losses(history: list[EpochRecord]) -> list[float]:
    return [record.loss for record in history]


@BOTH
@pytest.mark.parametrize("penalty", [{"name": "none"}, {"name": "nc1", "weight": 0.01}], ids=["plain", "nc1"])
def test_an_epoch_repeats_itself_and_agrees(settings: dict[str, Any], penalty: dict, cuda: torch.device) -> None:
    one, same, reference = (one_epoch(settings, device, penalty) for device in (cuda, cuda, CPU))
    assert_same(one[0], same[0])
    assert one[1:] == same[1:]
    assert one[1].loss == pytest.approx(reference[1].loss, rel=1e-3)
    if reference[1].penalty is not None:
        assert one[1].penalty == pytest.approx(reference[1].penalty, rel=1e-2)
    for name, value in one[0].items():
        torch.testing.assert_close(value, reference[0][name], rtol=1e-2, atol=1e-3)


@BOTH
@pytest.mark.parametrize(("precision", "tolerance"), [("exact", 1e-2), ("fast", 0.1)])
def test_a_training_agrees(
    settings: dict[str, Any], precision: str, tolerance: float, cuda: torch.device, tmp_path: Path
) -> None:
    expected = losses(trained(settings, CPU, "exact", tmp_path).history)
    run = trained(settings, cuda, precision, tmp_path)
    assert losses(run.history) == pytest.approx(expected, rel=tolerance)
    assert trained(settings, cuda, precision, tmp_path).history == run.history


@BOTH
def test_a_recorded_training_is_that_of_single_kernels(
    settings: dict[str, Any], cuda: torch.device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = trained(settings, cuda, "fast", tmp_path)
    assert isinstance(recorded.step, GraphedStep)
    assert sorted(recorded.step._graphs) == [15, 16]
    first, weights = list(recorded.history), weights_of(recorded.model)
    recorded.restart(weights_of(network(settings)))  # the same recording again
    resume = ResumeFile(tmp_path / "again" / "state.safetensors", "digest")
    recorded.train(Schedule(4), resume=resume, progress=Progress("test", 4))
    assert recorded.history == first
    monkeypatch.setattr("plasticity.training.run.recordable", lambda step: False)
    single = trained(settings, cuda, "fast", tmp_path)
    assert not isinstance(single.step, GraphedStep)
    assert losses(single.history) == pytest.approx(losses(first), rel=1e-5)
    for name, value in weights_of(single.model).items():
        assert value == pytest.approx(weights[name], rel=1e-3, abs=1e-4), name


@BOTH
def test_images_streamed_to_the_device_are_the_same(settings: dict[str, Any], cuda: torch.device) -> None:
    model, resident = placed(settings, cuda)
    images = image_tensors(64)
    streamed = ImageTensors(images.pixels, images.labels, resident.mean, resident.std, resident=False)
    assert accuracy(model, streamed) == accuracy(model, resident)
    rows = torch.arange(64, device=cuda)
    assert torch.equal(streamed.batch(rows)[0], resident.batch(rows)[0])


@BOTH
def test_a_measurement_agrees(settings: dict[str, Any], cuda: torch.device) -> None:
    found = []
    for device in (CPU, cuda):
        model = network(settings)
        run_in(model)
        place(model, device)
        rows = torch.arange(64, device=device)
        found.append(network_metrics(model, on_device(image_tensors(64), device), rows, probe_images=64))
    assert found[1] == pytest.approx(found[0], rel=1e-3, abs=1e-4)
