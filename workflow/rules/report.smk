# What the report says of a whole study, and of the run itself: the configuration, and what the jobs took.


# Each study in one page, from its tables and some of its figures.
for study in PLANS:
    folder = f"results/{study}/{DATASET}"

    rule:
        name:
            f"summarise_{study}"
        input:
            **result_tables(study),
            figures=summary_figure_files(study),
        output:
            page=report(
                f"{folder}/summary.html",
                caption="../report/summary.rst",
                category=FIRST_CATEGORY,
                subcategory=f"{study}, {DATASET}",
                labels={"page": "summary"},
            ),
        log:
            f"logs/{study}/{DATASET}/summarise.log",
        benchmark:
            f"{folder}/benchmarks/summarise.tsv"
        localrule: True
        conda:
            "../../environment.yml"
        params:
            study=study,
            settings=PLANS[study].summary_settings(),
            drawn_by=PLANS[study].drawn_by,
            code=fingerprint("plasticity.report.summarise", summary_module(study)),
        message:
            "Summing up the study {params.study}"
        script:
            "../scripts/summarise.py"


rule show_config:
    output:
        page=report(
            f"results/config/{DATASET}.html",
            caption="../report/config.rst",
            category="Configuration",
            subcategory=DATASET,
            labels={"table": "configuration as run"},
        ),
    log:
        f"logs/{DATASET}/show_config.log",
    benchmark:
        f"{DATA}/benchmarks/show_config.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        config=config,
        code=fingerprint("plasticity.report.show_config"),
    message:
        "Writing down the configuration"
    script:
        "../scripts/show_config.py"


rule draw_curves:
    input:
        **{study: f"results/{study}/{DATASET}/metrics.parquet" for study in CURVED},
    output:
        page=report(
            f"results/curves/{DATASET}.html",
            caption="../report/curves.rst",
            category="Curves",
            subcategory=DATASET,
            labels={"page": "curves to point at"},
        ),
    log:
        f"logs/{DATASET}/draw_curves.log",
    benchmark:
        f"{DATA}/benchmarks/draw_curves.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings={study: plan.curve_settings() for study, plan in CURVED.items()},
        code=fingerprint("plasticity.report.curves"),
    message:
        "Drawing the curves whose values are read by pointing"
    script:
        "../scripts/draw_curves.py"


# Behind everything else, so that every job has ended. Benchmark files are not its inputs: a lost one would train a
# network again.
rule collect_benchmarks:
    input:
        warm_start_targets(),
        permuted_targets(),
        rules.draw_curves.output.page,
        train_test_targets(),
    output:
        jobs=f"results/benchmarks/{DATASET}/jobs.parquet",
        stages=report(
            f"results/benchmarks/{DATASET}/stages.html",
            caption="../report/resources_table.rst",
            category="Resources",
            subcategory=DATASET,
            labels={"table": "by stage"},
        ),
        runs=report(
            f"results/benchmarks/{DATASET}/runs.html",
            caption="../report/resources_table.rst",
            category="Resources",
            subcategory=DATASET,
            labels={"table": "by run"},
        ),
        svg=report(
            f"results/benchmarks/{DATASET}/resources.svg",
            caption="../report/resources.rst",
            category="Resources",
            subcategory=DATASET,
            labels={"figure": "resources"},
        ),
        png=f"results/benchmarks/{DATASET}/resources.png",
    log:
        f"logs/{DATASET}/collect_benchmarks.log",
    benchmark:
        f"{DATA}/benchmarks/collect_benchmarks.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        folders=benchmark_folders(),
        code=fingerprint("plasticity.report.collect_benchmarks", tables=("benchmarks",)),
    message:
        "Collecting what the jobs took"
    script:
        "../scripts/collect_benchmarks.py"
