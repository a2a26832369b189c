from plasticity.jobs.logs import log_to
from plasticity.tasks.halves import draw_splits

with log_to(snakemake.log[0]):
    draw_splits(
        snakemake.params.settings,
        dataset=snakemake.input.data,
        outputs=dict(zip(snakemake.params.seeds, snakemake.output, strict=True)),
    )
