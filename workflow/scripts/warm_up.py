from pathlib import Path

from plasticity.logs import log_to
from plasticity.warm_up import WarmUpFiles, warm_up

with log_to(snakemake.log[0]):
    warm_up(
        WarmUpFiles(
            data=Path(snakemake.input.data),
            split=Path(snakemake.input.split),
            trajectory=Path(snakemake.output.trajectory),
            history=Path(snakemake.output.history),
        ),
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
