from plasticity.draw import FigureFiles, draw
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw(
        dict(
            zip(
                snakemake.params.figures,
                map(FigureFiles, snakemake.output.svg, snakemake.output.png),
                strict=True,
            )
        ),
        tables=dict(snakemake.input.items()),
        settings=snakemake.params.settings,
    )
