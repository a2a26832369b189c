from plasticity.draw import draw
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        histories=snakemake.input.histories,
        correlations=snakemake.input.correlations,
        svg=snakemake.output.svg,
        png=snakemake.output.png,
        settings=snakemake.params.settings,
    )
