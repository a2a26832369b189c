# The figures of every study, each with its caption. A job draws several of a study, which are stale together: starting
# takes longer than drawing.

for study in PLANS:
    folder = f"results/{study}/{DATASET}"

    for drawing, figures in PLANS[study].drawings.items():

        rule:
            name:
                drawing_rule(study, drawing)
            input:
                **result_tables(study),
            output:
                svg=[figure_in_report(study, figure) for figure in figures],
                png=[figure_file(study, figure, "png") for figure in figures],
            log:
                f"logs/{study}/{DATASET}/draw_figures/{drawing}.log",
            benchmark:
                f"{folder}/benchmarks/draw_figures/{drawing}.tsv"
            localrule: True
            conda:
                "../../environment.yml"
            params:
                figures=figures,
                settings=PLANS[study].drawing_settings(drawing),
                code=fingerprint("plasticity.report.draw", *map(figure_module, figures)),
            message:
                "Drawing " + ", ".join(figures)
            script:
                "../scripts/draw_figures.py"
