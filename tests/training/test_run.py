import copy
import logging
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from plasticity.jobs import unfinished
from plasticity.jobs.progress import Progress
from plasticity.seeding import derive_seed
from plasticity.storage.weights import weights_of
from plasticity.training.epoch import train_epoch
from plasticity.training.resume import ResumeFile
from plasticity.training.run import Schedule, TrainingRun
from recorded_curves import record_curves
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state
from typed import optimisation

PLAIN = {"learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.0, "batch_size": 16}
HEAVY = {**PLAIN, "momentum": 0.9, "weight_decay": 0.01}
PENALISED = {**HEAVY, "penalty": {"name": "nc1", "weight": -0.05, "cap": 200}}
SEED = 7


class Killed(Exception):
    """Stands for a signal that ends the process in the middle of an epoch's bookkeeping."""


def new_run(
    settings: dict[str, Any],
    model: dict[str, Any] = MLP,
    *,
    weights: int = 0,
    purpose: str = "tests/order",
    precision: str = "exact",
) -> TrainingRun:
    made = network(model, weights).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    indices = torch.arange(5, 53)
    return TrainingRun(made, image_tensors(60), indices, optimisation(settings), SEED, purpose, precision)


def train(run: TrainingRun, resume: ResumeFile, epochs: int, **options: Any) -> TrainingRun:
    run.train(Schedule(epochs, options.pop("stop", None)), resume=resume, progress=Progress("test", epochs), **options)
    return run


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save after every epoch."""
    monkeypatch.setattr(unfinished, "SECONDS_BETWEEN_SAVES", 0.0)


@pytest.fixture
def unused(tmp_path: Path) -> ResumeFile:
    return ResumeFile(tmp_path / "unused" / "state.safetensors", "digest")


def killed_after(
    folder: Path, settings: dict[str, Any], model: dict[str, Any], epoch: int, precision: str = "exact"
) -> ResumeFile:
    """Train until a kill strikes when `epoch` is saved and the next is done but not."""
    resume = ResumeFile(folder / "unfinished" / "state.safetensors", "digest")

    def strike(done: int) -> None:
        if done > epoch:
            raise Killed

    with pytest.raises(Killed):
        train(new_run(settings, model, precision=precision), resume, 5, on_epoch=strike)
    return resume


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("epoch", [1, 2, 4])
@pytest.mark.parametrize(
    ("settings", "model"),
    [(PLAIN, MLP), (HEAVY, MLP), (PENALISED, MLP), (HEAVY, RESNET)],
    ids=["sgd", "momentum", "penalty", "resnet_momentum"],
)
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_resumed_equals_uninterrupted(
    tmp_path: Path, unused: ResumeFile, settings: dict[str, Any], model: dict[str, Any], epoch: int, precision: str
) -> None:
    expected = train(new_run(settings, model, precision=precision), unused, 5)
    killed = killed_after(tmp_path, settings, model, epoch, precision)
    resumed = new_run(settings, model, weights=1, precision=precision)  # what it starts with must not matter
    again = ResumeFile(killed.work.path, killed.work.digest)
    assert resumed.restore(again)
    assert [record.epoch for record in resumed.history] == list(range(1, epoch + 1))
    train(resumed, again, 5)
    assert_same(state(resumed.model), state(expected.model))
    assert resumed.history == expected.history
    assert resumed.diverged is False


@pytest.mark.usefixtures("always")
def test_curves_of_a_resumed_training_go_on_where_it_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recorded = record_curves(monkeypatch, tmp_path / "curves")
    killed = killed_after(tmp_path, PENALISED, MLP, 2)
    resumed, again = new_run(PENALISED), ResumeFile(killed.work.path, killed.work.digest)
    assert resumed.restore(again)
    train(resumed, again, 4)
    first, second = recorded
    assert first.folder == second.folder == tmp_path / "curves/test"
    assert (first.begun, second.begun, first.closed, second.closed) == (1, 3, True, True)
    for name in ("loss", "accuracy", "penalty"):
        shown = {**first.curve(name), **second.curve(name)}
        assert shown == {record.epoch: getattr(record, name) for record in resumed.history}


EVERY_WAY: dict[str, dict[str, Any]] = {
    "nesterov": {"momentum": 0.9, "optimizer": {"name": "sgd", "nesterov": True}},
    "adam": {"optimizer": {"name": "adam"}},
    "adam eps_root": {"optimizer": {"name": "adam", "eps_root": 0.001}},
    "adamw": {"optimizer": {"name": "adamw"}, "weight_decay": 0.1},
    "rmsprop": {"momentum": 0.9, "learning_rate": 0.001, "optimizer": {"name": "rmsprop", "centered": True}},
    "own optimizer": {"learning_rate": 0.001, "optimizer": {"name": "own_components:Signs"}},
    "l2_init": {"penalty": {"name": "l2_init", "weight": 0.01}},
    "perturb": {"momentum": 0.9, "hooks": [{"name": "perturb", "shrink": 0.99, "perturb": 0.05}]},
    "own hook": {
        "optimizer": {"name": "adam"},
        "hooks": [{"name": "own_components:IdleUnits", "every": 2}, {"name": "perturb", "shrink": 1, "perturb": 0.01}],
    },
}


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_resumed_equals_uninterrupted_whatever_is_kept(
    tmp_path: Path, unused: ResumeFile, way: str, precision: str
) -> None:
    settings = {**PLAIN, "learning_rate": 0.01, **EVERY_WAY[way]}
    expected = train(new_run(settings, precision=precision), unused, 5)
    killed = killed_after(tmp_path, settings, MLP, 2, precision)
    resumed = new_run(settings, precision=precision)
    again = ResumeFile(killed.work.path, killed.work.digest)
    assert resumed.restore(again)
    train(resumed, again, 5)
    assert_same(state(resumed.model), state(expected.model))
    assert resumed.history == expected.history
    assert_same(resumed.optimizer.state(), expected.optimizer.state())
    assert_same(resumed.step.at_work.state(), expected.step.at_work.state())


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_nothing_is_carried_over_to_another_network(unused: ResumeFile, way: str, precision: str) -> None:
    settings = {**PLAIN, "learning_rate": 0.01, **EVERY_WAY[way]}
    expected = train(new_run(settings, weights=3, precision=precision), unused, 3)
    again = train(new_run(settings, precision=precision), unused, 2)
    again.restart(weights_of(network(MLP, 3)))
    train(again, unused, 3)
    assert_same(state(again.model), state(expected.model))
    assert again.history == expected.history


def test_life_begins_with_the_weights_that_are_given(unused: ResumeFile) -> None:
    settings = {**PLAIN, "penalty": {"name": "l2_init", "weight": 0.5}}
    run, initial = new_run(settings), weights_of(network(MLP, 5))
    assert run.reads_initial
    assert not new_run(PLAIN).reads_initial
    run.begin_task(SEED, run.indices, initial)
    run.restart(weights_of(network(MLP)))
    assert all(
        (run.step.view.initial_parameters[n].numpy() == initial[n]).all() for n, _ in run.model.named_parameters()
    )
    assert (train(run, unused, 1).history[0].penalty or 0) > 1
    run.begin_task(SEED, run.indices)
    run.restart(initial)
    assert (train(run, unused, 1).history[0].penalty or 0) < 1


@pytest.mark.usefixtures("always")
def test_killed_twice_and_resumed_when_complete(tmp_path: Path, unused: ResumeFile) -> None:
    expected = train(new_run(HEAVY), unused, 5)
    resume = killed_after(tmp_path, HEAVY, MLP, 1)
    for until in (3, 5):
        run = new_run(HEAVY, weights=until)
        assert run.restore(resume)
        train(run, resume, until)
    complete = new_run(HEAVY)
    assert complete.restore(resume)
    assert complete.finished(Schedule(5))
    train(complete, resume, 5, on_epoch=pytest.fail)
    assert_same(state(complete.model), state(expected.model))
    assert complete.history == expected.history


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_damaged_resume_file_starts_anew(
    tmp_path: Path, unused: ResumeFile, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    resume = killed_after(tmp_path, HEAVY, MLP, 2)
    content = bytearray(resume.work.path.read_bytes())
    content[-40] ^= 1
    resume.work.path.write_bytes({"truncated": content[:-50], "flipped": content, "empty": b""}[damage])
    run = new_run(HEAVY)
    with caplog.at_level(logging.WARNING, "plasticity"):
        assert not run.restore(resume)
    assert "starting over" in caplog.text
    assert not resume.work.path.parent.exists()
    assert run.history == []
    train(run, resume, 5)
    assert_same(state(run.model), state(train(new_run(HEAVY), unused, 5).model))


@pytest.mark.usefixtures("always")
def test_resume_file_of_other_settings_is_not_used(tmp_path: Path) -> None:
    path = killed_after(tmp_path, HEAVY, MLP, 2).work.path
    run = new_run(HEAVY, weights=3)
    before = state(run.model)
    assert not run.restore(ResumeFile(path, "another digest"))
    assert_same(state(run.model), before)
    assert run.history == []
    assert not run.optimizer.state()
    assert not path.parent.exists()


def test_run_is_epochs_over_shuffled_indices(unused: ResumeFile) -> None:
    run, reference = new_run(HEAVY), new_run(HEAVY)
    orders = []

    def epoch(_number: int) -> None:
        orders.append(state(run.model))

    train(run, unused, 3, on_epoch=epoch)
    for number in (1, 2, 3):
        generator = torch.Generator().manual_seed(derive_seed(SEED, "tests/order", number))
        shuffle = torch.randperm(48, generator=generator)
        sums = train_epoch(reference.step, torch.arange(5, 53)[shuffle], batch_size=16)
        assert_same(orders[number - 1], state(reference.model))
        record = run.history[number - 1]
        assert (record.epoch, record.loss, record.accuracy, record.penalty) == (number, sums.loss, sums.accuracy, None)


def test_purpose_and_nothing_else_decides_the_order(unused: ResumeFile) -> None:
    torch.manual_seed(0)
    one = train(new_run(PLAIN), unused, 2)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    same = train(new_run(PLAIN), unused, 2)
    other = train(new_run(PLAIN, purpose="tests/another"), unused, 2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same(state(one.model), state(same.model))
    assert not torch.equal(one.model.head.weight, other.model.head.weight)


def test_longer_run_extends_a_shorter_one(unused: ResumeFile) -> None:
    longer, seen = new_run(HEAVY), {}

    def keep(epoch: int) -> None:
        seen[epoch] = state(longer.model)

    train(longer, unused, 4, on_epoch=keep)
    shorter = train(new_run(HEAVY), unused, 2)
    assert sorted(seen) == [1, 2, 3, 4]
    assert_same(seen[2], state(shorter.model))
    assert longer.history[:2] == shorter.history


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("penalty", [{"name": "none"}, {"name": "nc1", "weight": -0.05, "cap": 200}])
def test_divergence_stops_the_run_and_is_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, penalty: dict[str, Any]
) -> None:
    resume = ResumeFile(tmp_path / "unfinished" / "state.safetensors", "digest")
    settings = {**PLAIN, "learning_rate": 1e20, "penalty": penalty}
    epochs: list[int] = []
    with caplog.at_level(logging.WARNING, "plasticity"):
        run = train(new_run(settings), resume, 9, on_epoch=epochs.append)
    assert run.diverged
    assert not math.isfinite(run.history[-1].loss)
    assert epochs == list(range(1, len(run.history) + 1))
    assert len(epochs) < 9
    assert "diverged" in caplog.text
    assert run.finished(Schedule(9))
    again = new_run(settings)
    assert again.restore(resume)
    assert again.diverged
    assert math.isnan(again.history[-1].loss)
    train(again, resume, 9, on_epoch=pytest.fail)


def test_stop_accuracy_ends_the_run(unused: ResumeFile) -> None:
    full = train(new_run(HEAVY), unused, 12)
    reached = [record.accuracy for record in full.history]
    goal = max(reached[:-1])
    first = reached.index(goal) + 1
    assert first < 12
    stopped = train(new_run(HEAVY), unused, 12, stop=goal)
    assert stopped.history == full.history[:first]
    assert stopped.converged(Schedule(12, goal))
    assert not stopped.converged(Schedule(12, None))
    assert not full.converged(Schedule(12, 1.01))
    assert full.finished(Schedule(12, 1.01))


def test_run_of_no_epochs_leaves_the_network(unused: ResumeFile) -> None:
    run = new_run(PLAIN)
    before = copy.deepcopy(state(run.model))
    train(run, unused, 0, stop=0.0)
    assert run.history == []
    assert_same(before, state(run.model))
