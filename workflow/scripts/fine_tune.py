from pathlib import Path

from plasticity.fine_tune import FineTuneFiles, fine_tune
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    fine_tune(
        FineTuneFiles(
            checkpoints=dict(zip(snakemake.params.epochs, map(Path, snakemake.input.checkpoints), strict=True)),
            data=Path(snakemake.input.data),
            split=Path(snakemake.input.split),
            output=Path(snakemake.output.outcomes),
            history=Path(snakemake.output.history),
            records=Path(snakemake.output.outcomes).parent,
        ),
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
