# Permuted images: does a network that has learnt one permutation of the pixels still learn the next, and does the
# collapse of its features say why? First task: the seed's first permutation. Next tasks: further ones, one after another.
#
#   first_task (per training) -> following_tasks (per experiment) -> assemble_permuted -> correlate_permuted
#                                                                                      \-> find_causes_permuted
#                                                                         tabulate, figures <-----/
# A job carries some seeds; the networks of all its arms and seeds go through the tasks side by side. These few, long jobs
# go before the warm-ups, whose many measurements fill the cores in the end.


wildcard_constraints:
    first_task=one_of(PERMUTED.first_tasks),
    experiment=one_of(PERMUTED.experiments),
    group=r"seeds\d+-\d+",


rule first_task:
    input:
        data=rules.prepare_data.output.description,
    output:
        trajectory=directory(
            f"{PERMUTED_RESULTS}/first_task/{{first_task}}/{{group}}/trajectory"
        ),
        history=f"{PERMUTED_RESULTS}/first_task/{{first_task}}/{{group}}/history.parquet",
    log:
        f"logs/permuted/{DATASET}/first_task/{{first_task}}/{{group}}.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/first_task/{{first_task}}/{{group}}.tsv"
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: PERMUTED.first_task_settings(wildcards.first_task),
        seeds=lambda wildcards: PERMUTED.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.first_task",
            tables=("first_task",),
            used=entries_in(PERMUTED.first_task_settings(wildcards.first_task)),
        ),
    message:
        "First task, training {wildcards.first_task}, {wildcards.group}"
    script:
        "../scripts/first_task.py"


rule following_tasks:
    input:
        data=rules.prepare_data.output.description,
        trajectories=lambda wildcards: expand(
            rules.first_task.output.trajectory,
            first_task=PERMUTED.first_task_of(wildcards.experiment),
            allow_missing=True,
        ),
        histories=lambda wildcards: expand(
            rules.first_task.output.history,
            first_task=PERMUTED.first_task_of(wildcards.experiment),
            allow_missing=True,
        ),
    output:
        tasks=f"{PERMUTED_RESULTS}/following_tasks/{{experiment}}/{{group}}.parquet",
    log:
        f"logs/permuted/{DATASET}/following_tasks/{{experiment}}/{{group}}.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/following_tasks/{{experiment}}/{{group}}.tsv"
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: PERMUTED.following_settings(wildcards.experiment),
        first_tasks=lambda wildcards: PERMUTED.first_task_of(wildcards.experiment),
        seeds=lambda wildcards: PERMUTED.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.following_tasks",
            tables=("following_tasks",),
            used=entries_in(PERMUTED.following_settings(wildcards.experiment)),
        ),
    message:
        "Following tasks, experiment {wildcards.experiment}, {wildcards.group}"
    script:
        "../scripts/following_tasks.py"


rule assemble_permuted:
    input:
        first_tasks=expand(
            rules.first_task.output.history,
            first_task=PERMUTED.first_tasks,
            group=PERMUTED.groups,
        ),
        following=expand(
            rules.following_tasks.output.tasks,
            experiment=PERMUTED.experiments,
            group=PERMUTED.groups,
        ),
    output:
        metrics=f"{PERMUTED_RESULTS}/metrics.parquet",
    log:
        f"logs/permuted/{DATASET}/assemble_permuted.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/assemble_permuted.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=PERMUTED.assemble_settings(),
        first_tasks=[name for name in PERMUTED.first_tasks for _ in PERMUTED.groups],
        code=fingerprint("plasticity.studies.continual.assemble", tables=("permuted",)),
    message:
        "Assembling the table of the permuted study"
    script:
        "../scripts/assemble_permuted.py"


rule correlate_permuted:
    input:
        metrics=rules.assemble_permuted.output.metrics,
    output:
        correlations=f"{PERMUTED_RESULTS}/correlations.parquet",
    log:
        f"logs/permuted/{DATASET}/correlate_permuted.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/correlate_permuted.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=PERMUTED.study["analysis"],
        code=fingerprint(
            "plasticity.studies.continual.correlate", tables=("correlations",)
        ),
    message:
        "Correlating collapse with accuracy, over tasks and across runs"
    script:
        "../scripts/correlate_permuted.py"


rule find_causes_permuted:
    input:
        metrics=rules.assemble_permuted.output.metrics,
    output:
        causes=f"{PERMUTED_RESULTS}/causes.parquet",
    log:
        f"logs/permuted/{DATASET}/find_causes_permuted.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/find_causes_permuted.tsv"
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=PERMUTED.causes_settings(),
        code=fingerprint("plasticity.studies.continual.causes", tables=("causes",)),
    message:
        "Asking what collapse explains beyond training, and what the arms as an experiment say"
    script:
        "../scripts/find_causes_permuted.py"


rule tabulate_permuted:
    input:
        metrics=rules.assemble_permuted.output.metrics,
        correlations=rules.correlate_permuted.output.correlations,
        causes=rules.find_causes_permuted.output.causes,
    output:
        outcomes=report(
            f"{PERMUTED_RESULTS}/tables/outcomes.html",
            caption="../report/permuted_table.rst",
            category="Tables",
            subcategory=f"permuted, {DATASET}",
            labels={"table": "collapse and outcomes"},
        ),
        correlations=report(
            f"{PERMUTED_RESULTS}/tables/correlations.html",
            caption="../report/permuted_correlations_table.rst",
            category="Tables",
            subcategory=f"permuted, {DATASET}",
            labels={"table": "correlations"},
        ),
        causes=report(
            f"{PERMUTED_RESULTS}/tables/causes.html",
            caption="../report/permuted_causes_table.rst",
            category="Tables",
            subcategory=f"permuted, {DATASET}",
            labels={"table": "causes"},
        ),
    log:
        f"logs/permuted/{DATASET}/tabulate.log",
    benchmark:
        f"{PERMUTED_RESULTS}/benchmarks/tabulate.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=PERMUTED.tabulate_settings(),
        code=fingerprint("plasticity.studies.continual.outcomes"),
    message:
        "Writing the report's tables of the permuted study"
    script:
        "../scripts/tabulate_permuted.py"
