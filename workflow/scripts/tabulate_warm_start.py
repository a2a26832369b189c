from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.warm_start.outcomes import tabulate

with log_to(snakemake.log[0]):
    tabulate(
        {name: Path(path) for name, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
