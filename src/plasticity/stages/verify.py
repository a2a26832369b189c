"""Stage: read every file that carries a checksum once more and name the damaged ones.

What is not there is no damage, but for a checkpoint that is listed: a study may be unfinished, and the workflow makes
what it misses. A manifest that has lost a checkpoint is removed, so that the next run makes both anew. Figures and
pages, and what a page holds as JSON, carry no checksum; they are made anew in seconds.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from plasticity.data.store import ARRAYS, DESCRIPTION, sealed
from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.jobs.logs import logger
from plasticity.storage.checkpoints import LISTING, check_listing, read_checkpoint
from plasticity.storage.files import read_json, sha256_of
from plasticity.storage.manifests import read_manifest
from plasticity.storage.records import read_record
from plasticity.storage.schemas import SCHEMAS
from plasticity.storage.tables import read_provenance, read_table, table_name

_DATA = "data"  # the folder of prepared data sets under the results
_CHECKPOINTS = "checkpoints"  # the folder of checkpoints with manifests, of a study
_UNFINISHED = (".unfinished", ".part")  # ends of the hidden names that unfinished work has


@dataclass
class Findings:
    """What was found so far.

    Attributes:
        checked: Files that were read, by their kind.
        damaged: A line per damaged file.
        named: The damaged files.
        unfinished: Folders and files of work that was interrupted, or is under way.
    """

    checked: Counter[str] = field(default_factory=Counter)
    damaged: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    unfinished: int = 0

    def check(self, path: Path, kind: str, read: Callable[[Path], object]) -> None:
        """Count a file of a kind, read it, and note what `read` says of it."""
        self.checked[kind] += 1
        self.look(path, read)

    def look(self, path: Path, read: Callable[[Path], object]) -> None:
        """Read a file and note what `read` says of it."""
        try:
            read(path)
        except PlasticityError as error:
            self._tell(path, str(error))
        except OSError as error:
            self._tell(path, f"{path}: expected a file that can be read, got: {error.strerror or error}")

    def _tell(self, path: Path, line: str) -> None:
        self.named.add(str(path))
        self.damaged.append(line)
        logger.error("%s", line)
        print(f"plasticity: {line}", file=sys.stderr)


def run(job: Job) -> None:
    """Verify the results beside the folder of the logs."""
    verify(job.log.parents[2] / "results", dataset=job.params["dataset"])


def verify(results: Path, *, dataset: str) -> Findings:
    """Check the prepared data set and all studies of it: checkpoints, tables, records.

    Args:
        results: The folder of all results.
        dataset: Name of the data set in the configuration.

    Raises:
        PlasticityError: If any file is damaged; which ones, a line each has said before.
    """
    findings = Findings()
    _check_data(results / _DATA / dataset, findings)
    for study in sorted(results.glob(f"*/{dataset}")):
        if study.is_dir() and study.parent.name != _DATA:
            _check_study(study, findings)
    total = sum(findings.checked.values())
    if findings.unfinished:
        _say(f"{findings.unfinished} unfinished piece(s) of work, not checked: the next run continues or removes them")
    if findings.damaged:
        advice = "delete them (for a trajectory, its whole folder) and run again to recreate them"
        raise PlasticityError(f"{results}: expected {total} sound files, got {len(findings.damaged)} damaged; {advice}")
    kinds = ", ".join(f"{count} {kind}s" for kind, count in sorted(findings.checked.items()))
    _say(f"{total} files checked, all sound" + (f" ({kinds})" if kinds else ""))
    return findings


def check_table(path: Path) -> None:
    """Read a table whose schema its own metadata names, and verify schema and page checksums.

    Raises:
        PlasticityError: If the file is damaged or no table of this package.
    """
    read_provenance(path)
    name = table_name(path) or "none"
    if name not in SCHEMAS:
        raise PlasticityError(f"{path}: expected the name of a table in its metadata, got {name!r}")
    read_table(path, name)


def _check_study(folder: Path, findings: Findings) -> None:
    checks = {
        ".safetensors": ("checkpoint", read_checkpoint),
        ".parquet": ("table", check_table),
        ".json": ("record", read_record),
    }
    manifests = []
    for path in _files(folder, findings):
        parts = path.relative_to(folder).parts
        if parts[0] == _CHECKPOINTS and path.suffix == ".json":
            manifests.append(path)
        elif path.suffix in checks and (path.suffix != ".json" or len(parts) > 1):  # beside the pages, it is theirs
            findings.check(path, *checks[path.suffix])
    for path in manifests:
        _check_manifest(path, findings)
    for listing in sorted(folder.rglob(LISTING)):
        if not any(part.startswith(".") for part in listing.parent.relative_to(folder).parts):  # of unfinished work
            findings.check(listing, "list of checkpoint", check_listing)


def _check_manifest(path: Path, findings: Findings) -> None:
    """Name the checkpoints of a manifest that are gone or are others, and remove it, so that they are made again."""
    listed: dict[str, str] = {}
    findings.check(path, "manifest", lambda path: listed.update(read_manifest(path)))
    for name, digest in listed.items():
        file = path.parent / name
        if str(file) not in findings.named:  # one line is enough
            findings.look(file, lambda file, digest=digest: _compare(file, digest, "checkpoint"))
    if findings.named & {str(path), *(str(path.parent / name) for name in listed)}:
        path.unlink(missing_ok=True)


def _files(folder: Path, findings: Findings) -> Iterable[Path]:
    """Return the files under a folder in the order of their names, without those of unfinished work."""
    for parent, folders, names in os.walk(folder):
        findings.unfinished += sum(name.startswith(".") and name.endswith(_UNFINISHED) for name in folders + names)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _check_data(folder: Path, findings: Findings) -> None:
    """Check each array by itself, so that each damaged one is named."""
    names = {path.name for path in _files(folder, findings)}
    if not names & {DESCRIPTION, *(f"{name}.npy" for name in ARRAYS)}:
        return
    digests: dict[str, str] = {}
    findings.check(folder / DESCRIPTION, "description", lambda path: digests.update(_digests(path)))
    for name, expected in digests.items():
        findings.check(folder / f"{name}.npy", "prepared array", lambda path, digest=expected: _compare(path, digest))


def _digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of every array that a sound dataset.json describes.

    Raises:
        PlasticityError: If it is not sound.
    """
    described = read_json(path)
    content = {key: value for key, value in described.items() if key != "digest"} if isinstance(described, dict) else {}
    if not content or sealed(content) != described or set(content.get("arrays", ())) != set(ARRAYS):
        raise PlasticityError(f"{path}: expected the description of a prepared data set with its digest, got another")
    return {name: array["sha256"] for name, array in content["arrays"].items()}


def _compare(path: Path, expected: str, kind: str = "prepared array") -> None:
    if not path.exists():
        raise PlasticityError(f"{path}: expected a {kind}, got no file")
    if (got := sha256_of(path)) != expected:
        raise PlasticityError(f"{path}: expected SHA-256 {expected[:12]}, got {got[:12]}")


def _say(line: str) -> None:
    logger.info("%s", line)
    print(f"plasticity: {line}", file=sys.stderr)
