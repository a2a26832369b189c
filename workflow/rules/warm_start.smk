# Warm starting: does a network that has trained on half of the data still learn from all of it, and does the collapse
# of its features say why? First task: half of the training set. Next task: the full set.
#
#   draw_split -> warm_up -> export -> [intervene] -> measure_collapse -+
#                                                       |                          +-> assemble_metrics -> correlate
#                                                       +-------> fine_tune -------+               \-> find_causes
#                                                                             tabulate, figures <-----/
# Params hold the exact slice of the configuration that a stage reads and a fingerprint of its Python: nothing else
# makes it stale. The longest chain goes first, so that in the end short jobs fill the cores.


wildcard_constraints:
    arm=one_of(WARM_START.arms),
    warm_up=one_of(WARM_START.warm_ups),
    start=one_of(WARM_START.starts),
    group=r"seeds\d+-\d+",
    chunk=r"epochs\d+-\d+",


for group, seeds in WARM_START.groups.items():

    rule:
        name:
            f"draw_split_{group}"
        input:
            data=rules.prepare_data.output.description,
        output:
            splits_of_group(group),
        log:
            f"logs/warm_start/{DATASET}/draw_split/{group}.log",
        benchmark:
            f"{WARM_START_RESULTS}/benchmarks/draw_split/{group}.tsv"
        localrule: True
        conda:
            "../../environment.yml"
        params:
            settings=WARM_START.split_settings(),
            seeds=seeds,
            code=fingerprint("plasticity.tasks.halves", tables=("split",)),
        message:
            f"Drawing the warm-up halves of {group}"
        script:
            "../scripts/draw_split.py"


rule warm_up:
    input:
        data=rules.prepare_data.output.description,
        splits=lambda wildcards: splits_of_group(wildcards.group),
    output:
        trajectory=directory(
            f"{WARM_START_RESULTS}/warm_up/{{warm_up}}/{{group}}/trajectory"
        ),
        history=f"{WARM_START_RESULTS}/warm_up/{{warm_up}}/{{group}}/history.parquet",
    log:
        f"logs/warm_start/{DATASET}/warm_up/{{warm_up}}/{{group}}.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/warm_up/{{warm_up}}/{{group}}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: WARM_START.warm_up_settings(wildcards.warm_up),
        seeds=lambda wildcards: WARM_START.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.warm_up",
            tables=("history",),
            used=entries_in(WARM_START.warm_up_settings(wildcards.warm_up)),
        ),
    message:
        "Warm-up {wildcards.warm_up}, {wildcards.group}"
    script:
        "../scripts/warm_up.py"


# A rule per job: its checkpoints are its outputs, and how many there are is its own.
for training in WARM_START.warm_ups:
    for group in WARM_START.groups:

        rule:
            name:
                f"export_{training}_{group}"
            input:
                trajectory=f"{WARM_START_RESULTS}/warm_up/{training}/{group}/trajectory",
            output:
                checkpoints_of(training, WARM_START.exported(training, group)),
            log:
                f"logs/warm_start/{DATASET}/export_checkpoints/{training}/{group}.log",
            benchmark:
                f"{WARM_START_RESULTS}/benchmarks/export_checkpoints/{training}/{group}.tsv"
            priority: 1
            group:
                "measure"
            conda:
                "../../environment.yml"
            params:
                study=dict(study="warm_start", dataset=DATASET),
                starts=WARM_START.exported(training, group),
                code=fingerprint("plasticity.stages.export"),
            message:
                f"Exporting the checkpoints of {training}, {group}"
            script:
                "../scripts/export_checkpoints.py"


for arm, planned in WARM_START.interventions.items():
    for group, seeds in WARM_START.groups.items():

        rule:
            name:
                f"intervene_{arm}_{group}"
            input:
                checkpoints=checkpoints_of(
                    planned.warm_up, WARM_START.intervened(arm, group)
                ),
                data=rules.prepare_data.output.description,
                splits=splits_of_group(group),
            output:
                checkpoints_of(arm, WARM_START.intervened(arm, group)),
            log:
                f"logs/warm_start/{DATASET}/intervene/{arm}/{group}.log",
            benchmark:
                f"{WARM_START_RESULTS}/benchmarks/intervene/{arm}/{group}.tsv"
            priority: 1
            conda:
                "../../environment.yml"
            threads: 1
            params:
                settings=WARM_START.intervene_settings(arm),
                seeds=seeds,
                starts=WARM_START.intervened(arm, group),
                code=fingerprint(
                    "plasticity.stages.intervene",
                    used=entries_in(WARM_START.intervene_settings(arm)),
                ),
            message:
                f"{arm} of {group}"
            script:
                "../scripts/intervene.py"


rule measure_collapse:
    input:
        checkpoints=lambda wildcards: checkpoints_of(
            wildcards.start, WARM_START.measured(wildcards.start, wildcards.group)
        ),
        data=rules.prepare_data.output.description,
        splits=lambda wildcards: splits_of_group(wildcards.group),
    output:
        collapse=f"{WARM_START_RESULTS}/collapse/{{start}}/{{group}}.parquet",
    log:
        f"logs/warm_start/{DATASET}/measure_collapse/{{start}}/{{group}}.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/measure_collapse/{{start}}/{{group}}.tsv"
    group:
        "measure"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=lambda wildcards: WARM_START.measure_settings(wildcards.start),
        seeds=lambda wildcards: WARM_START.groups[wildcards.group],
        starts=lambda wildcards: WARM_START.measured(wildcards.start, wildcards.group),
        code=lambda wildcards: fingerprint(
            "plasticity.stages.measure_collapse",
            tables=("collapse",),
            used=entries_in(WARM_START.measure_settings(wildcards.start)),
        ),
    message:
        "Measuring collapse of {wildcards.start}, {wildcards.group}"
    script:
        "../scripts/measure_collapse.py"


