from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.prepare import prepare

with log_to(snakemake.log[0]):
    prepare(snakemake.params.settings, Path(snakemake.output.description).parent)
