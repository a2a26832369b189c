# Warm starting: does a network that has trained on half of the data still learn from all of it, and does the collapse
# of its features say why? First task: half of the training set. Next task: the full set.
#
#   draw_split -> warm_up -> export -> [intervene] -> measure_collapse -+
#                                                       |               +-> assemble_metrics -> analysis.smk
#                                                       +-> fine_tune --+-> assemble_histories
#
# Params hold the exact slice of the configuration that a stage reads and a fingerprint of its Python: nothing else
# makes it stale. The longest chain goes first, so that in the end short jobs fill the cores. Checkpoints are listed in
# a manifest per start and job, which is all that Snakemake sees of them.


wildcard_constraints:
    arm=named_by("warm_start", "arms"),
    warm_up=named_by("warm_start", "warm_ups"),
    start=named_by("warm_start", "starts"),
    intervened=named_by("warm_start", "interventions"),
    chunk=r"epochs\d+-\d+",


rule draw_split:
    """Draw a seed's training images and its warm-up half."""
    input:
        data=PREPARED,
        checked=CHECKED,
    output:
        split=f"{RESULTS}/splits/seed{{seed}}.parquet",
    log:
        f"{LOGS}/draw_split/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_split/seed{{seed}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.stages.draw_split:run",
        settings=lambda wildcards: plan(wildcards).split_settings().canonical(),
        seed=lambda wildcards: int(wildcards.seed),
        code=code_of("plasticity.stages.draw_split", tables=("split",)),
    message:
        "Drawing the warm-up half of seed {wildcards.seed}"
    script:
        "../scripts/stage.py"


