from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.collect_benchmarks import collect_benchmarks

with log_to(snakemake.log[0]):
    collect_benchmarks(
        snakemake.params.folders,
        {name: Path(path) for name, path in snakemake.output.items()},
    )
