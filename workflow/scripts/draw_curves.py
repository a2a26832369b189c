from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.curves import draw_curves

with log_to(snakemake.log[0]):
    draw_curves(
        {study: Path(path) for study, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        output=Path(snakemake.output.page),
    )
