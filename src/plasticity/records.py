"""Records: JSON files of one finished fine-tuning each, with a checksum of their content."""

from pathlib import Path
from typing import Any

from plasticity.errors import PlasticityError
from plasticity.files import digest_of, read_json, write_json

_CONTENT = ("outcome", "history")


def write_record(path: Path, record: dict[str, Any], digest: str) -> None:
    """Write a record, atomically.

    Args:
        path: The file.
        record: `outcome` and `history` of the fine-tuning.
        digest: Digest of everything that determines them.
    """
    write_json(path, {"digest": digest, "checksum": digest_of(record), **record})


def read_record(path: Path) -> dict[str, Any]:
    """Read a record and verify its checksum; its `digest` says what it belongs to.

    Raises:
        PlasticityError: If the file is missing, is no record, or its content does not match the checksum.
    """
    record = read_json(path)
    content = {key: record.get(key) for key in _CONTENT} if isinstance(record, dict) else {}
    if not content or "digest" not in record or record.get("checksum") != digest_of(content):
        raise PlasticityError(f"{path}: expected a fine-tuning's record that matches its checksum, got other content")
    return record
