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
from safetensors.numpy import save_file

from plasticity.errors import PlasticityError
from plasticity.files import atomic_path

_FORMAT = "plasticity-checkpoint-1"


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


def digest_of_weights(weights: Mapping[str, NDArray]) -> str:
    """Return a SHA-256 over names, dtypes, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = np.asarray(weights[name], order="C")
        digest.update(f"{name}/{value.dtype.str}/{value.shape}/".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def write_checkpoint(path: str | Path, weights: Mapping[str, NDArray], settings: Mapping[str, Any]) -> str:
    """Write weights and settings atomically; return the digest of the weights."""
    digest = digest_of_weights(weights)
    header = {"format": _FORMAT, "digest": digest, "settings": json.dumps(settings, sort_keys=True)}
    tensors = {name: np.asarray(value, order="C") for name, value in weights.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata=header)
    return digest


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint and verify its digest.

    Raises:
        PlasticityError: If the file is missing, is no checkpoint, or its bytes do not match the digest.
    """
    header, weights = _read(Path(path))
    if header.get("format") != _FORMAT:
        raise PlasticityError(f"{path}: expected format {_FORMAT}, got {header.get('format')}")
    if (got := digest_of_weights(weights)) != header["digest"]:
        raise PlasticityError(f"{path}: damaged checkpoint, expected digest {header['digest'][:12]}, got {got[:12]}")
    return Checkpoint(weights, json.loads(header["settings"]), header["digest"])


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray]]:
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {}), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise PlasticityError(f"{path}: expected a checkpoint, got no file") from None
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PlasticityError(f"{path}: expected a checkpoint, got a damaged file ({reason})") from None
