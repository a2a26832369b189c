from plasticity.draw import draw
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw(
        snakemake.params.figure,
        tables=dict(snakemake.input.items()),
        svg=snakemake.output.svg,
        png=snakemake.output.png,
        settings=snakemake.params.settings,
    )
