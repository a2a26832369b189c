from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.pre_train import PreTrainFiles, pre_train

with log_to(snakemake.log[0]):
    pre_train(
        PreTrainFiles(
            data=Path(snakemake.input.data),
            trajectory=Path(snakemake.output.trajectory),
            history=Path(snakemake.output.history),
        ),
        settings=snakemake.params.settings,
        seeds=snakemake.params.seeds,
        threads=snakemake.threads,
        code=snakemake.params.code,
    )
