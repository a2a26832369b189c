from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.keep_run import keep_run

with log_to(snakemake.log[0]):
    keep_run(
        Path(snakemake.output.page),
        [Path(path) for path in snakemake.input],
        study=snakemake.params.study,
        command=snakemake.params.command,
        config=snakemake.params.config,
    )
