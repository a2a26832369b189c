from pathlib import Path

import pytest
import torch

from plasticity.models.classifier import Classifier
from plasticity.training.bound_optimiser import BoundOptimiser, bind_optimiser
from plasticity.training.epoch import train_epoch
from plasticity.training.resume import ResumeFile
from plasticity.training.step import TrainingStep
from small_problems import MLP, RESNET, assert_same, image_tensors, network, state
from typed import optimisation

STATE = {"history": [{"epoch": 1, "loss": 0.5, "penalty": None}], "diverged": False}


def trained(settings: dict, momentum: float) -> tuple[Classifier, BoundOptimiser]:
    model = network(settings).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = bind_optimiser(model, optimisation({"learning_rate": 0.05, "momentum": momentum, "weight_decay": 0.0}))
    step = TrainingStep(model, optimizer, image_tensors(32))
    train_epoch(step, torch.arange(32), batch_size=16)
    return model, optimizer


@pytest.fixture
def resume(tmp_path: Path) -> ResumeFile:
    return ResumeFile(tmp_path / "unfinished" / "state.safetensors", "digest")


@pytest.mark.parametrize("settings", [MLP, RESNET], ids=["mlp", "resnet"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_everything_comes_back(resume: ResumeFile, settings: dict, momentum: float) -> None:
    model, optimizer = trained(settings, momentum)
    resume.save(model, {"optimizer": optimizer}, STATE)
    other = network(settings, seed=5)
    fresh = bind_optimiser(other, optimisation({"learning_rate": 0.05, "momentum": momentum, "weight_decay": 0.0}))
    assert ResumeFile(resume.work.path, "digest").load(other, {"optimizer": fresh}) == STATE
    assert_same(state(other), state(model))
    assert len(optimizer.state()) == (len(list(model.parameters())) if momentum else 0)
    assert_same(fresh.state(), optimizer.state())


def test_nothing_to_load(resume: ResumeFile) -> None:
    model, optimizer = trained(MLP, 0.9)
    before = state(model)
    assert resume.load(model, {"optimizer": optimizer}) is None
    assert_same(state(model), before)


def test_save_replaces_the_file_and_leaves_no_other(resume: ResumeFile) -> None:
    model, optimizer = trained(MLP, 0.9)
    resume.save(model, {"optimizer": optimizer}, STATE)
    resume.save(model, {"optimizer": optimizer}, {**STATE, "diverged": True})
    assert [path.name for path in resume.work.path.parent.iterdir()] == ["state.safetensors"]
    loaded = resume.load(model, {"optimizer": optimizer})
    assert loaded is not None
    assert loaded["diverged"] is True
