from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.train_test_collapse.assemble import assemble_variances

with log_to(snakemake.log[0]):
    assemble_variances(
        [Path(path) for path in snakemake.input],
        Path(snakemake.output.metrics),
        settings=snakemake.params.settings,
    )
