from pathlib import Path

from plasticity.intervene import InterveneFiles, intervene
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    intervene(
        InterveneFiles(
            checkpoints=tuple(zip(map(Path, snakemake.input.checkpoints), map(Path, snakemake.output), strict=True)),
            fresh=Path(snakemake.input.fresh),
            data=Path(snakemake.input.data),
            split=Path(snakemake.input.split),
        ),
        settings=snakemake.params.settings,
        threads=snakemake.threads,
    )
