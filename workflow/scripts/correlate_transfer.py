from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.train_test_collapse.correlate import correlate_transfer

with log_to(snakemake.log[0]):
    correlate_transfer(
        Path(snakemake.input.transfer),
        Path(snakemake.output.correlations),
        settings=snakemake.params.settings,
    )
