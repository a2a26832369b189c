from pathlib import Path

from plasticity.collect_benchmarks import collect_benchmarks
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    collect_benchmarks(
        snakemake.params.folders,
        {name: Path(path) for name, path in snakemake.output.items()},
    )
