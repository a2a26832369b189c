from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.warm_up import WarmUpFiles, warm_up

with log_to(snakemake.log[0]):
    warm_up(
        WarmUpFiles(
            data=Path(snakemake.input.data),
            splits=dict(zip(snakemake.params.seeds, map(Path, snakemake.input.splits), strict=True)),
            trajectory=Path(snakemake.output.trajectory),
            history=Path(snakemake.output.history),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