rule fine_tune:
    input:
        checkpoints=lambda wildcards: checkpoints_of(
            WARM_START.arms[wildcards.arm].start,
            WARM_START.fine_tuned(wildcards.arm, wildcards.group, wildcards.chunk),
        ),
        data=rules.prepare_data.output.description,
        splits=lambda wildcards: splits_of_group(wildcards.group),
    output:
        outcomes=f"{WARM_START_RESULTS}/fine_tune/{{arm}}/{{group}}/{{chunk}}.parquet",
        history=f"{WARM_START_RESULTS}/fine_tune/{{arm}}/{{group}}/{{chunk}}.history.parquet",
    log:
        f"logs/warm_start/{DATASET}/fine_tune/{{arm}}/{{group}}/{{chunk}}.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/fine_tune/{{arm}}/{{group}}/{{chunk}}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: WARM_START.fine_tune_settings(wildcards.arm),
        seeds=lambda wildcards: WARM_START.groups[wildcards.group],
        starts=lambda wildcards: WARM_START.fine_tuned(
            wildcards.arm, wildcards.group, wildcards.chunk
        ),
        records=f"{WARM_START_RESULTS}/fine_tune/{{arm}}/records",
        code=lambda wildcards: fingerprint(
            "plasticity.stages.fine_tune",
            tables=("fine_tune", "history"),
            used=entries_in(WARM_START.fine_tune_settings(wildcards.arm)),
        ),
    message:
        "Fine-tuning {wildcards.arm}, {wildcards.group}, {wildcards.chunk}"
    script:
        "../scripts/fine_tune.py"


rule assemble_metrics:
    input:
        collapse=expand(
            rules.measure_collapse.output.collapse,
            start=WARM_START.starts,
            group=WARM_START.groups,
        ),
        fine_tune=fine_tune_files("parquet"),
    output:
        metrics=f"{WARM_START_RESULTS}/metrics.parquet",
    log:
        f"logs/warm_start/{DATASET}/assemble_metrics.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/assemble_metrics.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=WARM_START.assemble_settings(),
        code=fingerprint("plasticity.studies.warm_start.assemble", tables=("metrics",)),
    message:
        "Assembling the table of metrics"
    script:
        "../scripts/assemble_metrics.py"


rule assemble_histories:
    input:
        warm_up=expand(
            rules.warm_up.output.history,
            warm_up=WARM_START.warm_ups,
            group=WARM_START.groups,
        ),
        fine_tune=fine_tune_files("history.parquet"),
    output:
        histories=f"{WARM_START_RESULTS}/histories.parquet",
    log:
        f"logs/warm_start/{DATASET}/assemble_histories.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/assemble_histories.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        code=fingerprint("plasticity.studies.warm_start.assemble", tables=("history",)),
    message:
        "Assembling the training histories"
    script:
        "../scripts/assemble_histories.py"


rule correlate:
    input:
        metrics=rules.assemble_metrics.output.metrics,
    output:
        correlations=f"{WARM_START_RESULTS}/correlations.parquet",
    log:
        f"logs/warm_start/{DATASET}/correlate.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/correlate.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=WARM_START.study["analysis"],
        code=fingerprint(
            "plasticity.studies.warm_start.correlate", tables=("correlations",)
        ),
    message:
        "Correlating collapse with what the networks learnt afterwards"
    script:
        "../scripts/correlate.py"


rule find_causes:
    input:
        metrics=rules.assemble_metrics.output.metrics,
    output:
        causes=f"{WARM_START_RESULTS}/causes.parquet",
    log:
        f"logs/warm_start/{DATASET}/find_causes.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/find_causes.tsv"
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=WARM_START.causes_settings(),
        code=fingerprint("plasticity.studies.warm_start.causes", tables=("causes",)),
    message:
        "Asking what collapse explains beyond training, and what the arms as an experiment say"
    script:
        "../scripts/find_causes.py"


rule tabulate_warm_start:
    input:
        metrics=rules.assemble_metrics.output.metrics,
        correlations=rules.correlate.output.correlations,
        causes=rules.find_causes.output.causes,
    output:
        outcomes=report(
            f"{WARM_START_RESULTS}/tables/outcomes.html",
            caption="../report/metrics_table.rst",
            category="Tables",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "collapse and outcomes"},
        ),
        correlations=report(
            f"{WARM_START_RESULTS}/tables/correlations.html",
            caption="../report/correlations_table.rst",
            category="Tables",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "correlations"},
        ),
        causes=report(
            f"{WARM_START_RESULTS}/tables/causes.html",
            caption="../report/causes_table.rst",
            category="Tables",
            subcategory=f"warm_start, {DATASET}",
            labels={"table": "causes"},
        ),
    log:
        f"logs/warm_start/{DATASET}/tabulate.log",
    benchmark:
        f"{WARM_START_RESULTS}/benchmarks/tabulate.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=WARM_START.tabulate_settings(),
        code=fingerprint("plasticity.studies.warm_start.outcomes"),
    message:
        "Writing the report's tables"
    script:
        "../scripts/tabulate_warm_start.py"
