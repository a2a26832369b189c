from pathlib import Path

import numpy as np
import pytest

from plasticity.data.store import open_store
from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import digest_of_weights, read_checkpoint, trajectory_name
from plasticity.training.fresh_network import fresh_state
from tiny_study import MLP, RESNET, SEED, TinyStudy
from typed import chosen


def _fresh(tiny: TinyStudy, *, seed: int = SEED, model: dict = RESNET) -> dict[str, np.ndarray]:
    return dict(fresh_state(open_store(tiny.data), chosen(model), seed).weights)


@pytest.mark.parametrize("model", [MLP, RESNET], ids=["mlp", "resnet"])
def test_it_is_not_the_seeds_initial_network(
    tiny: TinyStudy, trajectory: Path, resnet_trajectory: Path, model: dict
) -> None:
    initial = read_checkpoint((trajectory if model is MLP else resnet_trajectory) / trajectory_name(0)).weights
    found = _fresh(tiny, model=model)
    assert {n: v.shape for n, v in found.items()} == {n: v.shape for n, v in initial.items()}
    drawn = [name for name, value in found.items() if value.ndim > 1]
    assert len(drawn) > 1
    assert not any(np.array_equal(found[name], initial[name]) for name in drawn)


def test_a_seed_has_one_and_another_seed_another(tiny: TinyStudy) -> None:
    one, again, other = _fresh(tiny), _fresh(tiny), _fresh(tiny, seed=SEED + 1)
    assert digest_of_weights(one) == digest_of_weights(again) != digest_of_weights(other)


def test_its_batch_norm_has_seen_nothing(tiny: TinyStudy) -> None:
    weights = _fresh(tiny)
    means = [value for name, value in weights.items() if name.endswith("running_mean")]
    variances = [value for name, value in weights.items() if name.endswith("running_var")]
    assert len(means) == len(variances) > 10
    assert all((value == 0).all() for value in means)
    assert all((value == 1).all() for value in variances)


def test_an_unknown_network_is_refused(tiny: TinyStudy) -> None:
    with pytest.raises(PlasticityError, match=r"model\.name: expected one of .* got 'resnet19'"):
        _fresh(tiny, model={"name": "resnet19"})
