"""Stage: apply an arm's intervention to the checkpoints of a seed; every consumer reads the files it writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity.checkpoints import read_checkpoint, write_checkpoint
from plasticity.interventions import intervened

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class InterveneFiles:
    """Where an intervention reads and writes: pairs of a checkpoint and the file after the intervention, and inputs."""

    checkpoints: Sequence[tuple[Path, Path]]
    fresh: Path
    data: Path
    split: Path


def intervene(files: InterveneFiles, *, settings: dict[str, Any], threads: int) -> None:
    """Write the checkpoints after the intervention.

    Args:
        files: Checkpoints, the seed's fresh network, data and split (read only to recalibrate batch-norm).
        settings: arm; model; intervention (name and parameters).
        threads: CPU threads.

    Raises:
        PlasticityError: If the intervention is unknown or an input is damaged.
    """
    fresh = read_checkpoint(files.fresh).weights
    finish = _recalibration(files, settings, threads)
    for source, output in files.checkpoints:
        before = read_checkpoint(source)
        weights = finish(intervened(before.weights, fresh, settings["intervention"]))
        write_checkpoint(output, weights, {**before.settings, **settings, "stage": "intervene"})


def _recalibration(
    files: InterveneFiles, settings: dict[str, Any], threads: int
) -> "Callable[[dict[str, NDArray]], dict[str, NDArray]]":
    if settings["intervention"].get("batch_norm") != "recalibrate":
        return lambda weights: weights
    # Only this choice needs torch; without it an intervention starts in a fraction of a second.
    from plasticity.training.batch_norm import open_recalibration  # noqa: PLC0415

    return open_recalibration(data=files.data, split=files.split, model=settings["model"], threads=threads)
