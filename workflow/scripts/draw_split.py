from plasticity.logs import log_to
from plasticity.split import draw_split

with log_to(snakemake.log[0]):
    draw_split(
        snakemake.params.settings,
        dataset=snakemake.input.data,
        seed=int(snakemake.wildcards.seed),
        output=snakemake.output.split,
    )
