"""Stage: apply an arm's intervention to one checkpoint; every consumer reads the one file it writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity.checkpoints import read_checkpoint, write_checkpoint
from plasticity.interventions import intervened

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class InterveneFiles:
    """Where an intervention reads and writes."""

    checkpoint: Path
    fresh: Path
    data: Path
    split: Path
    output: Path


def intervene(files: InterveneFiles, *, settings: dict[str, Any], threads: int) -> None:
    """Write the checkpoint after the intervention.

    Args:
        files: The checkpoint, the seed's fresh network, data and split (read only to recalibrate batch-norm).
        settings: arm; model; intervention (name and parameters).
        threads: CPU threads.

    Raises:
        PlasticityError: If the intervention is unknown or an input is damaged.
    """
    before = read_checkpoint(files.checkpoint)
    weights = intervened(before.weights, read_checkpoint(files.fresh).weights, settings["intervention"])
    if settings["intervention"].get("batch_norm") == "recalibrate":
        weights = _recalibrated(weights, files, settings, threads)
    write_checkpoint(files.output, weights, {**before.settings, **settings, "stage": "intervene"})


def _recalibrated(
    weights: "dict[str, NDArray]", files: InterveneFiles, settings: dict[str, Any], threads: int
) -> "dict[str, NDArray]":
    # Only this choice needs torch; without it an intervention starts in a fraction of a second.
    from plasticity.training.batch_norm import recalibrate  # noqa: PLC0415

    return recalibrate(weights, data=files.data, split=files.split, model=settings["model"], threads=threads)
