"""From a job of Snakemake to a call of a stage: the workflow's one script runs what the rule's `params.stage` names.

A stage is a function of a `Job`, such as "plasticity.stages.warm_up:run". It stands beside the work that it calls, and
turns the job's files into what that work takes. A rule may name another one in `params.before`, which makes no file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from plasticity.config.settings import Settings
from plasticity.jobs.live_curves import curves_beside
from plasticity.jobs.logs import log_to

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files of a job.

    Attributes:
        paths: All of them, in the order of the rule.
        named: Those under each name of the rule.
    """

    paths: tuple[Path, ...] = ()
    named: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Path:
        """Return the one file of this name."""
        (path,) = self.named[name]
        return path

    def all(self, name: str) -> tuple[Path, ...]:
        """Return the files of this name; none where the rule has no such name."""
        return self.named.get(name, ())

    def each(self) -> dict[str, Path]:
        """Return the files by their names, of which each has one."""
        return {name: self[name] for name in self.named}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a rule gives to its stage.

    Attributes:
        input: Files that the stage reads.
        output: Files that it writes.
        params: The rule's parameters.
        threads: CPU threads.
        log: The job's log.
    """

    input: Files = field(default_factory=Files)
    output: Files = field(default_factory=Files)
    params: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    log: Path = Path("job.log")

    def slice(self, kind: type[S], name: str = "settings") -> S:
        """Return the stage's slice of the configuration, which the rule passes as JSON under this name."""
        return kind.model_validate_json(self.params[name])

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that the job carries."""
        return self.params["seeds"]

    @property
    def code(self) -> str:
        """Fingerprint of the stage's code."""
        return self.params["code"]

    def by_seed(self, name: str) -> dict[int, Path]:
        """Return input files that the rule has one of per seed."""
        return dict(zip(self.seeds, self.input.all(name), strict=True))


def run_stage(snakemake: Any) -> None:
    """Run the stage of a job; what it says, errors included, goes into the job's log.

    Args:
        snakemake: The object that Snakemake gives to a script.
    """
    log = Path(snakemake.log[0])
    params = dict(snakemake.params.items())
    job = Job(
        input=_files(snakemake.input),
        output=_files(snakemake.output),
        params=params,
        threads=snakemake.threads,
        log=log,
    )
    with log_to(log), curves_beside(log):
        for stage in filter(None, (params.get("before"), params["stage"])):
            imported(stage)(job)


def imported(name: str) -> Any:
    """Import what "module:name" names."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def _files(given: Any) -> Files:
    """Return Snakemake's list of files, whose names have a single file each or a list."""
    named = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in given.items()}
    return Files(
        paths=tuple(map(Path, given)),
        named={name: tuple(map(Path, paths)) for name, paths in named.items()},
    )
