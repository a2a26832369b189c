# Train and test collapse: do the features of test images collapse as those of training images do, in every layer, and
# does it help a next task? First task: some images of the data set. Next task: the classes inside its super-classes.
#
#   pre_train -> measure_variances -> assemble_variances -+-> assemble_transfer -> analysis.smk
#           \--> transfer (per learning rate) ------------/
#
# A job carries some seeds. Arms without super-classes have no next task.


wildcard_constraints:
    pre_trained=named_by("train_test_collapse", "arms"),
    rate=named_by("train_test_collapse", "rates"),


rule pre_train:
    """Train some seeds on the first task, and keep checkpoints in equal ratios."""
    input:
        data=PREPARED,
        checked=CHECKED,
    output:
        trajectory=directory(
            f"{RESULTS}/pre_train/{{pre_trained}}/{{group}}/trajectory"
        ),
        history=f"{RESULTS}/pre_train/{{pre_trained}}/{{group}}/history.parquet",
    log:
        f"{LOGS}/pre_train/{{pre_trained}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pre_train/{{pre_trained}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("train_test_collapse"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.pre_train:run",
        settings=lambda wildcards: plan(wildcards)
        .pre_train_settings(wildcards.pre_trained)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.pre_train",
            tables=("history",),
            settings=plan(wildcards).pre_train_settings(wildcards.pre_trained),
        ),
        # Says what measuring costs. Functions of `input` are not tracked: what is measured trains nothing again.
        before=lambda wildcards, input: "plasticity.stages.measure_variances:tell_costs",
        measured=lambda wildcards, input: plan(wildcards)
        .measure_settings(wildcards.pre_trained)
        .canonical(),
    message:
        "First task of {wildcards.pre_trained}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule measure_variances:
    """Measure train and test variances of every layer at the checkpoints."""
    input:
        data=PREPARED,
        trajectory=f"{RESULTS}/pre_train/{{pre_trained}}/{{group}}/trajectory",
    output:
        variances=f"{RESULTS}/variances/{{pre_trained}}/{{group}}.parquet",
    log:
        f"{LOGS}/measure_variances/{{pre_trained}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_variances/{{pre_trained}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("train_test_collapse"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        stage="plasticity.stages.measure_variances:run",
        settings=lambda wildcards: plan(wildcards)
        .measure_settings(wildcards.pre_trained)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.measure_variances",
            tables=("variances",),
            settings=plan(wildcards).measure_settings(wildcards.pre_trained),
        ),
    message:
        "Measuring variances of {wildcards.pre_trained}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule transfer:
    """Train on the next task from every checkpoint, with one learning rate."""
    input:
        data=PREPARED,
        trajectory=f"{RESULTS}/pre_train/{{pre_trained}}/{{group}}/trajectory",
    output:
        outcomes=f"{RESULTS}/transfer/{{pre_trained}}/{{group}}/{{rate}}.parquet",
    log:
        f"{LOGS}/transfer/{{pre_trained}}/{{group}}/{{rate}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/transfer/{{pre_trained}}/{{group}}/{{rate}}.tsv"
    wildcard_constraints:
        study=sections("train_test_collapse"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.transfer:run",
        settings=lambda wildcards: plan(wildcards)
        .transfer_settings(wildcards.pre_trained, wildcards.rate)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.transfer",
            tables=("next_task",),
            settings=plan(wildcards).transfer_settings(
                wildcards.pre_trained, wildcards.rate
            ),
        ),
    message:
        "Next task of {wildcards.pre_trained}, {wildcards.group}, {wildcards.rate}"
    script:
        "../scripts/stage.py"


rule assemble_variances:
    """Assemble the variances of all arms: a row per checkpoint and layer."""
    input:
        lambda wildcards: plan(wildcards).variance_files,
    output:
        metrics=f"{RESULTS}/metrics.parquet",
    log:
        f"{LOGS}/assemble_variances.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_variances.tsv"
    wildcard_constraints:
        study=sections("train_test_collapse"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.train_test_collapse.assemble:run_variances",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        code=code_of(
            "plasticity.studies.train_test_collapse.assemble", tables=("variances",)
        ),
    message:
        "Assembling the table of variances of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule assemble_transfer:
    """Join next tasks with the variances before them: a row per checkpoint and learning rate."""
    input:
        metrics=f"{RESULTS}/metrics.parquet",
        next_tasks=lambda wildcards: plan(wildcards).transfer_files,
    output:
        transfer=f"{RESULTS}/transfer.parquet",
    log:
        f"{LOGS}/assemble_transfer.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_transfer.tsv"
    wildcard_constraints:
        study=sections("train_test_collapse"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.train_test_collapse.assemble:run_transfer",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        code=code_of(
            "plasticity.studies.train_test_collapse.assemble", tables=("transfer",)
        ),
    message:
        "Assembling the table of next tasks of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule train_test_collapse:
    """Make all results of train and test collapse."""
    input:
        targets_of("train_test_collapse"),
