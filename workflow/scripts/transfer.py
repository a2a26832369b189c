from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.transfer import TransferFiles, transfer

with log_to(snakemake.log[0]):
    transfer(
        TransferFiles(
            data=Path(snakemake.input.data),
            trajectory=Path(snakemake.input.trajectory),
            output=Path(snakemake.output.outcomes),
            records=Path(snakemake.output.outcomes).with_suffix(""),
        ),
        settings=snakemake.params.settings,
        seeds=snakemake.params.seeds,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
