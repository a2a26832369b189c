from plasticity.jobs.logs import log_to
from plasticity.studies.warm_start.causes import find_causes

with log_to(snakemake.log[0]):
    find_causes(snakemake.input.metrics, snakemake.output.causes, settings=snakemake.params.settings)
