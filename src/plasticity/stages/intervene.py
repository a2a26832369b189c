"""Stage: apply an arm's intervention to the checkpoints of some seeds; every consumer reads the files it writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from plasticity.config.slices import InterveneSettings
from plasticity.data.store import open_store
from plasticity.jobs.adapter import Job
from plasticity.jobs.device import prepare_device
from plasticity.stages.draw_split import read_split
from plasticity.storage.checkpoints import by_seed, read_checkpoint, write_checkpoint
from plasticity.storage.manifests import checkpoints_beside, write_manifest
from plasticity.storage.weights import require_alike
from plasticity.training.batch_norm import open_recalibration
from plasticity.training.fresh_network import fresh_state
from plasticity.training.interventions.intervention import Intervention, intervened
from plasticity.training.task_ahead import open_task_ahead


@dataclass(frozen=True)
class InterveneFiles:
    """Where an intervention reads and writes.

    Attributes:
        checkpoints: Checkpoints before it, by seed and epoch.
        outputs: The files after it, by the same keys.
        data: Prepared data set.
        splits: By seed, for the images that batch-norm is recalibrated on, and those of the next task.
    """

    checkpoints: Mapping[tuple[int, int], Path]
    outputs: Mapping[tuple[int, int], Path]
    data: Path
    splits: Mapping[int, Path]


def run(job: Job) -> None:
    """Intervene on the checkpoints of the job's seeds, and list the new ones in its manifest."""
    manifest, starts = job.output["manifest"], job.params["starts"]
    files = InterveneFiles(
        checkpoints=checkpoints_beside(job.input["manifest"], starts),
        outputs=checkpoints_beside(manifest, starts),
        data=job.input["data"],
        splits=job.by_seed("splits"),
    )
    intervene(files, settings=job.slice(InterveneSettings), threads=job.threads)
    write_manifest(manifest, files.outputs.values())


def intervene(files: InterveneFiles, *, settings: InterveneSettings, threads: int) -> None:
    """Write the checkpoints after the intervention.

    Args:
        files: Inputs and outputs.
        settings: The network and the intervention.
        threads: CPU threads.

    Raises:
        PlasticityError: If the intervention is unknown or breaks its contract, or an input is damaged.
    """
    store = open_store(files.data)
    intervention = settings.intervention.make(Intervention)
    recalibrate = ahead = None
    if intervention.recalibrates:
        recalibrate = open_recalibration(store, settings.model, prepare_device(threads))
    if intervention.reads_next_task:
        ahead = open_task_ahead(store, settings.model, prepare_device(threads))
    for seed, checkpoints in by_seed(files.checkpoints).items():
        split = read_split(files.splits[seed], store)
        next_task = ahead and ahead.of(split.full_indices)
        fresh = replace(fresh_state(store, settings.model, seed), next_task=next_task)
        warm_up = split.warm_up_indices
        for epoch, source in checkpoints.items():
            before = read_checkpoint(source)
            require_alike(before.weights, fresh.weights)
            weights = intervened(intervention, replace(fresh, weights=before.weights)).weights
            weights = recalibrate(weights, warm_up) if recalibrate else weights
            header = {**before.settings, **settings.plain(), "stage": "intervene"}
            write_checkpoint(files.outputs[seed, epoch], weights, header)
