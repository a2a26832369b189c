from pathlib import Path

from plasticity.logs import log_to
from plasticity.measure import MeasureFiles, measure

with log_to(snakemake.log[0]):
    measure(
        MeasureFiles(
            checkpoints=dict(zip(snakemake.params.epochs, map(Path, snakemake.input.checkpoints), strict=True)),
            data=Path(snakemake.input.data),
            split=Path(snakemake.input.split),
            output=Path(snakemake.output.collapse),
        ),
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
    )
