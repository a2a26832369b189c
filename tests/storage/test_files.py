import errno
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity.errors import PlasticityError
from plasticity.storage.files import atomic_path, digest_of, move_folder, read_json, sha256_of, write_json

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "table.txt"
    path.write_text("old")
    return path


def _is_untouched(old: Path) -> bool:
    return old.read_text() == "old" and list(old.parent.iterdir()) == [old]


def test_a_file_appears_with_its_folders_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file.txt"
    _write(path, "first")
    _write(path, "second")
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_nothing_stands_at_the_path_before_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_a_block_that_raises_leaves_the_old_file_and_no_part(old: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), atomic_path(old) as temporary:
        temporary.write_text("half")
        raise error
    assert _is_untouched(old)


def test_no_file_is_there_before_the_block_writes(old: Path) -> None:
    """A signal may come at any moment: whoever makes the file is already inside what removes it."""
    with atomic_path(old) as temporary:
        assert list(old.parent.iterdir()) == [old]
        temporary.write_text("new")
    assert old.read_text() == "new"


def test_permissions_are_those_of_an_ordinary_file(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        _write(tmp_path / "file.txt", "text")
    finally:
        os.umask(mask)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_what_the_system_refuses_is_one_line(old: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(PlasticityError) as error:
        _write(old, "new")
    assert str(error.value) == f"{old}: expected to write this file, got: {os.strerror(number)}"
    assert _is_untouched(old)


def test_a_folder_without_permission_is_one_line(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: Any, **_options: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "another name")

    told = r"table\.txt: expected to write this file, got: Permission denied$"
    with monkeypatch.context() as patched, pytest.raises(PlasticityError, match=told):
        patched.setattr(Path, "open", refuse)
        _write(old, "new")
    assert _is_untouched(old)


def test_a_folder_moves_in_place_of_another_without_what_killed_writes_left(tmp_path: Path) -> None:
    folder, target = tmp_path / "folder", tmp_path / "target"
    for name in ("a", "b/c", ".b.x1.part", "b/.c.x2.part"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    target.mkdir()
    (target / "old").touch()
    move_folder(folder, target)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == ["a", "b", "b/c"]
    assert not folder.exists()


def test_any_other_error_of_the_system_is_a_defect(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Bad file descriptor"):
        _write(old, "new")
    assert _is_untouched(old)


def test_a_file_in_place_of_the_folder_and_a_folder_in_place_of_the_file(old: Path) -> None:
    with pytest.raises(PlasticityError, match="below: expected to write this file, got: File exists"):
        _write(old / "below", "text")
    folder = old.parent / "folder"
    (folder / "inner").mkdir(parents=True)
    with pytest.raises(PlasticityError, match="folder: expected to write this file, got: Is a directory"):
        _write(folder, "text")
    assert sorted(old.parent.iterdir()) == [folder, old]


_FULL = """
import resource, sys
import numpy as np, pandas as pd
from plasticity.storage.checkpoints import write_checkpoint
from plasticity.errors import PlasticityError
from plasticity.storage.files import atomic_path
from plasticity.storage.tables import write_table

def save_array():
    with atomic_path("array") as temporary, temporary.open("wb") as file:
        np.save(file, np.zeros(10_000))

rows = np.random.default_rng(0).permutation(10_000)
table = pd.DataFrame({"position": rows, "index": rows, "label": 0, "warm_up": True})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for write in (
    lambda: write_checkpoint("checkpoint", {"w": np.zeros(10_000)}, {}),
    lambda: write_table(table, "table", "split"),
    save_array,
):
    try:
        write()
    except PlasticityError as error:
        print(error)
"""


def test_every_library_that_cannot_write_on_is_told_in_one_line(tmp_path: Path) -> None:
    """A limit on the size of files, which no privilege lifts, is the one full disk that every machine has."""
    done = subprocess.run([sys.executable, "-c", _FULL], cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["checkpoint", "table", "array"], done.stderr
    assert lines[0].endswith("expected to write this file, got: File too large")
    assert lines[1].endswith("expected to write this file, got: File too large")
    assert "expected to write this file, got: " in lines[2]  # NumPy says only that it was cut short
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=50, deadline=None)
@given(_JSON)
def test_json_comes_back(content: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "content.json"
        write_json(path, content)
        assert read_json(path) == content


def test_json_is_canonical(tmp_path: Path) -> None:
    write_json(tmp_path / "one", {"b": [1, {"d": 2, "c": 3}], "a": "é"})
    write_json(tmp_path / "two", {"a": "é", "b": [1, {"c": 3, "d": 2}]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_text().splitlines()[1:2] == [' "a": "\\u00e9",']


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe{}"])
def test_damaged_json_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(PlasticityError) as error:
        read_json(path)
    assert str(error.value).startswith(f"{path}: expected JSON, got ")
    assert "\n" not in str(error.value)


def test_missing_json_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PlasticityError, match=r"record\.json: expected a JSON file, got no file"):
        read_json(tmp_path / "record.json")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_checksum_of_a_file_in_blocks(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), _JSON, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_digest_does_not_depend_on_the_order_of_keys(content: dict[str, Any], random: Any) -> None:
    keys = list(content)
    random.shuffle(keys)
    assert digest_of({key: content[key] for key in keys}) == digest_of(content)


@pytest.mark.parametrize("other", [{"a": [2, 1]}, {"a": [1, 2.5]}, {"b": [1, 2]}, {"a": [1, 2], "b": None}, [1, 2]])
def test_digest_tells_contents_apart(other: Any) -> None:
    assert digest_of(other) != digest_of({"a": [1, 2]})
