from pathlib import Path

from plasticity.keep_run import keep_run
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    keep_run(
        Path(snakemake.output.page),
        [Path(path) for path in snakemake.input],
        study=snakemake.params.study,
        command=snakemake.params.command,
        config=snakemake.params.config,
    )
