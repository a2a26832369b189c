"""Files that appear whole or not at all, and the checksums that travel with them."""

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plasticity.errors import PlasticityError

_BLOCK = 1 << 20
_PART = ".part"

# What the user's machine can refuse: reported in one line; any other error is a defect and keeps its traceback.
_REFUSALS = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EACCES", "EPERM", "EROFS", "EIO", "ENOTDIR", "EISDIR", "EEXIST")
    if hasattr(errno, name)
}
_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")  # how NumPy words a full disk


@contextmanager
def atomic_path(path: str | Path, *, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; flush and rename it into place when the block ends well.

    Args:
        path: The file to be written.
        flush: Wait until the disk has it. What nobody misses after a loss of power need not wait.

    Yields:
        A path in the same folder (hence on the same file system), so that the final rename is atomic. The block makes
        the file. When it raises, the temporary file is removed and whatever stood at `path` is untouched.

    Raises:
        PlasticityError: If the file cannot be written: no space left, no permission, a folder in its place.
    """
    path = Path(path)
    try:
        temporary = _temporary_beside(path)
        try:
            yield temporary
            if flush:
                _flush(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except Exception as error:
        if (reason := _refusal(error)) is None:
            raise
        raise PlasticityError(f"{path}: expected to write this file, got: {reason}") from None


def move_folder(folder: Path, target: Path) -> None:
    """Rename a folder, in place of what stands at `target`, without what killed writes have left in it."""
    for left in folder.rglob(f".*{_PART}"):
        left.unlink()
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as canonical JSON (sorted keys, indented), atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        PlasticityError: If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a JSON file, got no file") from None
    except ValueError as error:
        raise PlasticityError(f"{path}: expected JSON, got {error}") from None


def sha256_of(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 digest of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def digest_of(content: Any) -> str:
    """Return a SHA-256 digest of anything JSON can hold; the order of a mapping's keys does not matter."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _temporary_beside(path: Path) -> Path:
    """Return a new name. No file yet: a signal between its making and the block that removes it would leave it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent / f".{path.name}.{secrets.token_hex(4)}{_PART}"


def _refusal(error: Exception) -> str | None:
    """Return in the system's words what refused a write, whichever library reports it; None for any other error."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, OSError) and number is None and _SHORT_WRITE.match(str(error)):
        number = errno.ENOSPC
    return os.strerror(number) if number in _REFUSALS and number is not None else None


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
