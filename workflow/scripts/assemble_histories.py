from pathlib import Path

from plasticity.assemble import assemble_histories
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    assemble_histories([Path(path) for path in snakemake.input], Path(snakemake.output.histories))
