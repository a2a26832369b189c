from pathlib import Path

from plasticity.fresh import draw_fresh_network
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw_fresh_network(
        Path(snakemake.input.data),
        Path(snakemake.output.checkpoint),
        settings=snakemake.params.settings,
        seed=int(snakemake.wildcards.seed),
    )
