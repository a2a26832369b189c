from plasticity.correlate import correlate
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    correlate(snakemake.input.metrics, snakemake.output.correlations, settings=snakemake.params.settings)
