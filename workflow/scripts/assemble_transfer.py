from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.train_test_collapse.assemble import assemble_transfer

with log_to(snakemake.log[0]):
    assemble_transfer(
        [Path(path) for path in snakemake.input.next_tasks],
        Path(snakemake.input.metrics),
        Path(snakemake.output.transfer),
        settings=snakemake.params.settings,
    )
