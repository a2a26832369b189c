# What the report says of the run itself: the configuration, curves of all studies, and what the jobs took.


rule show_config:
    """Write the configuration of the run, for the report."""
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
        stage="plasticity.report.show_config:run",
        config=json.dumps(config),
        code=code_of("plasticity.report.show_config"),
    message:
        "Writing the configuration"
    script:
        "../scripts/stage.py"


rule draw_curves:
    """Draw interactive curves of all arms."""
    input:
        **{name: f"{PLANS[name].folder}/metrics.parquet" for name in CURVED},
    output:
        page=report(
            f"results/curves/{DATASET}.html",
            caption="../report/curves.rst",
            category="Curves",
            subcategory=DATASET,
            labels={"page": "interactive curves"},
        ),
    log:
        f"logs/{DATASET}/draw_curves.log",
    benchmark:
        f"{DATA}/benchmarks/draw_curves.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.curves:run",
        sections=CURVED,
        settings=curves().ordered(),
        code=code_of("plasticity.report.curves"),
    message:
        "Drawing the interactive curves"
    script:
        "../scripts/stage.py"


# Behind everything else, so that every job has ended. Benchmark files are not its inputs: a lost one would train a
# network again.
rule collect_benchmarks:
    """Collect the resources of every job in a table, two pages and a figure."""
    input:
        [path for section in SECTIONS for path in targets(section)],
        across_targets(),
        f"results/curves/{DATASET}.html",
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
        pdf=f"results/benchmarks/{DATASET}/resources.pdf",
    log:
        f"logs/{DATASET}/collect_benchmarks.log",
    benchmark:
        f"{DATA}/benchmarks/collect_benchmarks.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.collect_benchmarks:run",
        studies=list(SECTIONS),
        dataset=DATASET,
        code=code_of("plasticity.report.collect_benchmarks", tables=("benchmarks",)),
    message:
        "Collecting the resources of the jobs"
    script:
        "../scripts/stage.py"
