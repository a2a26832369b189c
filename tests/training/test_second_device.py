"""What a GPU would refuse or wait for, on a device that computes on the CPU; the numbers are the CPU's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from plasticity.data.image_tensors import ImageTensors
from plasticity.jobs.device import place
from plasticity.jobs.progress import Progress
from plasticity.metrics.measure_network import feature_pass, network_metrics
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import EpochSums, accuracy, train_epoch
from plasticity.training.graphs import GraphedStep
from plasticity.training.resume import ResumeFile
from plasticity.training.run import EpochRecord, Schedule, TrainingRun
from plasticity.training.step import TrainingStep
from second_device import DEVICE, SecondDevice, needs_second_device, second_device
from small_problems import MLP, RESNET, image_tensors, network, on_device, run_in
from typed import optimisation
from typed import penalty as made_penalty

pytestmark = needs_second_device
CPU = torch.device("cpu")
TRAINING = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01, "batch_size": 16}
NONE, NC1 = {"name": "none"}, {"name": "nc1", "weight": 0.01, "cap": 200.0}
BOTH = pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecondDevice]:
    monkeypatch.setattr("plasticity.training.step.gains_by_bfloat16", lambda model, device: False)
    with second_device() as device:
        yield device


def step_on(device: torch.device, model: dict[str, Any], precision: str, penalty: dict[str, Any]) -> TrainingStep:
    made = network(model)
    place(made, device)
    return TrainingStep(
        made,
        bind_optimiser(made, optimisation(TRAINING), precision),
        on_device(image_tensors(64), device),
        made_penalty(penalty),
        precision,
    )


def epoch_of(step: TrainingStep) -> EpochSums:
    return train_epoch(step, torch.arange(32, device=step.images.device), batch_size=16)


@BOTH
@pytest.mark.parametrize("precision", ["exact", "fast"])
@pytest.mark.parametrize("penalty", [NONE, NC1], ids=["plain", "nc1"])
def test_an_epoch_waits_once_and_is_that_of_the_cpu(
    model: dict[str, Any], precision: str, penalty: dict[str, Any], machine: SecondDevice
) -> None:
    step = step_on(DEVICE, model, precision, penalty)
    machine.sent.clear()
    sums = epoch_of(step)
    assert machine.sent == []
    eigenvalues = ["aten._linalg_eigh.default"] * (2 if penalty is NC1 else 0)  # once per step
    assert machine.waits == [*eigenvalues, "tolist"]
    assert {value.device for value in step.model.state_dict().values()} == {DEVICE}
    reference = epoch_of(step_on(CPU, model, precision, penalty))
    assert (sums.loss, sums.penalty or 0) == pytest.approx((reference.loss, reference.penalty or 0), rel=1e-4)


def run_of(model: dict[str, Any], **training: Any) -> TrainingRun:
    made = network(model)
    place(made, DEVICE)
    rows = torch.arange(31, device=DEVICE)  # batches of 16 and 15: two recordings
    return TrainingRun(
        made,
        on_device(image_tensors(64), DEVICE),
        rows,
        optimisation({**TRAINING, **training}),
        7,
        "tests/order",
        "fast",
    )


def history_of(run: TrainingRun, folder: Path) -> list[EpochRecord]:
    run.train(Schedule(2), resume=ResumeFile(folder / "state", "digest"), progress=Progress("test", 2))
    return run.history


NORMALISED = {"name": "foreign_networks:WideNet", "width": 4}
KEEPING: dict[str, dict[str, Any]] = {
    "sgd": {},
    "nesterov": {"optimizer": {"name": "sgd", "nesterov": True}},
    "adam": {"optimizer": {"name": "adam"}, "momentum": 0.0},
    "adamw": {"optimizer": {"name": "adamw"}, "momentum": 0.0},
    "rmsprop": {"optimizer": {"name": "rmsprop", "centered": True}, "learning_rate": 0.001},
    "l2_init": {"penalty": {"name": "l2_init", "weight": 0.01}},
}


@pytest.mark.parametrize(
    ("model", "way"), [*((MLP, way) for way in KEEPING), (NORMALISED, "sgd")], ids=[*KEEPING, "batch norm"]
)
def test_a_recorded_training_is_that_of_single_kernels_whatever_is_kept(
    model: dict[str, Any], way: str, machine: SecondDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = {"learning_rate": 0.01, **KEEPING[way]}
    single = run_of(model, **training)
    expected = history_of(single, tmp_path)
    monkeypatch.setattr("plasticity.training.run.recordable", lambda step: step.recordable or model is NORMALISED)
    recorded = run_of(model, **training)
    assert history_of(recorded, tmp_path) == expected
    assert isinstance(recorded.step, GraphedStep)
    assert sorted(recorded.step._graphs) == [15, 16]
    recorded.restart(weights_of(network(model)))  # nothing is left, in the memory that the recordings know
    machine.waits.clear()
    assert history_of(recorded, tmp_path) == expected
    assert machine.waits.count("tolist") == 2
    for name, value in weights_of(single.model).items():
        assert (value == weights_of(recorded.model)[name]).all(), name
    resume = ResumeFile(tmp_path / "killed" / "state", "digest")
    begun = run_of(model, **training)
    begun.train(Schedule(1), resume=resume, progress=Progress("test", 2))
    begun.save(resume)
    for other in (run_of(model, **training), begun):  # in a new process, and in memory that recordings know
        assert other.restore(resume)
        assert history_of(other, tmp_path) == expected


@pytest.mark.parametrize("precision", ["exact", "fast"])
@pytest.mark.parametrize("eps_root", [0.0, 0.001])
@pytest.mark.usefixtures("machine")
def test_counting_steps_does_not_wait(precision: str, eps_root: float, machine: SecondDevice) -> None:
    training = {**TRAINING, "momentum": 0.0, "optimizer": {"name": "adam", "eps_root": eps_root}}
    made = network(MLP)
    place(made, DEVICE)
    images = on_device(image_tensors(64), DEVICE)
    step = TrainingStep(made, bind_optimiser(made, optimisation(training), precision), images, None, precision)
    assert step.recordable is (precision == "fast" and not eps_root)
    machine.waits.clear()
    epoch_of(step)
    assert machine.waits == ["tolist"]


def test_a_step_that_waits_is_not_recorded(machine: SecondDevice, caplog: pytest.LogCaptureFixture) -> None:
    reference = step_on(DEVICE, MLP, "fast", NC1)
    given = step_on(DEVICE, MLP, "fast", NC1)
    step = GraphedStep(given.model, given.optimizer, given.images, given.penalty, "fast")
    assert epoch_of(step) == epoch_of(reference)
    assert "kernel by kernel" in caplog.text
    assert not step._graphs


@BOTH
def test_a_measurement_is_that_of_the_cpu_and_waits_after_the_pass(
    model: dict[str, Any], machine: SecondDevice
) -> None:
    found = []
    for device in (CPU, DEVICE):
        made = network(model)
        run_in(made)
        place(made, device)
        images, rows = on_device(image_tensors(64), device), torch.arange(64, device=device)
        found.append(network_metrics(made, images, rows, probe_images=64))
        made.eval()
        machine.waits.clear()
        feature_pass(made, images, rows, batch_size=16)
        assert machine.waits == []
    assert found[1] == pytest.approx(found[0], rel=1e-5, abs=1e-6)


@BOTH
def test_images_are_streamed_to_the_device_without_waiting(model: dict[str, Any], machine: SecondDevice) -> None:
    made = network(model)
    place(made, DEVICE)
    images = image_tensors(64)
    resident = on_device(images, DEVICE)
    streamed = ImageTensors(images.pixels, images.labels, resident.mean, resident.std, resident=False)
    machine.waits.clear()
    machine.sent.clear()
    got = accuracy(made, streamed)
    assert machine.sent == []
    assert len(machine.waits) == 2  # where the chosen rows go to the CPU at once, and the count of the right ones
    assert got == accuracy(made, resident)


def test_tensors_of_two_devices_do_not_meet(machine: SecondDevice) -> None:
    here, there = torch.ones(3, device=DEVICE), torch.ones(3)
    with pytest.raises(RuntimeError, match="tensors on second:0 and on the CPU"):
        torch.add(here, there)
    assert (here + there.to(DEVICE)).tolist() == [2, 2, 2]
    assert (here + torch.tensor(1.0)).device == DEVICE  # a single number may come from anywhere
    assert machine.waits == ["tolist"]
