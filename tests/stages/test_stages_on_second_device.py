"""The stages that compute, run on a device that is not the CPU: their tables are the CPU's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.config.slices import InterveneSettings
from plasticity.stages.intervene import InterveneFiles, intervene
from plasticity.storage.checkpoints import read_checkpoint, trajectory_name
from plasticity.storage.tables import read_table
from second_device import DEVICE, SecondDevice, needs_second_device, second_device
from tiny_permuted import Trained, arm, first_settings, following_settings, train_first
from tiny_study import FOLDER, MLP, RESNET, SEED, TinyStudy, checkpoints_of, warm_up_settings
from tiny_train_test import go_on, measure, train

pytestmark = needs_second_device
RECALIBRATED = {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01, "batch_norm": "recalibrate"}


def on_both(monkeypatch: pytest.MonkeyPatch, work: Callable[[str], None]) -> SecondDevice:
    """Do the work for "cpu" and, on the second device, for "second"; return the device."""
    work("cpu")
    monkeypatch.setattr("plasticity.jobs.device._choose_device", lambda: DEVICE)
    with second_device() as machine:
        work("second")
    return machine


def same(folder: Path, table: str, schema: str) -> pd.DataFrame:
    """Return the CPU's table, after a look at whether the other is near it."""
    one, other = (read_table(folder / name / table, schema) for name in ("cpu", "second"))
    pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-6)
    return one


def test_warm_starting(tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(name: str) -> None:
        files = tiny.warm_up(tmp_path / name, warm_up_settings(penalty={"name": "nc1", "weight": 0.01}))
        checkpoints = checkpoints_of(files.trajectory / FOLDER, 0, 3)
        tiny.measure(tmp_path / name / "collapse.parquet", checkpoints)
        tiny.fine_tune(tmp_path / name, checkpoints)

    machine = on_both(monkeypatch, work)
    assert machine.waits.count("tolist") == 3 + 2 * 3  # once per epoch
    assert len(same(tmp_path, "collapse.parquet", "collapse")) == 2
    assert same(tmp_path, "job.parquet", "fine_tune")["fine_tune_epochs"].tolist() == [3, 3]


def test_recalibration(
    tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(name: str) -> None:
        sources = {(SEED, 2): resnet_trajectory / trajectory_name(2)}
        files = InterveneFiles(sources, {(SEED, 2): tmp_path / name}, tiny.data, {SEED: tiny.split})
        settings = InterveneSettings.of({"arm": "shrink_perturb", "model": RESNET, "intervention": RECALIBRATED})
        intervene(files, settings=settings, threads=1)

    assert on_both(monkeypatch, work).waits
    one, other = (read_checkpoint(tmp_path / name).weights for name in ("cpu", "second"))
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, rtol=1e-3, atol=1e-5)


LYLE = {"name": "convnet_lyle", "channels": [3, 4], "hidden": [16]}
BY_ADAM = {"optimizer": {"name": "adam"}, "learning_rate": 0.01, "hooks": [{"name": "redo", "every": 4}]}


@pytest.mark.parametrize(("model", "method"), [(MLP, {}), (LYLE, BY_ADAM)], ids=["stacked tensors", "networks"])
def test_permuted_images(
    tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], method: dict[str, Any]
) -> None:
    shared, method = {"model": model}, {"batch_size": 8, **method}

    def work(name: str) -> None:
        done = train_first(tiny.data, tmp_path / name, first_settings(epochs=(1,), shared=shared, **method))
        experiment = following_settings(arm("continual", tasks=2, following=method), shared=shared)
        Trained(tiny.data, {"plain": done}).follow(tmp_path / name / "table.parquet", experiment)

    assert on_both(monkeypatch, work).waits
    assert len(same(tmp_path, "table.parquet", "following_tasks")) == 2 * 2


@pytest.mark.slow
def test_train_and_test_collapse(tiny: TinyStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(name: str) -> None:
        files = train(tiny.data, tmp_path / name)
        measure(tiny.data, files.trajectory, tmp_path / name / "variances.parquet")
        go_on(tiny.data, files.trajectory, tmp_path / name)

    assert on_both(monkeypatch, work).waits
    assert len(same(tmp_path, "variances.parquet", "variances")) == 2 * 4 * 2
    assert len(same(tmp_path, "rate.parquet", "next_task")) == 2 * 4
