from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.show_config import show_config

with log_to(snakemake.log[0]):
    show_config(snakemake.params.config, Path(snakemake.output.page))
