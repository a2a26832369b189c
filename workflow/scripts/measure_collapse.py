from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.measure_collapse import MeasureFiles, measure

with log_to(snakemake.log[0]):
    measure(
        MeasureFiles(
            checkpoints=dict(zip(snakemake.params.starts, map(Path, snakemake.input.checkpoints), strict=True)),
            data=Path(snakemake.input.data),
            splits=dict(zip(snakemake.params.seeds, map(Path, snakemake.input.splits), strict=True)),
            output=Path(snakemake.output.collapse),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
    )
