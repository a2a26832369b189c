"""Stage: turn the epochs of a training's trajectory into checkpoints that stand alone."""

from collections.abc import Mapping
from pathlib import Path

from plasticity.errors import PlasticityError
from plasticity.jobs.adapter import Job
from plasticity.storage.checkpoints import read_checkpoint, seed_folder, trajectory_name, write_checkpoint
from plasticity.storage.manifests import checkpoints_beside, write_manifest


def run(job: Job) -> None:
    """Export the checkpoints of the job's seeds, and list them in its manifest."""
    manifest = job.output["manifest"]
    outputs = checkpoints_beside(manifest, job.params["starts"])
    export_checkpoints(job.input["trajectory"], outputs, study=job.params["header"])
    write_manifest(manifest, outputs.values())


def export_checkpoints(trajectory: Path, outputs: Mapping[tuple[int, int], Path], *, study: Mapping[str, str]) -> None:
    """Write the checkpoints of a job, by seed and epoch, from its trajectory; arguments as of `export_checkpoint`."""
    for (seed, epoch), output in outputs.items():
        export_checkpoint(trajectory / seed_folder(seed), epoch, output, study=study)


def export_checkpoint(trajectory: Path, epoch: int, output: Path, *, study: Mapping[str, str]) -> None:
    """Write a checkpoint whose header names the study beside the settings of the training that made it.

    Args:
        trajectory: Folder of one seed's finished warm-up.
        epoch: Warm-up epoch of the checkpoint.
        output: The checkpoint.
        study: What the trajectory does not know: study and data set.

    Raises:
        PlasticityError: If the source is missing or damaged, or is not of a warm-up.
    """
    source = trajectory / trajectory_name(epoch)
    trained = read_checkpoint(source)
    if trained.settings.get("stage") != "warm_up":
        raise PlasticityError(f"{source}: expected a checkpoint of a warm-up, got {trained.settings.get('stage')!r}")
    settings = {key: value for key, value in trained.settings.items() if key != "epochs"}
    write_checkpoint(output, trained.weights, {**settings, **study})
