from pathlib import Path

import numpy as np
import pytest

from plasticity.checkpoints import Checkpoint, read_checkpoint, trajectory_name
from plasticity.errors import PlasticityError
from plasticity.fresh import draw_fresh_network
from tiny_study import MLP, RESNET, SEED, TinyStudy


def _fresh(tiny: TinyStudy, output: Path, *, seed: int = SEED, model: dict = RESNET) -> Checkpoint:
    draw_fresh_network(tiny.data, output, settings={"model": model}, seed=seed)
    return read_checkpoint(output)


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_it_is_not_the_seeds_initial_network(
    tiny: TinyStudy, trajectory: Path, resnet_trajectory: Path, tmp_path: Path, model: dict
) -> None:
    initial = read_checkpoint((trajectory if model is MLP else resnet_trajectory) / trajectory_name(0))
    found = _fresh(tiny, tmp_path / "fresh", model=model)
    assert {n: v.shape for n, v in found.weights.items()} == {n: v.shape for n, v in initial.weights.items()}
    drawn = [name for name, value in found.weights.items() if value.ndim > 1]
    assert len(drawn) > 1
    assert not any(np.array_equal(found.weights[name], initial.weights[name]) for name in drawn)


def test_a_seed_has_one_and_another_seed_another(tiny: TinyStudy, tmp_path: Path) -> None:
    one, again = _fresh(tiny, tmp_path / "one"), _fresh(tiny, tmp_path / "again")
    assert one.digest == again.digest != _fresh(tiny, tmp_path / "other", seed=SEED + 1).digest


def test_its_batch_norm_has_seen_nothing(tiny: TinyStudy, tmp_path: Path) -> None:
    weights = _fresh(tiny, tmp_path / "fresh").weights
    means = [value for name, value in weights.items() if name.endswith("running_mean")]
    variances = [value for name, value in weights.items() if name.endswith("running_var")]
    assert len(means) == len(variances) > 10
    assert all((value == 0).all() for value in means)
    assert all((value == 1).all() for value in variances)


def test_its_header_says_what_it_is(tiny: TinyStudy, tmp_path: Path) -> None:
    assert _fresh(tiny, tmp_path / "fresh").settings == {"model": RESNET, "stage": "fresh", "seed": SEED}


def test_an_unknown_network_is_refused(tiny: TinyStudy, tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match=r"model\.name: expected one of .* got 'resnet19'"):
        _fresh(tiny, tmp_path / "fresh", model={"name": "resnet19"})
