from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plasticity.config.component import Chosen
from plasticity.config.slices import InterveneSettings
from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.stages.draw_split import read_split
from plasticity.stages.intervene import InterveneFiles, intervene
from plasticity.storage.checkpoints import Checkpoint, read_checkpoint, trajectory_name
from plasticity.training.fresh_network import fresh_state
from small_problems import is_buffer
from tiny_study import MLP, RESNET, SEED, TinyStudy

STEM = ("body.0.weight", "body.1.running_mean", "body.1.running_var")


@pytest.fixture(scope="session")
def fresh(tiny: TinyStudy) -> dict[str, np.ndarray]:
    return dict(fresh_state(open_store(tiny.data), Chosen(**RESNET), SEED).weights)


def _settings(batch_norm: str, **changed: Any) -> InterveneSettings:
    intervention = {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01, "batch_norm": batch_norm, **changed}
    return InterveneSettings.of({"arm": "shrink_perturb", "model": RESNET, "intervention": intervention})


@pytest.fixture
def run(tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path):
    def once(settings: InterveneSettings, name: str = "after") -> Checkpoint:
        sources: dict[tuple[int, int], Path] = {(SEED, 2): resnet_trajectory / trajectory_name(2)}
        outputs: dict[tuple[int, int], Path] = {(SEED, 2): tmp_path / name}
        intervene(InterveneFiles(sources, outputs, tiny.data, {SEED: tiny.split}), settings=settings, threads=1)
        return read_checkpoint(tmp_path / name)

    return once


@pytest.mark.parametrize("batch_norm", ["keep", "fresh", "recalibrate"])
def test_parameters_follow_the_formula(run, resnet_trajectory: Path, fresh: dict, batch_norm: str) -> None:
    before = read_checkpoint(resnet_trajectory / trajectory_name(2)).weights
    after = run(_settings(batch_norm)).weights
    assert set(after) == set(before)
    for name, value in before.items():
        assert after[name].dtype == value.dtype
        if not is_buffer(name):
            np.testing.assert_allclose(after[name], 0.6 * value + 0.01 * fresh[name], rtol=1e-6, atol=1e-8)


def test_statistics_are_kept_or_fresh_as_asked(run, resnet_trajectory: Path, fresh: dict) -> None:
    kept = read_checkpoint(resnet_trajectory / trajectory_name(2)).weights
    for batch_norm, expected in (("keep", kept), ("fresh", fresh)):
        after = run(_settings(batch_norm), batch_norm).weights
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
    run, tiny: TinyStudy, resnet_trajectory: Path, tmp_path: Path, batch_norm: str
) -> None:
    starts = [(8, 2), (SEED, 0), (SEED, 2)]
    sources = {(seed, epoch): resnet_trajectory / trajectory_name(epoch) for seed, epoch in starts}
    outputs = {(seed, epoch): tmp_path / f"seed{seed}_epoch{epoch}" for seed, epoch in starts}
    files = InterveneFiles(sources, outputs, tiny.data, dict.fromkeys((SEED, 8), tiny.split))
    intervene(files, settings=_settings(batch_norm), threads=1)
    found = {start: read_checkpoint(output) for start, output in outputs.items()}
    assert {start: each.settings["warm_up_epoch"] for start, each in found.items()} == {s: s[1] for s in starts}
    assert found[SEED, 2].digest == run(_settings(batch_norm), "alone").digest
    assert len({each.digest for each in found.values()}) == len(starts)  # seed 8 has another fresh network


def test_the_header_tells_training_and_intervention(run) -> None:
    settings = _settings("fresh")
    header = run(settings).settings
    assert header["stage"] == "intervene"
    assert header["intervention"] == settings.intervention.model_dump()
    assert (header["arm"], header["warm_up"], header["warm_up_epoch"], header["seed"]) == (
        *("shrink_perturb", "plain", 2, SEED),
    )


def test_an_unknown_intervention_is_one_line(run) -> None:
    settings = _settings("keep").overridden({"intervention": {"name": "reset"}})
    with pytest.raises(PlasticityError, match=r"^intervention\.name: expected one of .*shrink_perturb.*, got 'reset'"):
        run(settings)


@pytest.mark.parametrize("batch_norm", ["keep", "recalibrate"])
def test_a_checkpoint_of_another_network_is_one_line(run, batch_norm: str) -> None:
    with pytest.raises(PlasticityError, match="checkpoint does not fit the model"):
        run(_settings(batch_norm).overridden({"model": MLP}))
