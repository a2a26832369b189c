from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.intervene import InterveneFiles, intervene

with log_to(snakemake.log[0]):
    intervene(
        InterveneFiles(
            checkpoints=dict(zip(snakemake.params.starts, map(Path, snakemake.input.checkpoints), strict=True)),
            outputs=dict(zip(snakemake.params.starts, map(Path, snakemake.output), strict=True)),
            data=Path(snakemake.input.data),
            splits=dict(zip(snakemake.params.seeds, map(Path, snakemake.input.splits), strict=True)),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
    )
