from pathlib import Path

from plasticity.assemble_train_test import assemble_transfer
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    assemble_transfer(
        [Path(path) for path in snakemake.input.next_tasks],
        Path(snakemake.input.metrics),
        Path(snakemake.output.transfer),
        settings=snakemake.params.settings,
    )
