from pathlib import Path

from plasticity.intervene import InterveneFiles, intervene
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    intervene(
        InterveneFiles(
            checkpoint=Path(snakemake.input.checkpoint),
            fresh=Path(snakemake.input.fresh),
            data=Path(snakemake.input.data),
            split=Path(snakemake.input.split),
            output=Path(snakemake.output.checkpoint),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
    )
