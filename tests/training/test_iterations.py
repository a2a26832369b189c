"""Lengths, step sizes and checkpoints in iterations: against a plain loop of PyTorch, and resumed to the bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plasticity.data.image_tensors import number_of_batches
from plasticity.jobs import unfinished
from plasticity.seeding import torch_generator
from plasticity.training.iterations import IterationRun, cosine
from plasticity.training.resume import ResumeFile
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state
from typed import iterations as iterations_of

IMAGES = 48
SETTINGS = {
    "iterations": 11,
    "annealing": "cosine",
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 0.01,
    "batch_size": 16,
}


class Killed(Exception):
    """Stands for a signal."""


def new_run(model: dict[str, Any] = MLP, *, weights: int = 0, **changed: Any) -> IterationRun:
    indices = torch.arange(5, 5 + IMAGES)
    settings = {**SETTINGS, **changed}
    made = network(model, weights)
    return IterationRun(made, image_tensors(60), indices, iterations_of(settings), seed=7, purpose="tests/order")


@pytest.fixture
def unused(tmp_path: Path) -> ResumeFile:
    return ResumeFile(tmp_path / "unused" / "state.safetensors", "digest")


def test_cosine_annealing_starts_at_one_and_ends_at_zero() -> None:
    assert cosine(0, 80_000) == 1.0
    assert cosine(40_000, 80_000) == pytest.approx(0.5)
    assert cosine(80_000, 80_000) == pytest.approx(0.0, abs=1e-15)
    assert all(cosine(i + 1, 50) < cosine(i, 50) for i in range(50))


def test_run_equals_a_plain_loop_with_torchs_own_schedule(unused: ResumeFile) -> None:
    run = new_run()
    plain = new_run()
    run.run(resume=unused, title="test")
    optimizer = torch.optim.SGD(plain.model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
    annealed = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=11)
    done = 0
    for epoch in range(1, 5):
        shuffle = torch.randperm(IMAGES, generator=torch_generator(7, "tests/order", epoch))
        for chunk in plain.indices[shuffle].split(16):
            if done == 11:
                break
            inputs, labels = plain.images.batch(chunk)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(plain.model(inputs), labels).backward()
            optimizer.step()
            annealed.step()
            done += 1
    for name, value in state(plain.model).items():
        torch.testing.assert_close(state(run.model)[name], value, rtol=1e-5, atol=1e-7)
    assert run.iteration == 11
    assert [record.epoch for record in run.history] == [1, 2, 3, 4]


def test_without_annealing_whole_epochs_equal_a_run_of_epochs_to_the_bit(unused: ResumeFile) -> None:
    from plasticity.jobs.progress import Progress
    from plasticity.training.run import Schedule, TrainingRun

    run = new_run(RESNET, annealing="none", iterations=9)
    run.run(resume=unused, title="test")
    other = new_run(RESNET)
    epochs = TrainingRun(
        other.model, other.images, other.indices, iterations_of(SETTINGS), seed=7, purpose="tests/order"
    )
    epochs.train(Schedule(3), resume=unused, progress=Progress("test", 3))
    assert_same(state(run.model), state(epochs.model))
    assert run.history == epochs.history


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
@pytest.mark.parametrize("at", [1, 3, 4, 7, 10])
def test_a_killed_run_goes_on_to_the_same_bits_and_the_same_iterations(
    tmp_path: Path, unused: ResumeFile, monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], at: int
) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    whole = new_run(model)
    whole.run(resume=unused, title="test")
    resume = ResumeFile(tmp_path / "cut" / "state.safetensors", "digest")

    def strike(iteration: int) -> None:
        if iteration == at:
            raise Killed

    cut = new_run(model)
    cut.on_iteration = strike
    with pytest.raises(Killed):
        cut.run(resume=resume, title="test")
    again = new_run(model, weights=1)
    seen: list[int] = []
    again.on_iteration = seen.append
    if not again.restore(ResumeFile(resume.work.path, "digest")):
        again = new_run(model)
        again.on_iteration = seen.append
    again.run(resume=resume, title="test")
    assert_same(state(again.model), state(whole.model))
    assert again.history == whole.history
    assert seen == list(range(3 * ((at - 1) // 3) + 1, 12))


def test_a_finished_run_is_restored_as_finished(
    tmp_path: Path, unused: ResumeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)
    run = new_run()
    run.run(resume=unused, title="test")
    again = new_run(weights=1)
    assert again.restore(ResumeFile(unused.work.path, "digest"))
    assert again.iteration == 11
    assert again.finished(again.schedule)


def test_a_loss_stops_the_training(unused: ResumeFile) -> None:
    long = new_run(iterations=300, annealing="none")
    long.run(resume=unused, title="test")
    losses = [record.loss for record in long.history]
    stop = losses[20]
    expected = next(place for place, loss in enumerate(losses, start=1) if loss <= stop)
    run = new_run(iterations=300, annealing="none", stop_loss=stop)
    run.run(resume=unused, title="test")
    assert len(run.history) == expected
    assert run.reached
    assert run.iteration == 3 * expected


@hypothesis_settings(max_examples=200, deadline=None)
@given(images=st.integers(1, 300), batch=st.integers(1, 64), iterations=st.integers(1, 40))
def test_the_last_epoch_holds_the_first_batches_of_a_whole_one(images: int, batch: int, iterations: int) -> None:
    tensors = image_tensors(max(images, 4))
    settings = {**SETTINGS, "batch_size": batch, "iterations": iterations}
    run = IterationRun(
        network(MLP), tensors, torch.arange(images), iterations_of(settings), seed=7, purpose="tests/order"
    )
    last = run.schedule.epochs
    left = iterations - (last - 1) * run.batches_per_epoch
    shuffle = torch.randperm(images, generator=torch_generator(7, "tests/order", last))
    whole = list(tensors.batches(shuffle, batch))
    cut = list(tensors.batches(run._order(last), batch))
    assert len(cut) == left
    for (inputs, labels), (expected, classes) in zip(cut, whole[:left], strict=True):
        assert torch.equal(labels, classes)
        assert torch.equal(inputs, expected)
    assert number_of_batches(images, batch) == run.batches_per_epoch