rule warm_up:
    """Train some seeds on the first task, the warm-up half, and keep checkpoints."""
    input:
        data=PREPARED,
        splits=lambda wildcards: plan(wildcards).split_files(wildcards.group),
    output:
        trajectory=directory(f"{RESULTS}/warm_up/{{warm_up}}/{{group}}/trajectory"),
        history=f"{RESULTS}/warm_up/{{warm_up}}/{{group}}/history.parquet",
    log:
        f"{LOGS}/warm_up/{{warm_up}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/warm_up/{{warm_up}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.warm_up:run",
        settings=lambda wildcards: plan(wildcards)
        .warm_up_settings(wildcards.warm_up)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.warm_up",
            tables=("history",),
            settings=plan(wildcards).warm_up_settings(wildcards.warm_up),
        ),
        # Says what measuring costs. Functions of `input` are not tracked: what is measured trains nothing again.
        before=lambda wildcards, input: "plasticity.stages.measure_collapse:tell_costs",
        measured=lambda wildcards, input: plan(wildcards)
        .costs_settings(wildcards.warm_up)
        .canonical(),
    message:
        "Warm-up {wildcards.warm_up}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule export:
    """Export a warm-up's checkpoints as standalone files."""
    input:
        trajectory=f"{RESULTS}/warm_up/{{warm_up}}/{{group}}/trajectory",
    output:
        manifest=f"{RESULTS}/checkpoints/{{warm_up}}/{{group}}.json",
    log:
        f"{LOGS}/export_checkpoints/{{warm_up}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_checkpoints/{{warm_up}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    priority: 1
    group:
        "measure"
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.stages.export:run",
        header=lambda wildcards: dict(study=wildcards.study, dataset=DATASET),
        starts=lambda wildcards: plan(wildcards).exported(
            wildcards.warm_up, wildcards.group
        ),
        code=lambda wildcards: or_gone(
            code_of("plasticity.stages.export"), wildcards, wildcards.warm_up
        ),
    message:
        "Exporting the checkpoints of {wildcards.warm_up}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule intervene:
    """Apply an arm's intervention, such as shrink-and-perturb, to its checkpoints."""
    input:
        manifest=lambda wildcards: plan(wildcards).manifest(
            plan(wildcards).arms[wildcards.intervened].warm_up, wildcards.group
        ),
        data=PREPARED,
        splits=lambda wildcards: plan(wildcards).split_files(wildcards.group),
    output:
        manifest=f"{RESULTS}/checkpoints/{{intervened}}/{{group}}.json",
    log:
        f"{LOGS}/intervene/{{intervened}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/intervene/{{intervened}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    params:
        stage="plasticity.stages.intervene:run",
        settings=lambda wildcards: plan(wildcards)
        .intervene_settings(wildcards.intervened)
        .canonical(),
        seeds=seeds,
        starts=lambda wildcards: plan(wildcards).intervened(
            wildcards.intervened, wildcards.group
        ),
        code=lambda wildcards: or_gone(
            code_of(
                "plasticity.stages.intervene",
                settings=plan(wildcards).intervene_settings(wildcards.intervened),
            ),
            wildcards,
            wildcards.intervened,
        ),
    message:
        "Intervention {wildcards.intervened}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule measure_collapse:
    """Measure collapse and the other metrics at the checkpoints."""
    input:
        manifest=f"{RESULTS}/checkpoints/{{start}}/{{group}}.json",
        data=PREPARED,
        splits=lambda wildcards: plan(wildcards).split_files(wildcards.group),
    output:
        collapse=f"{RESULTS}/collapse/{{start}}/{{group}}.parquet",
    log:
        f"{LOGS}/measure_collapse/{{start}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_collapse/{{start}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    group:
        "measure"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        stage="plasticity.stages.measure_collapse:run",
        settings=lambda wildcards: plan(wildcards)
        .measure_settings(wildcards.start)
        .canonical(),
        seeds=seeds,
        starts=lambda wildcards: plan(wildcards).measured(
            wildcards.start, wildcards.group
        ),
        code=lambda wildcards: code_of(
            "plasticity.stages.measure_collapse",
            tables=("collapse",),
            settings=plan(wildcards).measure_settings(wildcards.start),
        ),
    message:
        "Measuring collapse of {wildcards.start}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule fine_tune:
    """Train on the next task, the full training set, from checkpoints of an arm."""
    input:
        manifest=lambda wildcards: plan(wildcards).manifest(
            plan(wildcards).arms[wildcards.arm].start, wildcards.group
        ),
        data=PREPARED,
        splits=lambda wildcards: plan(wildcards).split_files(wildcards.group),
    output:
        outcomes=f"{RESULTS}/fine_tune/{{arm}}/{{group}}/{{chunk}}.parquet",
        history=f"{RESULTS}/fine_tune/{{arm}}/{{group}}/{{chunk}}.history.parquet",
    log:
        f"{LOGS}/fine_tune/{{arm}}/{{group}}/{{chunk}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fine_tune/{{arm}}/{{group}}/{{chunk}}.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.fine_tune:run",
        settings=lambda wildcards: plan(wildcards)
        .fine_tune_settings(wildcards.arm)
        .canonical(),
        seeds=seeds,
        starts=lambda wildcards: plan(wildcards).fine_tuned(
            wildcards.arm, wildcards.group, wildcards.chunk
        ),
        code=lambda wildcards: code_of(
            "plasticity.stages.fine_tune",
            tables=("fine_tune", "history"),
            settings=plan(wildcards).fine_tune_settings(wildcards.arm),
        ),
    message:
        "Fine-tuning {wildcards.arm}, {wildcards.group}, {wildcards.chunk}"
    script:
        "../scripts/stage.py"


rule assemble_metrics:
    """Join collapse and outcomes of all arms: a row per arm, seed and checkpoint."""
    input:
        collapse=lambda wildcards: plan(wildcards).collapse_files,
        fine_tune=lambda wildcards: plan(wildcards).fine_tune_files("parquet"),
    output:
        metrics=f"{RESULTS}/metrics.parquet",
    log:
        f"{LOGS}/assemble_metrics.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_metrics.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.warm_start.assemble:run_metrics",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        code=code_of("plasticity.studies.warm_start.assemble", tables=("metrics",)),
    message:
        "Assembling the table of metrics of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule assemble_histories:
    """Assemble the training histories: a row per training run and epoch."""
    input:
        warm_up=lambda wildcards: plan(wildcards).warm_up_histories,
        fine_tune=lambda wildcards: plan(wildcards).fine_tune_files("history.parquet"),
    output:
        histories=f"{RESULTS}/histories.parquet",
    log:
        f"{LOGS}/assemble_histories.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_histories.tsv"
    wildcard_constraints:
        study=sections("warm_start"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.warm_start.assemble:run_histories",
        code=code_of("plasticity.studies.warm_start.assemble", tables=("history",)),
    message:
        "Assembling the training histories of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule warm_start:
    """Make all results of warm starting."""
    input:
        targets_of("warm_start"),
