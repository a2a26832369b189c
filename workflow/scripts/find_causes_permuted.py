from plasticity.jobs.logs import log_to
from plasticity.studies.continual.causes import find_causes_permuted

with log_to(snakemake.log[0]):
    find_causes_permuted(snakemake.input.metrics, snakemake.output.causes, settings=snakemake.params.settings)
