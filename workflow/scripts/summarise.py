from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.summarise import summarise

with log_to(snakemake.log[0]):
    summarise(
        snakemake.params.study,
        tables={name: path for name, path in snakemake.input.items() if name != "figures"},
        figures=snakemake.input.figures,
        output=Path(snakemake.output.page),
        settings=snakemake.params.settings,
        drawn_by=snakemake.params.drawn_by,
    )
