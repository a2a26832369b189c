from pathlib import Path

from plasticity.assemble_train_test import assemble_variances
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    assemble_variances(
        [Path(path) for path in snakemake.input],
        Path(snakemake.output.metrics),
        settings=snakemake.params.settings,
    )
