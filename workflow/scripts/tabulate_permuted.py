from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.continual.outcomes import tabulate_permuted

with log_to(snakemake.log[0]):
    tabulate_permuted(
        {name: Path(path) for name, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
