import json
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import save_file

from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import (
    all_finite,
    digest_of_weights,
    read_checkpoint,
    trajectory_name,
    write_checkpoint,
)

WEIGHTS = {
    "head.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "norm.num_batches_tracked": np.array(41, dtype=np.int64),
    "norm.running_var": np.full(4, 0.1, dtype=np.float32),
}
SETTINGS = {"stage": "warm_up", "seed": 7, "warm_up_epoch": 8, "model": {"name": "mlp", "hidden": [16]}}

_ARRAYS = npst.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8]), npst.array_shapes(min_dims=0, max_dims=3, max_side=3)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "epoch0008.safetensors"
    write_checkpoint(file, WEIGHTS, SETTINGS)
    return file


def _refused(path: Path) -> str:
    with pytest.raises(PlasticityError) as error:
        read_checkpoint(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_names_of_a_trajectory_sort_by_epoch() -> None:
    assert trajectory_name(8) == "epoch0008.safetensors"
    assert sorted(map(trajectory_name, (350, 5, 40))) == [trajectory_name(epoch) for epoch in (5, 40, 350)]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=6), _ARRAYS, min_size=1, max_size=4))
def test_weights_come_back_bit_for_bit(weights: dict[str, Any]) -> None:
    weights.pop("__metadata__", None)
    with tempfile.TemporaryDirectory() as folder:
        digest = write_checkpoint(Path(folder) / "c", weights, SETTINGS)
        found = read_checkpoint(Path(folder) / "c")
    assert found.digest == digest == digest_of_weights(weights)
    assert found.settings == SETTINGS
    assert set(found.weights) == set(weights)
    for name, value in weights.items():
        assert found.weights[name].dtype == value.dtype
        assert found.weights[name].shape == value.shape
        assert found.weights[name].tobytes() == value.tobytes()


def test_a_scalar_stays_a_scalar_and_memory_layout_does_not_matter(tmp_path: Path, path: Path) -> None:
    assert read_checkpoint(path).weights["norm.num_batches_tracked"].shape == ()
    transposed = {**WEIGHTS, "head.weight": np.asfortranarray(WEIGHTS["head.weight"])}
    write_checkpoint(tmp_path / "fortran", transposed, SETTINGS)
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "fortran").weights["head.weight"], WEIGHTS["head.weight"])
    assert read_checkpoint(tmp_path / "fortran").digest == read_checkpoint(path).digest


def test_the_digest_is_of_names_types_shapes_and_values_in_any_order() -> None:
    digest = digest_of_weights(WEIGHTS)
    assert digest_of_weights(dict(reversed(WEIGHTS.items()))) == digest
    head = WEIGHTS["head.weight"]
    others = [
        {**WEIGHTS, "head.weight": head.reshape(4, 3)},
        {**WEIGHTS, "head.weight": head.view(np.int32)},
        {**WEIGHTS, "head.weight": np.nextafter(head, np.float32(99))},
        {"head.bias" if name == "head.weight" else name: value for name, value in WEIGHTS.items()},
    ]
    assert len({digest, *map(digest_of_weights, others)}) == 5


def test_the_header_holds_the_settings_and_the_file_is_nothing_but_header_and_numbers(path: Path) -> None:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    assert json.loads(metadata["settings"]) == SETTINGS
    assert metadata["digest"] == digest_of_weights(WEIGHTS)
    assert set(header) == set(WEIGHTS)
    assert len(content) == 8 + length + sum(value.nbytes for value in WEIGHTS.values())


def test_a_flipped_byte_of_any_weight_is_found(path: Path) -> None:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    for position in range(8 + length, len(content), 3):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert "damaged checkpoint, expected digest" in _refused(path)


def test_a_flipped_byte_of_the_header_is_found_or_changes_nothing(path: Path) -> None:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    found = 0
    for position in range(8 + length):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        try:
            assert read_checkpoint(path).settings == SETTINGS, position
        except PlasticityError as error:
            assert "\n" not in str(error)
            found += 1
    assert found > length / 2


def test_a_checkpoint_of_the_first_version_is_read_and_its_settings_must_be_json(tmp_path: Path) -> None:
    header = {"format": "plasticity-checkpoint-1", "digest": digest_of_weights(WEIGHTS), "settings": '{"seed": 7}'}
    save_file(WEIGHTS, tmp_path / "old", metadata=header)
    assert read_checkpoint(tmp_path / "old").settings == {"seed": 7}
    for damaged in ({"settings": '{"seed": 7'}, {}):
        save_file(
            WEIGHTS, tmp_path / "bad", metadata={"format": header["format"], "digest": header["digest"], **damaged}
        )
        assert "expected settings that match their digest" in _refused(tmp_path / "bad")


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(min_size=1), st.text() | st.floats(allow_nan=False)))
def test_equal_content_has_equal_bytes_whatever_the_settings_say(content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("one", "two", "three")]
        for file in files:
            write_checkpoint(file, dict(reversed(WEIGHTS.items())), content)
        assert len({file.read_bytes() for file in files}) == 1
        assert read_checkpoint(files[0]).settings == content


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["head.weight", "norm.running_var"])
def test_one_number_that_is_not_finite_is_seen(bad: float, name: str) -> None:
    damaged = {key: value.copy() for key, value in WEIGHTS.items()}
    assert all_finite(damaged)
    damaged[name].flat[2] = bad
    assert not all_finite(damaged)


def test_a_truncated_file_is_found_at_any_length(path: Path) -> None:
    content = path.read_bytes()
    for length in range(0, len(content), 11):
        path.write_bytes(content[:length])
        assert "expected a checkpoint, got a damaged file" in _refused(path)


def test_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    assert "expected a checkpoint, got no file" in _refused(tmp_path / "absent.safetensors")
    save_file({"weight": np.zeros(3)}, tmp_path / "foreign.safetensors")
    assert "expected format plasticity-checkpoint-1, got None" in _refused(tmp_path / "foreign.safetensors")
    (tmp_path / "text.safetensors").write_text("not tensors at all")
    assert "got a damaged file" in _refused(tmp_path / "text.safetensors")
