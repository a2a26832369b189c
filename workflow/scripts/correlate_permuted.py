from plasticity.correlate_permuted import correlate_permuted
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    correlate_permuted(snakemake.input.metrics, snakemake.output.correlations, settings=snakemake.params.settings)
