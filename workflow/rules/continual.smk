# Sequences of tasks: does a network that has learnt one permutation of the pixels still learn the next, and does the
# collapse of its features say why? First task: the seed's first permutation. Next tasks: further ones, one after another.
#
#   first_task (per training) -> following_tasks (per experiment) -> assemble_tasks -> analysis.smk
#
# A job carries some seeds; the networks of all its arms and seeds go through the tasks side by side. These few, long jobs
# go before the warm-ups, whose many measurements fill the cores in the end.
#
#   the tables of all sections -> explain_across -> show_across

from plasticity.studies.continual.across.across_plan import (
    across_display,
    explain_across_settings,
)


wildcard_constraints:
    first_task=named_by("continual", "first_tasks"),
    experiment=named_by("continual", "experiments"),


rule first_task:
    """Train some seeds on the first task, for as long as the longest of its arms."""
    input:
        data=PREPARED,
        checked=CHECKED,
    output:
        trajectory=directory(
            f"{RESULTS}/first_task/{{first_task}}/{{group}}/trajectory"
        ),
        history=f"{RESULTS}/first_task/{{first_task}}/{{group}}/history.parquet",
    log:
        f"{LOGS}/first_task/{{first_task}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/first_task/{{first_task}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("continual"),
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.first_task:run",
        settings=lambda wildcards: plan(wildcards)
        .first_task_settings(wildcards.first_task)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.first_task",
            tables=("first_task",),
            settings=plan(wildcards).first_task_settings(wildcards.first_task),
        ),
    message:
        "First task, training {wildcards.first_task}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule following_tasks:
    """Train the arms of an experiment on one task after another."""
    input:
        data=PREPARED,
        trajectories=lambda wildcards: plan(wildcards).trained(
            "trajectory",
            plan(wildcards).first_task_of(wildcards.experiment),
            [wildcards.group],
        ),
        histories=lambda wildcards: plan(wildcards).trained(
            "history.parquet",
            plan(wildcards).first_task_of(wildcards.experiment),
            [wildcards.group],
        ),
    output:
        tasks=f"{RESULTS}/following_tasks/{{experiment}}/{{group}}.parquet",
    log:
        f"{LOGS}/following_tasks/{{experiment}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/following_tasks/{{experiment}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("continual"),
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.following_tasks:run",
        settings=lambda wildcards: plan(wildcards)
        .following_settings(wildcards.experiment)
        .canonical(),
        first_tasks=lambda wildcards: plan(wildcards).first_task_of(
            wildcards.experiment
        ),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.following_tasks",
            tables=("following_tasks",),
            settings=plan(wildcards).following_settings(wildcards.experiment),
        ),
    message:
        "Following tasks, experiment {wildcards.experiment}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule assemble_tasks:
    """Join first and following tasks of all arms: a row per arm, seed and task."""
    input:
        first_tasks=lambda wildcards: plan(wildcards).trained(
            "history.parquet", plan(wildcards).first_tasks, plan(wildcards).groups
        ),
        following=lambda wildcards: plan(wildcards).following_files,
    output:
        metrics=f"{RESULTS}/metrics.parquet",
    log:
        f"{LOGS}/assemble_tasks.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_tasks.tsv"
    wildcard_constraints:
        study=sections("continual"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.continual.assemble:run",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        first_tasks=lambda wildcards: [
            name
            for name in plan(wildcards).first_tasks
            for _ in plan(wildcards).groups
        ],
        code=code_of("plasticity.studies.continual.assemble", tables=("permuted",)),
    message:
        "Assembling the table of tasks of {wildcards.study}"
    script:
        "../scripts/stage.py"


# Of all sections together: a quantity that explains the loss in one sequence of tasks may fail in the next.
rule explain_across:
    """Estimate how well each quantity predicts losses in sections that it was not fitted on."""
    input:
        **{name: f"{each.folder}/metrics.parquet" for name, each in compared().items()},
    output:
        explanations=f"results/across_sections/{DATASET}/explanations.parquet",
    log:
        f"logs/{DATASET}/explain_across.log",
    benchmark:
        f"{DATA}/benchmarks/explain_across.tsv"
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.continual.across.explain_across:run",
        settings=lambda wildcards: explain_across_settings(compared()).canonical(),
        code=code_of(
            "plasticity.studies.continual.across.explain_across",
            tables=("explanations_across",),
        ),
    message:
        "Predicting losses across sections"
    script:
        "../scripts/stage.py"


rule show_across:
    """Show explanations across sections: a figure, a page, and the sentence of the report's first page."""
    input:
        explanations=f"results/across_sections/{DATASET}/explanations.parquet",
    output:
        svg=report(
            f"results/across_sections/{DATASET}/figures/explanations_across.svg",
            caption="../report/explanations_across.rst",
            category="Figures",
            subcategory=f"across sections, {DATASET}",
            labels={"figure": "explanations across sections"},
        ),
        png=f"results/across_sections/{DATASET}/figures/explanations_across.png",
        pdf=f"results/across_sections/{DATASET}/figures/explanations_across.pdf",
        page=report(
            f"results/across_sections/{DATASET}/tables/explanations.html",
            caption="../report/explanations_across.rst",
            category="Tables",
            subcategory=f"across sections, {DATASET}",
            labels={"table": "explanations across sections"},
        ),
        digest=f"results/across_sections/{DATASET}/summary.json",
    log:
        f"logs/{DATASET}/show_across.log",
    benchmark:
        f"{DATA}/benchmarks/show_across.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.continual.across.show_across:run",
        titles=[titles()[name] for name in compared()],
        settings=lambda wildcards: across_display(compared(), titles()).ordered(),
        code=code_of("plasticity.studies.continual.across.show_across"),
    message:
        "Showing explanations across sections"
    script:
        "../scripts/stage.py"


rule continual:
    """Make all results of sequences of tasks."""
    input:
        targets_of("continual"),
