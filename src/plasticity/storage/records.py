"""Records: JSON files of one finished fine-tuning each, with a checksum of their content.

A record says what computed it. That is no part of its digest: a study may go on on another device, and its tables then
name both.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from plasticity.errors import PlasticityError
from plasticity.storage.files import digest_of, read_json, write_json

logger = logging.getLogger(__name__)

_CONTENT = ("outcome", "history", "device")


def write_record(path: Path, record: dict[str, Any], digest: str) -> None:
    """Write a record, atomically.

    Args:
        path: The file.
        record: `outcome` and `history` of the fine-tuning, and the `device` that it ran on.
        digest: Digest of everything that determines them.
    """
    write_json(path, {"digest": digest, "checksum": digest_of(record), **record})


def usable_record(path: Path, digest: str) -> dict[str, Any] | None:
    """Return the record, or None if there is none, it is damaged, or it belongs to something else than `digest`."""
    if not path.exists():
        return None
    try:
        record = read_record(path)
    except PlasticityError as error:
        logger.warning("%s; computing it again", error)
        return None
    return record if record["digest"] == digest else None


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


def devices_of(records: Iterable[Mapping[str, Any]]) -> str:
    """Return what computed a table's records, for its provenance."""
    return " and ".join(dict.fromkeys(record["device"] for record in records))
