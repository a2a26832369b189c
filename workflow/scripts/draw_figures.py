from pathlib import Path

from plasticity.draw import FigureFiles, draw
from plasticity.logs import log_to

with log_to(snakemake.log[0]):
    draw(
        {
            figure: FigureFiles(Path(svg), Path(png))
            for figure, svg, png in zip(
                snakemake.params.figures, snakemake.output.svg, snakemake.output.png, strict=True
            )
        },
        tables=dict(snakemake.input.items()),
        settings=snakemake.params.settings,
    )
