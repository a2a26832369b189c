from pathlib import Path

from plasticity.correlate_transfer import correlate_transfer
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    correlate_transfer(
        Path(snakemake.input.transfer),
        Path(snakemake.output.correlations),
        settings=snakemake.params.settings,
    )
