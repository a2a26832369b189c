from pathlib import Path

from plasticity.curves import draw_curves
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw_curves(
        {study: Path(path) for study, path in snakemake.input.items()},
        settings=snakemake.params.settings,
        output=Path(snakemake.output.page),
    )
