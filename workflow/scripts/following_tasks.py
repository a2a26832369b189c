from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.following_tasks import FollowingFiles, following_tasks

with log_to(snakemake.log[0]):
    following_tasks(
        FollowingFiles(
            data=Path(snakemake.input.data),
            trajectories=dict(zip(snakemake.params.first_tasks, map(Path, snakemake.input.trajectories), strict=True)),
            histories=dict(zip(snakemake.params.first_tasks, map(Path, snakemake.input.histories), strict=True)),
            output=Path(snakemake.output.tasks),
        ),
        settings=snakemake.params.settings,
        seeds=snakemake.params.seeds,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
