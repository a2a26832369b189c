from plasticity.causes_permuted import find_causes_permuted
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    find_causes_permuted(snakemake.input.metrics, snakemake.output.causes, settings=snakemake.params.settings)
