from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.first_task import FirstTaskFiles, first_task

with log_to(snakemake.log[0]):
    first_task(
        FirstTaskFiles(
            data=Path(snakemake.input.data),
            trajectory=Path(snakemake.output.trajectory),
            history=Path(snakemake.output.history),
        ),
        settings=snakemake.params.settings,
        seeds=snakemake.params.seeds,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
