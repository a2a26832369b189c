import shutil
from pathlib import Path

import numpy as np
import pytest

from plasticity.errors import PlasticityError
from plasticity.stages.export import export_checkpoint, export_checkpoints
from plasticity.storage.checkpoints import read_checkpoint, trajectory_name, write_checkpoint
from tiny_study import SEED, TinyStudy

STUDY = {"study": "warm_start", "dataset": "digits"}


def test_the_checkpoint_is_the_trajectorys_bit_for_bit(resnet_trajectory: Path, tmp_path: Path) -> None:
    output = tmp_path / "seed7" / "epoch0002.safetensors"
    export_checkpoint(resnet_trajectory, 2, output, study=STUDY)
    source, found = read_checkpoint(resnet_trajectory / trajectory_name(2)), read_checkpoint(output)
    assert found.digest == source.digest
    assert set(found.weights) == set(source.weights)
    for name, value in source.weights.items():
        assert found.weights[name].dtype == value.dtype
        np.testing.assert_array_equal(found.weights[name], value)


def test_the_header_has_the_training_and_the_study_but_not_the_other_checkpoints(
    trajectory: Path, tmp_path: Path
) -> None:
    export_checkpoint(trajectory, 1, tmp_path / "checkpoint", study=STUDY)
    source = read_checkpoint(trajectory / trajectory_name(1)).settings
    found = read_checkpoint(tmp_path / "checkpoint").settings
    assert found == {**{key: value for key, value in source.items() if key != "epochs"}, **STUDY}
    assert found["warm_up_epoch"] == 1


def test_several_seeds_and_epochs_are_each_their_own_checkpoint(tiny: TinyStudy, tmp_path: Path) -> None:
    trajectory = tiny.warm_up(tmp_path, seeds=(8, SEED)).trajectory
    outputs = {(seed, epoch): tmp_path / f"seed{seed}_epoch{epoch}" for seed in (SEED, 8) for epoch in (0, 2)}
    export_checkpoints(trajectory, outputs, study=STUDY)
    for (seed, epoch), output in outputs.items():
        source, found = read_checkpoint(trajectory / f"seed{seed}" / trajectory_name(epoch)), read_checkpoint(output)
        assert found.digest == source.digest
        assert (found.settings["seed"], found.settings["warm_up_epoch"]) == (seed, epoch)


def test_more_checkpoints_in_a_trajectory_do_not_change_the_ones_it_had(trajectory: Path, tmp_path: Path) -> None:
    export_checkpoint(trajectory, 1, tmp_path / "one", study=STUDY)
    longer = tmp_path / "longer"
    shutil.copytree(trajectory, longer)
    source = read_checkpoint(longer / trajectory_name(1))
    write_checkpoint(longer / trajectory_name(1), source.weights, {**source.settings, "epochs": [0, 1, 2, 3, 4]})
    export_checkpoint(longer, 1, tmp_path / "two", study=STUDY)
    one, two = read_checkpoint(tmp_path / "one"), read_checkpoint(tmp_path / "two")
    assert (one.digest, one.settings) == (two.digest, two.settings)


def test_a_missing_a_damaged_and_a_wrong_source_are_refused(trajectory: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with pytest.raises(PlasticityError, match=r"epoch0099\.safetensors: expected a checkpoint, got no file"):
        export_checkpoint(trajectory, 99, output, study=STUDY)
    damaged = bytearray((trajectory / trajectory_name(1)).read_bytes())
    damaged[-1] ^= 1
    (tmp_path / trajectory_name(1)).write_bytes(damaged)
    with pytest.raises(PlasticityError, match=r"epoch0001\.safetensors: damaged checkpoint"):
        export_checkpoint(tmp_path, 1, output, study=STUDY)
    write_checkpoint(tmp_path / trajectory_name(2), {"w": np.zeros(2)}, {"stage": "fresh"})
    with pytest.raises(
        PlasticityError, match=r"epoch0002\.safetensors: expected a checkpoint of a warm-up, got 'fresh'"
    ):
        export_checkpoint(tmp_path, 2, output, study=STUDY)
    assert not output.exists()
