from pathlib import Path

from plasticity.logs import log_to
from plasticity.tabulate import tabulate

with log_to(snakemake.log[0]):
    tabulate(
        {name: Path(path) for name, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
