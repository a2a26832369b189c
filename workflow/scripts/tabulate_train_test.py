from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.studies.train_test_collapse.outcomes import tabulate_train_test

with log_to(snakemake.log[0]):
    tabulate_train_test(
        {name: Path(path) for name, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        outputs={name: Path(path) for name, path in snakemake.output.items()},
    )
