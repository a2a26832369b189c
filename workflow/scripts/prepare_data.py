from pathlib import Path

from plasticity.logs import log_to
from plasticity.prepare import prepare

with log_to(snakemake.log[0]):
    prepare(snakemake.params.settings, Path(snakemake.output.description).parent)
