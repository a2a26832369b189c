"""Manifests: which checkpoints a finished job has written, with the SHA-256 of each, in a file that is written last.

Snakemake knows the manifest alone. What it lists is found by the plan, and looked for each time the workflow starts.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from plasticity.errors import PlasticityError
from plasticity.storage.checkpoints import seed_folder, trajectory_name
from plasticity.storage.files import digest_of, read_json, sha256_of, write_json


def checkpoints_beside(manifest: Path, starts: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Path]:
    """Return the checkpoints of some seeds and epochs in the folder of a manifest."""
    return {(seed, epoch): manifest.parent / seed_folder(seed) / trajectory_name(epoch) for seed, epoch in starts}


def write_manifest(manifest: Path, files: Iterable[Path]) -> None:
    """List files that lie in the manifest's folder or below it."""
    listed = {path.relative_to(manifest.parent).as_posix(): sha256_of(path) for path in files}
    write_json(manifest, {"files": listed, "digest": digest_of(listed)})


def read_manifest(manifest: Path) -> Mapping[str, str]:
    """Return the SHA-256 of every listed file, by its path from the manifest's folder.

    Raises:
        PlasticityError: If the manifest is missing or damaged.
    """
    content = read_json(manifest)
    listed = content.get("files") if isinstance(content, dict) else None
    if not isinstance(listed, dict) or content.get("digest") != digest_of(listed):
        raise PlasticityError(f"{manifest}: expected a manifest that matches its digest, got other content")
    return listed


def is_complete(manifest: Path) -> bool:
    """Say whether a manifest is sound and every file that it lists is there; its bytes are not read."""
    try:
        return all((manifest.parent / name).is_file() for name in read_manifest(manifest))
    except PlasticityError:
        return False


def incomplete(manifests: Iterable[Path]) -> list[Path]:
    """Return the manifests that are there and damaged, or have lost a file."""
    return [path for path in manifests if path.exists() and not is_complete(path)]
