from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.stages.measure_variances import MeasureFiles, measure_variances

with log_to(snakemake.log[0]):
    measure_variances(
        MeasureFiles(
            data=Path(snakemake.input.data),
            trajectory=Path(snakemake.input.trajectory),
            output=Path(snakemake.output.variances),
        ),
        settings=snakemake.params.settings,
        seeds=snakemake.params.seeds,
        threads=snakemake.threads,
    )
