from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.fine_tune import FineTuneFiles, fine_tune

with log_to(snakemake.log[0]):
    fine_tune(
        FineTuneFiles(
            checkpoints=dict(zip(snakemake.params.starts, map(Path, snakemake.input.checkpoints), strict=True)),
            data=Path(snakemake.input.data),
            splits=dict(zip(snakemake.params.seeds, map(Path, snakemake.input.splits), strict=True)),
            output=Path(snakemake.output.outcomes),
            history=Path(snakemake.output.history),
            records=Path(snakemake.params.records),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
