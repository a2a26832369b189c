from pathlib import Path

from plasticity.jobs.logs import log_to
from plasticity.report.draw import FigureFiles, draw

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
