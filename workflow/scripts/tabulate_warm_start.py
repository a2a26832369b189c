from pathlib import Path

from plasticity.logs import log_to
from plasticity.tabulate import tabulate

with log_to(snakemake.log[0]):
    tabulate(
        Path(snakemake.input.metrics),
        Path(snakemake.input.correlations),
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
