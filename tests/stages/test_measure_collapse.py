import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from plasticity.data.image_tensors import test_tensors as tensors_of_test
from plasticity.data.image_tensors import train_tensors
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.metrics.measure_network import nc1_in_train_mode, network_metrics
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.stages.draw_split import read_split
from plasticity.storage.checkpoints import read_checkpoint, write_checkpoint
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_table
from plasticity.storage.weights import load_weights
from plasticity.training.epoch import accuracy
from tiny_study import FOLDER, MLP, RESNET, SEED, TinyStudy, checkpoints_of, measure_settings, warm_up_settings
from typed import chosen

KEYS = {"arm", "seed", "warm_up_epoch", "diverged"}
NUMBERS = [column.name for column in SCHEMAS["collapse"] if column.name not in KEYS]


def _row(table: Path, epoch: int) -> dict[str, Any]:
    frame = read_table(table, "collapse")
    return frame.loc[frame["warm_up_epoch"] == epoch].to_dict("records")[0]


def _directly(tiny: TinyStudy, path: Path, model: dict[str, Any]) -> dict[str, float]:
    """The same numbers without the stage: a network of its own, all images in the order of the file."""
    store, cpu = open_store(tiny.data), torch.device("cpu")
    split = read_split(tiny.split, store)
    half, full = (torch.from_numpy(np.array(rows)) for rows in (split.warm_up_indices, split.full_indices))
    network = build_model(chosen(model), store.image_shape, store.num_classes, torch_generator(0, "tests"))
    load_weights(network, read_checkpoint(path).weights)
    images = train_tensors(store, cpu)
    found = dict(network_metrics(network, images, half, probe_images=50))
    order = half[torch.randperm(len(half), generator=torch_generator(SEED, "measure/train_mode"))]
    found["nc1_train_mode"] = nc1_in_train_mode(network, images, order, batch_size=32)
    found["warm_up_test_accuracy"] = accuracy(network, tensors_of_test(store, cpu, 60))
    found["full_train_accuracy_before"] = accuracy(network, images, full)
    return found


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_a_row_is_what_the_metrics_say(
    tiny: TinyStudy, trajectory: Path, resnet_trajectory: Path, tmp_path: Path, model: dict[str, Any]
) -> None:
    checkpoints = checkpoints_of(trajectory if model is MLP else resnet_trajectory, 0, 2)
    table = tiny.measure(tmp_path / "table", checkpoints, measure_settings(model=model))
    for epoch, path in checkpoints.items():
        row, expected = _row(table, epoch), _directly(tiny, path, model)
        assert set(expected) == set(NUMBERS)
        assert {name: row[name] for name in NUMBERS} == pytest.approx(expected, rel=1e-5, abs=1e-9)
        assert (row["arm"], row["seed"], row["diverged"]) == ("plain", SEED, False)
    assert read_table(table, "collapse")["warm_up_epoch"].tolist() == [0, 2]


def test_a_checkpoint_measures_the_same_alone_and_among_others(
    tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path
) -> None:
    settings = measure_settings(model=RESNET)
    both = tiny.measure(tmp_path / "both", checkpoints_of(resnet_trajectory, 0, 2), settings)
    alone = tiny.measure(tmp_path / "alone", checkpoints_of(resnet_trajectory, 2), settings)
    assert _row(both, 2) == _row(alone, 2)


