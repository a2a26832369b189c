# A finished run that is kept: `snakemake reproduction_page` copies its tables and figures into docs/reproduction, or
# `snakemake docs/reproduction/<study>_<name>.md` under a name of one's own, and writes the page. Nothing else asks for it.


wildcard_constraints:
    run=r"[^/]+",


for study in COMPARED:
    folder = f"results/{study}/{DATASET}"

    rule:
        name:
            f"keep_run_{study}"
        input:
            kept_files(study),
        output:
            page=f"docs/reproduction/{study}_{{run}}.md",
        log:
            f"logs/{study}/{DATASET}/keep_run/{{run}}.log",
        benchmark:
            f"{folder}/benchmarks/keep_run/{{run}}.tsv"
        localrule: True
        conda:
            "../../environment.yml"
        params:
            study=study,
            command=command_line(),
            config=config,
            code=fingerprint("plasticity.report.keep_run") + published_digest(study),
        message:
            "Keeping the run of {params.study} as {wildcards.run}"
        script:
            "../scripts/keep_run.py"
