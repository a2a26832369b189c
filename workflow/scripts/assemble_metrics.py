from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.warm_start.assemble import assemble_metrics

with log_to(snakemake.log[0]):
    assemble_metrics(
        [Path(path) for path in snakemake.input.collapse],
        [Path(path) for path in snakemake.input.fine_tune],
        Path(snakemake.output.metrics),
        settings=snakemake.params.settings,
    )
