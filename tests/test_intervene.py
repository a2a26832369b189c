import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plasticity.checkpoints import Checkpoint, read_checkpoint, trajectory_name
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.fresh import draw_fresh_network
from plasticity.intervene import InterveneFiles, intervene
from plasticity.interventions import is_buffer
from plasticity.split import read_split
from tiny_study import MLP, RESNET, SEED, TinyStudy

STEM = ("body.0.weight", "body.1.running_mean", "body.1.running_var")


@pytest.fixture(scope="session")
def fresh(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fresh") / "seed7.safetensors"
    draw_fresh_network(tiny.data, path, settings={"model": RESNET}, seed=SEED)
    return path


def _settings(batch_norm: str, **changed: Any) -> dict[str, Any]:
    intervention = {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01, "batch_norm": batch_norm, **changed}
    return {"arm": "shrink_perturb", "model": RESNET, "intervention": intervention}


@pytest.fixture
def run(tiny: TinyStudy, resnet_trajectory: Path, fresh: Path, tmp_path: Path):
    def once(settings: dict[str, Any], name: str = "after") -> Checkpoint:
        source = resnet_trajectory / trajectory_name(2)
        files = InterveneFiles([(source, tmp_path / name)], fresh, tiny.data, tiny.split)
        intervene(files, settings=settings, threads=1)
        return read_checkpoint(tmp_path / name)

    return once


@pytest.mark.parametrize("batch_norm", ["keep", "fresh", "recalibrate"])
def test_parameters_follow_the_formula(run, resnet_trajectory: Path, fresh: Path, batch_norm: str) -> None:
    before, noise = read_checkpoint(resnet_trajectory / trajectory_name(2)).weights, read_checkpoint(fresh).weights
    after = run(_settings(batch_norm)).weights
    assert set(after) == set(before)
    for name, value in before.items():
        assert after[name].dtype == value.dtype
        if not is_buffer(name):
            np.testing.assert_allclose(after[name], 0.6 * value + 0.01 * noise[name], rtol=1e-6, atol=1e-8)


def test_statistics_are_kept_or_fresh_as_asked(run, resnet_trajectory: Path, fresh: Path) -> None:
    for batch_norm, source in (("keep", resnet_trajectory / trajectory_name(2)), ("fresh", fresh)):
        after, expected = run(_settings(batch_norm), batch_norm).weights, read_checkpoint(source).weights
        for name in filter(is_buffer, expected):
            np.testing.assert_array_equal(after[name], expected[name])


def test_recalibrated_statistics_are_those_of_the_warm_up_half_under_the_new_weights(run, tiny: TinyStudy) -> None:
    after = run(_settings("recalibrate")).weights
    store = open_store(tiny.data)
    rows = read_split(tiny.split, store).warm_up_indices
    pixels = torch.from_numpy(np.array(store.train_images[rows])).permute(0, 3, 1, 2).float() / 255
    images = (pixels - torch.tensor(store.mean).view(-1, 1, 1)) / torch.tensor(store.std).view(-1, 1, 1)
    weight, mean, variance = (torch.from_numpy(after[name]) for name in STEM)
    out = torch.nn.functional.conv2d(images.double(), weight.double(), padding=1)
    torch.testing.assert_close(mean.double(), out.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(variance.double(), out.var((0, 2, 3)), rtol=1e-4, atol=1e-6)


def test_the_three_choices_differ_in_their_statistics_alone(run) -> None:
    found = {choice: run(_settings(choice), choice) for choice in ("keep", "fresh", "recalibrate")}
    assert len({checkpoint.digest for checkpoint in found.values()}) == 3
    parameters = [{n: v.tobytes() for n, v in c.weights.items() if not is_buffer(n)} for c in found.values()]
    assert parameters[0] == parameters[1] == parameters[2]


def test_nothing_shrunk_and_nothing_added_is_the_checkpoint_itself(run, resnet_trajectory: Path) -> None:
    after = run(_settings("keep", shrink=1.0, perturb=0.0))
    assert after.digest == read_checkpoint(resnet_trajectory / trajectory_name(2)).digest


def test_the_same_intervention_gives_the_same_bits(run) -> None:
    assert run(_settings("recalibrate"), "one").digest == run(_settings("recalibrate"), "two").digest


@pytest.mark.parametrize("batch_norm", ["keep", "recalibrate"])
def test_checkpoints_of_one_job_do_not_depend_on_each_other(
    run, tiny: TinyStudy, resnet_trajectory: Path, fresh: Path, tmp_path: Path, batch_norm: str
) -> None:
    epochs = (2, 0)
    pairs = [(resnet_trajectory / trajectory_name(epoch), tmp_path / f"epoch{epoch}") for epoch in epochs]
    intervene(InterveneFiles(pairs[::-1], fresh, tiny.data, tiny.split), settings=_settings(batch_norm), threads=1)
    found = [read_checkpoint(output) for _, output in pairs]
    assert [checkpoint.settings["warm_up_epoch"] for checkpoint in found] == list(epochs)
    assert found[0].digest == run(_settings(batch_norm), "alone").digest
    assert len({checkpoint.digest for checkpoint in found}) == len(epochs)


def test_the_header_tells_training_and_intervention(run) -> None:
    settings = _settings("fresh")
    header = run(settings).settings
    assert header["stage"] == "intervene"
    assert header["intervention"] == settings["intervention"]
    assert (header["arm"], header["warm_up"], header["warm_up_epoch"], header["seed"]) == (
        *("shrink_perturb", "plain", 2, SEED),
    )


def test_an_unknown_intervention_is_one_line(run) -> None:
    settings = {**_settings("keep"), "intervention": {"name": "reset"}}
    with pytest.raises(
        PlasticityError, match=r"^intervention\.name: expected one of \['shrink_perturb'\], got 'reset'$"
    ):
        run(settings)


def test_a_damaged_fresh_network_is_named(run, tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path) -> None:
    (tmp_path / "fresh").write_bytes(b"short")
    source = resnet_trajectory / trajectory_name(2)
    files = InterveneFiles([(source, tmp_path / "after")], tmp_path / "fresh", tiny.data, tiny.split)
    with pytest.raises(PlasticityError, match="fresh: expected a checkpoint, got a damaged file"):
        intervene(files, settings=_settings("keep"), threads=1)


def test_recalibrating_another_network_is_one_line(run) -> None:
    with pytest.raises(PlasticityError, match="checkpoint does not fit the model"):
        run({**_settings("recalibrate"), "model": MLP})


def test_the_stage_starts_without_torch() -> None:
    code = "import sys, plasticity.intervene; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
