# The configuration as it was run, for the report.


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
        code=fingerprint("plasticity.show_config"),
    message:
        "Writing down the configuration"
    script:
        "../scripts/show_config.py"
