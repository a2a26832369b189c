# What a study's tables say, for every study alike: `{study}` is the name of a section of the configuration.
#
#   tables -> correlate, find_causes, explain -> tabulate, draw_figures -> summarise; compare_published; keep_run
#
# The study (src/plasticity/studies/<study>/__init__.py) names the stages that are its own.


wildcard_constraints:
    page=one_of(page for study in SECTIONS.values() for page in study.pages),
    run=r"[^/]+",


rule correlate:
    """Correlate collapse with what is learnt afterwards."""
    input:
        unpack(
            lambda wildcards: tables_of(wildcards, [study(wildcards).correlated]),
        ),
    output:
        correlations=f"{RESULTS}/correlations.parquet",
    log:
        f"{LOGS}/correlate.log",
    benchmark:
        f"{RESULTS}/benchmarks/correlate.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        stage=lambda wildcards: study(wildcards).dotted(study(wildcards).correlate),
        settings=lambda wildcards: plan(wildcards).correlate_settings().canonical(),
        code=lambda wildcards: code_of(
            study(wildcards).dotted(study(wildcards).correlate),
            tables=("correlations",),
        ),
    message:
        "Correlating collapse with learning, {wildcards.study}"
    script:
        "../scripts/stage.py"


rule find_causes:
    """Estimate what collapse explains beyond training, and the causal effects of the arms."""
    input:
        metrics=f"{RESULTS}/metrics.parquet",
    output:
        causes=f"{RESULTS}/causes.parquet",
    log:
        f"{LOGS}/find_causes.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_causes.tsv"
    wildcard_constraints:
        study=one_of(name for name, study in SECTIONS.items() if study.find_causes),
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage=lambda wildcards: study(wildcards).dotted(study(wildcards).find_causes),
        settings=lambda wildcards: plan(wildcards).causes_settings().canonical(),
        code=lambda wildcards: code_of(
            study(wildcards).dotted(study(wildcards).find_causes), tables=("causes",)
        ),
    message:
        "Estimating causes, {wildcards.study}"
    script:
        "../scripts/stage.py"


rule explain:
    """Estimate how well each quantity after a task predicts the loss on the next one."""
    input:
        metrics=f"{RESULTS}/metrics.parquet",
    output:
        explanations=f"{RESULTS}/explanations.parquet",
    log:
        f"{LOGS}/explain.log",
    benchmark:
        f"{RESULTS}/benchmarks/explain.tsv"
    wildcard_constraints:
        study=one_of(name for name, study in SECTIONS.items() if study.explain),
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage=lambda wildcards: study(wildcards).dotted(study(wildcards).explain),
        settings=lambda wildcards: plan(wildcards).explain_settings().canonical(),
        code=lambda wildcards: code_of(
            study(wildcards).dotted(study(wildcards).explain), tables=("explanations",)
        ),
    message:
        "Predicting losses on the next task, {wildcards.study}"
    script:
        "../scripts/stage.py"


