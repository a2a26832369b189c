from pathlib import Path

from plasticity.export import export_checkpoint
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    export_checkpoint(
        Path(snakemake.input.trajectory),
        int(snakemake.wildcards.epoch),
        Path(snakemake.output.checkpoint),
        study=snakemake.params.study,
    )
