from plasticity.jobs.logs import log_to
from plasticity.studies.continual.correlate import correlate_permuted

with log_to(snakemake.log[0]):
    correlate_permuted(snakemake.input.metrics, snakemake.output.correlations, settings=snakemake.params.settings)