def test_two_seeds_of_one_job_measure_as_each_alone(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    starts, seeds = checkpoints_of(trajectory, 1, 3), (8, SEED)
    both = read_table(tiny.measure(tmp_path / "both", starts, seeds=seeds), "collapse")
    alone = [tiny.measure(tmp_path / str(seed), starts, seeds=[seed]) for seed in seeds]
    pd.testing.assert_frame_equal(both, pd.concat([read_table(path, "collapse") for path in alone], ignore_index=True))
    first, second = (both.loc[both["seed"] == seed, "nc1_train_mode"].to_numpy() for seed in seeds)
    assert not np.array_equal(first, second), "each seed draws its own batches"


def test_training_tells_in_the_measures(tiny: TinyStudy, trajectory: Path, tmp_path: Path) -> None:
    table = tiny.measure(tmp_path / "table", checkpoints_of(trajectory, 0, 3))
    before, after = _row(table, 0), _row(table, 3)
    assert after["warm_up_train_accuracy"] > before["warm_up_train_accuracy"] + 0.3
    assert after["nc4"] > before["nc4"]


def test_nc1_in_train_mode_is_measured_only_when_asked_for(
    tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path
) -> None:
    checkpoints = checkpoints_of(resnet_trajectory, 2)
    asked = _row(tiny.measure(tmp_path / "a", checkpoints, measure_settings(model=RESNET)), 2)
    table = tiny.measure(tmp_path / "b", checkpoints, measure_settings(model=RESNET, train_mode_nc1=False))
    spared = _row(table, 2)
    assert asked["nc1_train_mode"] != asked["nc1"]
    assert math.isnan(spared.pop("nc1_train_mode"))
    assert spared == {name: value for name, value in asked.items() if name != "nc1_train_mode"}


def test_the_size_of_the_test_set_changes_the_test_accuracy_alone(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path
) -> None:
    checkpoints = checkpoints_of(trajectory, 3)
    few, many = (
        _row(tiny.measure(tmp_path / str(size), checkpoints, measure_settings(test_size=size)), 3) for size in (7, None)
    )
    assert {name for name, value in few.items() if value != many[name]} == {"warm_up_test_accuracy"}
    assert few["warm_up_test_accuracy"] * 7 == pytest.approx(round(few["warm_up_test_accuracy"] * 7))


def _is_missing(row: dict[str, Any]) -> bool:
    return row["diverged"] and all(pd.isna(row[name]) for name in NUMBERS)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_leave_a_row_that_says_so(
    tiny: TinyStudy, trajectory: Path, tmp_path: Path, value: float
) -> None:
    checkpoints = checkpoints_of(trajectory, 1, 2)
    weights = read_checkpoint(checkpoints[2]).weights
    weights["head.bias"][3] = value
    checkpoints[2] = tmp_path / "broken"
    write_checkpoint(checkpoints[2], weights, {})
    table = tiny.measure(tmp_path / "table", checkpoints)
    assert _is_missing(_row(table, 2))
    assert _row(table, 1)["diverged"] is False
    assert not any(pd.isna(_row(table, 1)[name]) for name in NUMBERS)


def test_features_that_overflow_under_finite_weights_leave_a_row_that_says_so(
    tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path
) -> None:
    weights = read_checkpoint(checkpoints_of(resnet_trajectory, 2)[2]).weights
    large = {n: v if "running" in n or v.ndim == 0 else v * np.float32(1e18) for n, v in weights.items()}
    assert all(np.isfinite(value).all() for value in large.values())
    write_checkpoint(tmp_path / "large", large, {})
    assert _is_missing(_row(tiny.measure(tmp_path / "t", {2: tmp_path / "large"}, measure_settings(model=RESNET)), 2))


def test_a_diverged_warm_up_is_measured_to_its_end(tiny: TinyStudy, tmp_path: Path) -> None:
    files = tiny.warm_up(tmp_path, warm_up_settings(model=RESNET, learning_rate=1e6))
    checkpoints = checkpoints_of(files.trajectory / FOLDER, 0, 1, 2, 3)
    frame = read_table(tiny.measure(tmp_path / "table", checkpoints, measure_settings(model=RESNET)), "collapse")
    assert frame["diverged"].tolist() == [False, True, True, True]
    assert frame["nc1"].isna().tolist() == [False, True, True, True]


def test_a_checkpoint_of_another_network_is_one_line(tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match="checkpoint does not fit the model") as error:
        tiny.measure(tmp_path / "table", checkpoints_of(resnet_trajectory, 0))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "table").exists()
