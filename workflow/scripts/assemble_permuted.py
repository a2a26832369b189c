from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.continual.assemble import AssembleFiles, assemble_permuted

with log_to(snakemake.log[0]):
    assemble_permuted(
        AssembleFiles(
            first_tasks=tuple(zip(snakemake.params.first_tasks, map(Path, snakemake.input.first_tasks), strict=True)),
            following=tuple(map(Path, snakemake.input.following)),
            output=Path(snakemake.output.metrics),
        ),
        settings=snakemake.params.settings,
    )
