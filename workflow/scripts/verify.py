from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.verify import verify

with log_to(snakemake.log[0]):
    verify(Path(snakemake.params.results), dataset=snakemake.params.dataset)
