"""A manifest says which checkpoints a job has written; one that has lost a file is found and removed."""

import json
from pathlib import Path

import pytest

from plasticity.errors import PlasticityError
from plasticity.storage.files import sha256_of
from plasticity.storage.manifests import checkpoints_beside, incomplete, is_complete, read_manifest, write_manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    found = tmp_path / "plain" / "seeds1-2.json"
    files = checkpoints_beside(found, [(1, 0), (1, 4), (2, 0)])
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(path.name).encode())
    write_manifest(found, files.values())
    return found


def test_a_manifest_lists_files_with_their_digests_from_its_folder(manifest: Path) -> None:
    listed = read_manifest(manifest)
    assert list(listed) == ["seed1/epoch0000.safetensors", "seed1/epoch0004.safetensors", "seed2/epoch0000.safetensors"]
    assert listed["seed1/epoch0004.safetensors"] == sha256_of(manifest.parent / "seed1/epoch0004.safetensors")


def test_the_same_files_give_the_same_manifest(manifest: Path) -> None:
    before = manifest.read_bytes()
    write_manifest(manifest, [manifest.parent / name for name in read_manifest(manifest)])
    assert manifest.read_bytes() == before


def test_a_manifest_that_has_lost_a_file_is_found_and_no_other(manifest: Path) -> None:
    assert incomplete([manifest, manifest.with_name("none.json")]) == []
    (manifest.parent / "seed2/epoch0000.safetensors").unlink()
    assert not is_complete(manifest)
    assert incomplete([manifest, manifest.with_name("none.json")]) == [manifest]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {"a": "b"}, "digest": "c"}'])
def test_a_damaged_manifest_is_told(manifest: Path, content: str) -> None:
    manifest.write_text(content, encoding="utf-8")
    with pytest.raises(PlasticityError, match=r"seeds1-2\.json: expected"):
        read_manifest(manifest)
    assert incomplete([manifest]) == [manifest]


def test_a_changed_entry_does_not_match_the_digest(manifest: Path) -> None:
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["files"]["seed1/epoch0000.safetensors"] = "0" * 64
    manifest.write_text(json.dumps(content), encoding="utf-8")
    assert not is_complete(manifest)
