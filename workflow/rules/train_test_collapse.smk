# Train and test collapse: do the features of test images collapse as those of training images do, in every layer, and
# does it help a next task? First task: some images of the data set. Next task: the classes inside its super-classes.
#
#   pre_train -> measure_variances -> assemble_variances -+-> assemble_transfer -> correlate_transfer -> figures
#           \--> transfer (per learning rate) ------------/
# A job carries some seeds. Arms without super-classes have no next task.


wildcard_constraints:
    pre_trained=one_of(TRAIN_TEST.arms),
    group=r"seeds\d+-\d+",
    rate=one_of(TRAIN_TEST.rates),


rule pre_train:
    input:
        data=rules.prepare_data.output.description,
    output:
        trajectory=directory(
            f"{TRAIN_TEST_RESULTS}/pre_train/{{pre_trained}}/{{group}}/trajectory"
        ),
        history=f"{TRAIN_TEST_RESULTS}/pre_train/{{pre_trained}}/{{group}}/history.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/pre_train/{{pre_trained}}/{{group}}.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/pre_train/{{pre_trained}}/{{group}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: TRAIN_TEST.pre_train_settings(wildcards.pre_trained),
        seeds=lambda wildcards: TRAIN_TEST.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.pre_train",
            tables=("history",),
            used=entries_in(TRAIN_TEST.pre_train_settings(wildcards.pre_trained)),
        ),
    message:
        "First task of {wildcards.pre_trained}, {wildcards.group}"
    script:
        "../scripts/pre_train.py"


rule measure_variances:
    input:
        data=rules.prepare_data.output.description,
        trajectory=rules.pre_train.output.trajectory,
    output:
        variances=f"{TRAIN_TEST_RESULTS}/variances/{{pre_trained}}/{{group}}.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/measure_variances/{{pre_trained}}/{{group}}.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/measure_variances/{{pre_trained}}/{{group}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=lambda wildcards: TRAIN_TEST.measure_settings(wildcards.pre_trained),
        seeds=lambda wildcards: TRAIN_TEST.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.measure_variances",
            tables=("variances",),
            used=entries_in(TRAIN_TEST.measure_settings(wildcards.pre_trained)),
        ),
    message:
        "Measuring variances of {wildcards.pre_trained}, {wildcards.group}"
    script:
        "../scripts/measure_variances.py"


rule transfer:
    input:
        data=rules.prepare_data.output.description,
        trajectory=rules.pre_train.output.trajectory,
    output:
        outcomes=f"{TRAIN_TEST_RESULTS}/transfer/{{pre_trained}}/{{group}}/{{rate}}.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/transfer/{{pre_trained}}/{{group}}/{{rate}}.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/transfer/{{pre_trained}}/{{group}}/{{rate}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        settings=lambda wildcards: TRAIN_TEST.transfer_settings(
            wildcards.pre_trained, wildcards.rate
        ),
        seeds=lambda wildcards: TRAIN_TEST.groups[wildcards.group],
        code=lambda wildcards: fingerprint(
            "plasticity.stages.transfer",
            tables=("next_task",),
            used=entries_in(
                TRAIN_TEST.transfer_settings(wildcards.pre_trained, wildcards.rate)
            ),
        ),
    message:
        "Next task of {wildcards.pre_trained}, {wildcards.group}, {wildcards.rate}"
    script:
        "../scripts/transfer.py"


rule assemble_variances:
    input:
        expand(
            rules.measure_variances.output.variances,
            pre_trained=TRAIN_TEST.arms,
            group=TRAIN_TEST.groups,
        ),
    output:
        metrics=f"{TRAIN_TEST_RESULTS}/metrics.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/assemble_variances.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/assemble_variances.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=TRAIN_TEST.assemble_settings(),
        code=fingerprint(
            "plasticity.studies.train_test_collapse.assemble", tables=("variances",)
        ),
    message:
        "Assembling the table of variances"
    script:
        "../scripts/assemble_variances.py"


rule assemble_transfer:
    input:
        metrics=rules.assemble_variances.output.metrics,
        next_tasks=expand(
            rules.transfer.output.outcomes,
            pre_trained=TRAIN_TEST.transfers,
            group=TRAIN_TEST.groups,
            rate=TRAIN_TEST.rates,
        ),
    output:
        transfer=f"{TRAIN_TEST_RESULTS}/transfer.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/assemble_transfer.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/assemble_transfer.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=TRAIN_TEST.assemble_settings(),
        code=fingerprint(
            "plasticity.studies.train_test_collapse.assemble", tables=("transfer",)
        ),
    message:
        "Assembling the table of next tasks"
    script:
        "../scripts/assemble_transfer.py"


rule correlate_transfer:
    input:
        transfer=rules.assemble_transfer.output.transfer,
    output:
        correlations=f"{TRAIN_TEST_RESULTS}/correlations.parquet",
    log:
        f"logs/train_test_collapse/{DATASET}/correlate_transfer.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/correlate_transfer.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=TRAIN_TEST.correlate_settings(),
        code=fingerprint(
            "plasticity.studies.train_test_collapse.correlate",
            tables=("correlations",),
        ),
    message:
        "Correlating variances with accuracy on the next task"
    script:
        "../scripts/correlate_transfer.py"


rule tabulate_train_test:
    input:
        metrics=rules.assemble_variances.output.metrics,
        transfer=rules.assemble_transfer.output.transfer,
        correlations=rules.correlate_transfer.output.correlations,
    output:
        outcomes=report(
            f"{TRAIN_TEST_RESULTS}/tables/outcomes.html",
            caption="../report/train_test_table.rst",
            category="Tables",
            subcategory=f"train_test_collapse, {DATASET}",
            labels={"table": "variances and outcomes"},
        ),
        correlations=report(
            f"{TRAIN_TEST_RESULTS}/tables/correlations.html",
            caption="../report/train_test_correlations_table.rst",
            category="Tables",
            subcategory=f"train_test_collapse, {DATASET}",
            labels={"table": "correlations"},
        ),
        collapse_and_transfer=report(
            f"{TRAIN_TEST_RESULTS}/tables/collapse_and_transfer.html",
            caption="../report/collapse_and_transfer_table.rst",
            category="Tables",
            subcategory=f"train_test_collapse, {DATASET}",
            labels={"table": "NC1 and train variance"},
        ),
    log:
        f"logs/train_test_collapse/{DATASET}/tabulate.log",
    benchmark:
        f"{TRAIN_TEST_RESULTS}/benchmarks/tabulate.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=TRAIN_TEST.tabulate_settings(),
        code=fingerprint("plasticity.studies.train_test_collapse.outcomes"),
    message:
        "Writing the report's tables of the train-test study"
    script:
        "../scripts/tabulate_train_test.py"
