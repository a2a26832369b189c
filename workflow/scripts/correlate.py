from plasticity.jobs.logs import log_to
from plasticity.studies.warm_start.correlate import correlate

with log_to(snakemake.log[0]):
    correlate(snakemake.input.metrics, snakemake.output.correlations, settings=snakemake.params.settings)
