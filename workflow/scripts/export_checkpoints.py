from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.export import export_checkpoints

with log_to(snakemake.log[0]):
    export_checkpoints(
        Path(snakemake.input.trajectory),
        dict(zip(snakemake.params.starts, map(Path, snakemake.output), strict=True)),
        study=snakemake.params.study,
    )
