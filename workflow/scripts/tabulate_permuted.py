from pathlib import Path

from plasticity.logs import log_to
from plasticity.tabulate_permuted import tabulate_permuted

with log_to(snakemake.log[0]):
    tabulate_permuted(
        Path(snakemake.input.metrics),
        Path(snakemake.input.correlations),
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