rule tabulate:
    """Write a page of the report about a study's tables."""
    input:
        unpack(lambda wildcards: tables_of(wildcards, page_of(wildcards).tables)),
    output:
        page=report(
            f"{RESULTS}/tables/{{page}}.html",
            caption="../report/caption.rst",
            category="Tables",
            subcategory=f"{{study}}, {DATASET}",
            labels=in_words(table=lambda wildcards: page_of(wildcards).label),
        ),
    log:
        f"{LOGS}/tabulate/{{page}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tabulate/{{page}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.tabulate:run",
        module=lambda wildcards: page_of(wildcards).module,
        schemas=lambda wildcards: {
            name: study(wildcards).tables[name].schema
            for name in page_of(wildcards).tables
        },
        title=lambda wildcards: page_of(wildcards).label,
        settings=lambda wildcards: plan(wildcards)
        .tabulate_settings(page_of(wildcards).reads)
        .ordered(),
        code=lambda wildcards: code_of(
            "plasticity.report.tabulate", page_of(wildcards).module
        ),
    message:
        "Writing the page {wildcards.page} of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule draw_figures:
    """Draw a study's figures from its tables, as SVG and PNG."""
    input:
        unpack(tables_of),
    output:
        figures=report(
            directory(f"{RESULTS}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/caption.rst",
            category="Figures",
            subcategory=f"{{study}}, {DATASET}",
            labels=in_words(
                figure=lambda wildcards: wildcards.figure.replace("_", " ")
            ),
        ),
    log:
        f"{LOGS}/draw_figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_figures.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.draw:run",
        tables_class=lambda wildcards: study(wildcards).dotted(
            study(wildcards).figure_tables
        ),
        figures=lambda wildcards: drawn_by(wildcards),
        settings=lambda wildcards: plan(wildcards).display_settings().ordered(),
        styles=lambda wildcards: plan(wildcards).style_settings().ordered(),
        code=lambda wildcards: code_of(
            "plasticity.report.draw",
            study(wildcards).shown_by,
            *drawn_by(wildcards).values(),
        ),
    message:
        "Drawing the figures of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule summarise:
    """Summarise a study on one page, in sentences with their numbers and figures."""
    input:
        unpack(tables_of),
        figures=f"{RESULTS}/figures",
    output:
        page=report(
            f"{RESULTS}/summary.html",
            caption="../report/summary.rst",
            category=FIRST_CATEGORY,
            subcategory=f"{{study}}, {DATASET}",
            labels={"page": "summary"},
        ),
        digest=f"{RESULTS}/summary.json",
    log:
        f"{LOGS}/summarise.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.summarise:run",
        summary=lambda wildcards: study(wildcards).summary(plan(wildcards)).ordered(),
        figures=lambda wildcards: [each.figure for each in study(wildcards).findings],
        settings=lambda wildcards: plan(wildcards).display_settings().ordered(),
        code=lambda wildcards: code_of(
            "plasticity.report.summarise", *study(wildcards).summarised_by
        ),
    message:
        "Summarising {wildcards.study}"
    script:
        "../scripts/stage.py"


rule compare_published:
    """Compare published results on a study with this run."""
    input:
        metrics=f"{RESULTS}/metrics.parquet",
        correlations=f"{RESULTS}/correlations.parquet",
    output:
        table=f"{RESULTS}/published.parquet",
        page=report(
            f"{RESULTS}/tables/published.html",
            caption="../report/published.rst",
            category="Published beside this run",
            subcategory=f"{{study}}, {DATASET}",
            labels={"table": "published and found"},
        ),
    log:
        f"{LOGS}/compare_published.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_published.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.compare_published:run",
        study="{study}",
        package=lambda wildcards: study(wildcards).package,
        settings=lambda wildcards: plan(wildcards).published_settings().ordered(),
        code=lambda wildcards: code_of(
            "plasticity.report.compare_published", tables=("published",)
        )
        + sha256_of(study(wildcards).published)[:16],
    message:
        "Comparing {wildcards.study} with published results"
    script:
        "../scripts/stage.py"


# In files of their own: the tables of an earlier run stay what they are.
rule list_published:
    """List published results on a study that this run leaves out."""
    output:
        table=f"{RESULTS}/not_run.parquet",
        page=report(
            f"{RESULTS}/tables/not_run.html",
            caption="../report/published.rst",
            category="Published beside this run",
            subcategory=f"{{study}}, {DATASET}",
            labels={"table": "published and found"},
        ),
    log:
        f"{LOGS}/list_published.log",
    benchmark:
        f"{RESULTS}/benchmarks/list_published.tsv"
    wildcard_constraints:
        study=one_of(LEFT_OUT),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.report.compare_published:run",
        study="{study}",
        package=lambda wildcards: LEFT_OUT[wildcards.study].package,
        settings="",
        code=lambda wildcards: code_of(
            "plasticity.report.compare_published", tables=("published",)
        )
        + sha256_of(LEFT_OUT[wildcards.study].published)[:16],
    message:
        "Listing published results on {wildcards.study}"
    script:
        "../scripts/stage.py"


# `snakemake reproduction_page` copies tables and figures into docs/reproduction, or, under a name of one's own,
# `snakemake docs/reproduction/<study>_<name>.md`. Nothing else asks for it.
rule keep_run:
    """Keep a finished run under docs/reproduction: tables, figures and a page."""
    input:
        tables=lambda wildcards: kept_tables(wildcards.study),
        figures=f"{RESULTS}/figures",
    output:
        page="docs/reproduction/{study}_{run}.md",
    log:
        f"{LOGS}/keep_run/{{run}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/keep_run/{{run}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.kept_runs:run",
        study="{study}",
        command=command_line(),
        config=json.dumps(config),
        code=lambda wildcards: code_of(
            "plasticity.studies.kept_runs", *study(wildcards).kept_by
        )
        + sha256_of(study(wildcards).published)[:16],
    message:
        "Keeping the run of {wildcards.study} as {wildcards.run}"
    script:
        "../scripts/stage.py"


rule reproduction_page:
    """Keep the finished run of every section."""
    input:
        [f"docs/reproduction/{section}_{DATASET}.md" for section in SECTIONS],
