# What the report holds beside the figures: tables to read and the configuration as it was run.


rule tabulate:
    input:
        metrics=rules.assemble_metrics.output.metrics,
        correlations=rules.correlate.output.correlations,
    output:
        outcomes=report(
            f"{STUDY}/tables/outcomes.html",
            caption="../report/metrics_table.rst",
            category="Tables",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "collapse and outcomes"},
        ),
        correlations=report(
            f"{STUDY}/tables/correlations.html",
            caption="../report/correlations_table.rst",
            category="Tables",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "correlations"},
        ),
    log:
        f"logs/warm_start/{DATASET}/tabulate.log",
    benchmark:
        f"{STUDY}/benchmarks/tabulate.tsv"
    conda:
        "../../environment.yml"
    params:
        settings=PLAN.tabulate_settings(),
        code=fingerprint("plasticity.tabulate"),
    message:
        "Writing the report's tables"
    script:
        "../scripts/tabulate.py"


rule show_config:
    output:
        page=report(
            f"{STUDY}/tables/config.html",
            caption="../report/config.rst",
            category="Configuration",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "configuration as run"},
        ),
    log:
        f"logs/warm_start/{DATASET}/show_config.log",
    benchmark:
        f"{STUDY}/benchmarks/show_config.tsv"
    conda:
        "../../environment.yml"
    params:
        config=config,
        code=fingerprint("plasticity.show_config"),
    message:
        "Writing down the configuration"
    script:
        "../scripts/show_config.py"
