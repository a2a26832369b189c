from pathlib import Path
from typing import Any

import pytest
import torch

from plasticity.jobs.device import place
from plasticity.jobs.progress import Progress
from plasticity.storage.weights import weights_of
from plasticity.training.bound_optimiser import bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.graphs import GraphedStep, recordable
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun
from plasticity.training.step import TrainingStep, gains_by_bfloat16
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state
from typed import optimisation
from typed import penalty as made_penalty

CPU = torch.device("cpu")
TRAINING = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01, "batch_size": 16}
SLOW = {**TRAINING, "learning_rate": 0.005, "momentum": 0.5}  # rounding does not grow within a few steps
NONE = {"name": "none"}
BOTH = pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
PRECISIONS = pytest.mark.parametrize("precision", ["exact", "fast"])


def step_of(
    model: dict[str, Any], precision: str, penalty: dict[str, Any] = NONE, *, training: dict[str, Any] = TRAINING
) -> TrainingStep:
    made = network(model)
    place(made, CPU)
    return TrainingStep(
        made,
        bind_optimiser(made, optimisation(training), precision),
        image_tensors(64),
        made_penalty(penalty),
        precision,
    )


def run_of(model: dict[str, Any], precision: str, weights: int = 0) -> TrainingRun:
    made = network(model, weights)
    place(made, CPU)
    return TrainingRun(made, image_tensors(64), torch.arange(60), optimisation(TRAINING), 7, "tests/order", precision)


def trained(run: TrainingRun, folder: Path, epochs: int = 2) -> TrainingRun:
    resume = ResumeFile(folder / "unused" / "state.safetensors", "digest")
    run.train(Schedule(epochs), resume=resume, progress=Progress("test", epochs))
    return run


@BOTH
def test_fast_is_near_exact(model: dict[str, Any]) -> None:
    exact, fast = (step_of(model, precision, training=SLOW) for precision in ("exact", "fast"))
    for number in range(4):
        sums = [train_epoch(step, torch.arange(64), batch_size=16) for step in (exact, fast)]
        assert sums[1].loss == pytest.approx(sums[0].loss, rel=0.05 if fast.reduced else 1e-5)
        assert (sums[0] == sums[1]) is not fast.reduced or number > 0
    assert all(value.dtype == torch.float32 for value in state(fast.model).values() if value.is_floating_point())


@BOTH
def test_fast_learns(model: dict[str, Any]) -> None:
    step = step_of(model, "fast")
    losses = [train_epoch(step, torch.arange(64), batch_size=16).loss for _ in range(8)]
    assert losses[-1] < 0.2 * losses[0]


@BOTH
@PRECISIONS
@pytest.mark.parametrize("penalty", [NONE, {"name": "nc1", "weight": 0.01}], ids=["plain", "nc1"])
def test_a_step_repeats_itself(model: dict[str, Any], precision: str, penalty: dict[str, Any]) -> None:
    one, other = (step_of(model, precision, penalty) for _ in range(2))
    sums = [train_epoch(step, torch.arange(64), batch_size=16) for step in (one, other)]
    assert sums[0] == sums[1]
    assert (sums[0].penalty is None) is (penalty is NONE)
    assert_same(state(one.model), state(other.model))


def test_bfloat16_is_for_convolutions_on_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for capable in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda capable=capable: {"avx512_bf16": capable})
        assert gains_by_bfloat16(network(RESNET), CPU) is capable
        assert not gains_by_bfloat16(network(MLP), CPU)
        assert step_of(RESNET, "fast").arithmetic == ("bfloat16" if capable else "float32")
        assert step_of(RESNET, "exact").arithmetic == "float32"


@BOTH
@PRECISIONS
def test_a_run_begun_again_is_a_new_run(tmp_path: Path, model: dict[str, Any], precision: str) -> None:
    expected = trained(run_of(model, precision, weights=3), tmp_path)
    again = trained(run_of(model, precision), tmp_path)
    again.diverged = True
    again.restart(weights_of(network(model, 3)))
    assert again.history == []
    assert not again.diverged
    trained(again, tmp_path)
    assert_same(state(again.model), state(expected.model))
    assert again.history == expected.history


def test_a_streamed_epoch_equals_a_resident_one() -> None:
    images = image_tensors(64)
    streamed = type(images)(images.pixels, images.labels, images.mean, images.std, resident=False)
    steps = []
    for source in (images, streamed):
        made = network(RESNET)
        steps.append(TrainingStep(made, bind_optimiser(made, optimisation(TRAINING), "exact"), source))
    assert train_epoch(steps[0], torch.arange(64), batch_size=16) == train_epoch(
        steps[1], torch.arange(64), batch_size=16
    )
    assert_same(state(steps[0].model), state(steps[1].model))


def test_nothing_is_recorded_on_a_cpu() -> None:
    assert not recordable(step_of(RESNET, "fast"))
    assert type(run_of(RESNET, "fast").step) is TrainingStep


@pytest.mark.parametrize("before", [0, 2])
def test_steps_before_a_recording_leave_no_trace(before: int) -> None:
    """Without a GPU: what surrounds the steps that warm a recording up."""
    made = network(RESNET)
    step = GraphedStep(made, bind_optimiser(made, optimisation(TRAINING), "fast"), image_tensors(64), None, "fast")
    reference = network(RESNET)
    plain = TrainingStep(
        reference, bind_optimiser(reference, optimisation(TRAINING), "fast"), image_tensors(64), None, "fast"
    )
    for one in (step, plain):
        one.start()
        for _ in range(before):
            TrainingStep.__call__(one, torch.arange(16))
    with step._unchanged():
        TrainingStep.__call__(step, torch.arange(16, 32))
        assert not torch.equal(made.head.weight, reference.head.weight)
    assert_same(state(made), state(reference))
    assert torch.equal(step.sums, plain.sums)
    for one in (step, plain):
        TrainingStep.__call__(one, torch.arange(32, 64))
    assert_same(state(made), state(reference))


def test_forgetting_keeps_the_memory_that_a_recording_knows() -> None:
    made = network(RESNET)
    step = GraphedStep(made, bind_optimiser(made, optimisation(TRAINING), "fast"), image_tensors(64), None, "fast")
    TrainingStep.__call__(step, torch.arange(16))
    addresses = [buffer.data_ptr() for buffer in step.optimizer.state().values()]
    assert len(addresses) == len(list(made.parameters()))
    step.reset()
    assert [buffer.data_ptr() for buffer in step.optimizer.state().values()] == addresses
    assert not any(buffer.any() for buffer in step.optimizer.state().values())
