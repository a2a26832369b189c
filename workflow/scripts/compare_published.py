from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.compare_published import compare_published

with log_to(snakemake.log[0]):
    compare_published(
        snakemake.params.study,
        {name: Path(path) for name, path in snakemake.input.items()} or None,
        table=Path(snakemake.output.table),
        page=Path(snakemake.output.page),
        settings=snakemake.params.settings,
    )
