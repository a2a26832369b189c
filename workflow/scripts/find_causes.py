from plasticity.causes import find_causes
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    find_causes(snakemake.input.metrics, snakemake.output.causes, settings=snakemake.params.settings)
