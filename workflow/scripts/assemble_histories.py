from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.warm_start.assemble import assemble_histories

with log_to(snakemake.log[0]):
    assemble_histories([Path(path) for path in snakemake.input], Path(snakemake.output.histories))
