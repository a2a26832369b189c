"""Checkpoints: safetensors files whose header holds the settings that made them and a digest of their bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from plasticity.errors import PlasticityError
from plasticity.storage.files import atomic_path, read_json, write_json

LISTING = ".checkpoints"
"""Name of the list of all checkpoints of a job's trajectories, in their folder."""
_FORMAT = "plasticity-checkpoint-1"
_LENGTH = 8  # bytes at a safetensors file's start that give the length of its header


@dataclass(frozen=True)
class Checkpoint:
    """A network's weights.

    Attributes:
        weights: Parameters and buffers by name; a tensor of torch's `state_dict` each.
        settings: What made them: stage, data set, model, training, seed, epoch.
        digest: SHA-256 of names, shapes and bytes of the weights.
    """

    weights: dict[str, NDArray]
    settings: dict[str, Any]
    digest: str


def trajectory_name(epoch: int) -> str:
    """Return the name of one checkpoint's file in a trajectory."""
    return f"epoch{epoch:04d}.safetensors"


def seed_folder(seed: int) -> str:
    """Return the name of one seed's folder in a trajectory."""
    return f"seed{seed}"


def iteration_name(iteration: int) -> str:
    """Return the name of one checkpoint's file in a trajectory that is counted in iterations."""
    return f"iteration{iteration:07d}.safetensors"


def iterations_in(trajectory: Path) -> dict[int, Path]:
    """Return the checkpoints of such a trajectory, one seed's folder, by iteration, in ascending order.

    Raises:
        PlasticityError: If there is none, or not all that the training kept.
    """
    if (listing := trajectory.parent / LISTING).exists():
        check_listing(listing)
    found = {int(path.stem.removeprefix("iteration")): path for path in trajectory.glob("iteration*.safetensors")}
    if not found:
        raise PlasticityError(f"{trajectory}: expected checkpoints, got none")
    return dict(sorted(found.items()))


def list_checkpoints(trajectories: Path) -> None:
    """Write which checkpoints a finished job's trajectories have, so that one that is lost later is missed."""
    names = sorted(path.relative_to(trajectories).as_posix() for path in trajectories.rglob("*.safetensors"))
    write_json(trajectories / LISTING, names)


def check_listing(listing: Path) -> None:
    """Look for every checkpoint of a list that `list_checkpoints` wrote.

    Raises:
        PlasticityError: If one is missing, or the list is damaged.
    """
    names = read_json(listing)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PlasticityError(f"{listing}: expected a list of checkpoints, got {type(names).__name__}")
    if lost := [name for name in names if not (listing.parent / name).is_file()]:
        whole = f"delete {listing.parent} and run again to retrain it"
        raise PlasticityError(f"{listing.parent / lost[0]}: expected this checkpoint, got no file; {whole}")


def by_seed(checkpoints: Mapping[tuple[int, int], Path]) -> dict[int, dict[int, Path]]:
    """Return the files of a job, given by seed and epoch, seed by seed."""
    found: dict[int, dict[int, Path]] = {}
    for (seed, epoch), path in checkpoints.items():
        found.setdefault(seed, {})[epoch] = path
    return found


def digest_of_weights(weights: Mapping[str, NDArray]) -> str:
    """Return a SHA-256 over names, dtypes, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = np.asarray(weights[name], order="C")
        digest.update(f"{name}/{value.dtype.str}/{value.shape}/".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def all_finite(weights: Mapping[str, NDArray]) -> bool:
    """Say whether every weight is a finite number."""
    return all(bool(np.isfinite(value).all()) for value in weights.values())


def write_checkpoint(path: str | Path, weights: Mapping[str, NDArray], settings: Mapping[str, Any]) -> str:
    """Write weights and settings atomically; return the digest of the weights. Equal content has equal bytes."""
    digest, text = digest_of_weights(weights), json.dumps(settings, sort_keys=True)
    header = {"format": _FORMAT, "digest": digest, "settings": text, "settings_digest": _digest_of_text(text)}
    tensors = {name: np.asarray(value, order="C") for name, value in weights.items()}
    content = _with_sorted_metadata(save(tensors, metadata=header))
    with atomic_path(path) as temporary:  # safetensors would write beside it, into a file of its own
        temporary.write_bytes(content)
    return digest


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint and verify its digests.

    Raises:
        PlasticityError: If the file is missing, is no checkpoint, or its bytes do not match the digests.
    """
    header, weights = _read(Path(path))
    if header.get("format") != _FORMAT:
        raise PlasticityError(f"{path}: expected format {_FORMAT}, got {header.get('format')}")
    expected, text = header.get("digest", "none"), header.get("settings", "")
    if (got := digest_of_weights(weights)) != expected:
        raise PlasticityError(f"{path}: damaged checkpoint, expected digest {expected[:12]}, got {got[:12]}")
    got = _digest_of_text(text)
    # Checkpoints of the first versions have no digest of their settings; those are valid JSON at least.
    if not _is_json(text) or header.get("settings_digest", got) != got:
        raise PlasticityError(f"{path}: damaged checkpoint, expected settings that match their digest, got others")
    return Checkpoint(weights, json.loads(text), expected)


def _with_sorted_metadata(content: bytes) -> bytes:
    """Put the header's metadata into the order of its keys; safetensors leaves it to chance."""
    end = _LENGTH + int.from_bytes(content[:_LENGTH], "little")
    header = json.loads(content[_LENGTH:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    ordered = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((content[:_LENGTH], ordered.ljust(end - _LENGTH), memoryview(content)[end:]))


def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray]]:
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {}), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a checkpoint, got no file") from None
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PlasticityError(f"{path}: expected a checkpoint, got a damaged file ({reason})") from None
