# What papers published beside what this run has, study by study. A study that the configuration leaves out has its
# published rows too, "not run", in files of their own: the tables of an earlier run stay what they are.


for study in published_studies():
    folder = f"results/{study}/{DATASET}"

    rule:
        name:
            f"compare_published_{study}"
        input:
            **tables_of(study),
        output:
            table=published_files(study)[0],
            page=report(
                published_files(study)[1],
                caption="../report/published.rst",
                category="Published beside this run",
                subcategory=f"{study}, {DATASET}",
                labels={"table": "published and found"},
            ),
        log:
            f"logs/{study}/{DATASET}/compare_published.log",
        benchmark:
            f"{folder}/benchmarks/compare_published.tsv"
        localrule: True
        conda:
            "../../environment.yml"
        params:
            study=study,
            settings=PLANS[study].published_settings() if study in PLANS else None,
            code=fingerprint(
                "plasticity.report.compare_published", tables=("published",)
            )
            + published_digest(study),
        message:
            "Comparing {params.study} with what is published"
        script:
            "../scripts/compare_published.py"
