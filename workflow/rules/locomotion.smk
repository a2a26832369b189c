# Locomotion: does an agent learn to walk on each new ground as well as on earlier ones?
#
#   train_policy (per arm) -> measure_policies -> assemble_locomotion -> analysis.smk
#
# A job carries some seeds, one after the other. No rule reads the data set.


wildcard_constraints:
    policy=named_by("locomotion", "arms"),


rule train_policy:
    """Train the agents of some seeds, and keep their networks when the friction changes."""
    output:
        trajectory=directory(f"{RESULTS}/train_policy/{{policy}}/{{group}}/trajectory"),
        history=f"{RESULTS}/train_policy/{{policy}}/{{group}}/history.parquet",
    log:
        f"{LOGS}/train_policy/{{policy}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_policy/{{policy}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("locomotion"),
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.train_policy:run",
        settings=lambda wildcards: plan(wildcards)
        .train_settings(wildcards.policy)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.train_policy",
            tables=("policy_history",),
            settings=plan(wildcards).train_settings(wildcards.policy),
        ),
        # Says what measuring costs. Functions of `input` are not tracked: what is measured trains nothing again.
        before=lambda wildcards, input: "plasticity.stages.measure_policies:tell_costs",
        measured=lambda wildcards, input: plan(wildcards)
        .measure_settings(wildcards.policy)
        .canonical(),
    message:
        "Training the policy {wildcards.policy}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule measure_policies:
    """Measure actor and critic at every change of friction."""
    input:
        trajectory=f"{RESULTS}/train_policy/{{policy}}/{{group}}/trajectory",
    output:
        checkpoints=f"{RESULTS}/policy_checkpoints/{{policy}}/{{group}}.parquet",
    log:
        f"{LOGS}/measure_policies/{{policy}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_policies/{{policy}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("locomotion"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.measure_policies:run",
        settings=lambda wildcards: plan(wildcards)
        .measure_settings(wildcards.policy)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.measure_policies",
            tables=("policy_checkpoints",),
            settings=plan(wildcards).measure_settings(wildcards.policy),
        ),
    message:
        "Measuring policies {wildcards.policy}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule assemble_locomotion:
    """Join returns with what was measured: a row per arm, seed and task, and one per update."""
    input:
        checkpoints=lambda wildcards: plan(wildcards).checkpoint_files,
        histories=lambda wildcards: plan(wildcards).history_files,
    output:
        metrics=f"{RESULTS}/metrics.parquet",
        returns=f"{RESULTS}/returns.parquet",
    log:
        f"{LOGS}/assemble_locomotion.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_locomotion.tsv"
    wildcard_constraints:
        study=sections("locomotion"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.locomotion.assemble:run",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        arms=lambda wildcards: plan(wildcards).history_arms,
        code=code_of(
            "plasticity.studies.locomotion.assemble", tables=("locomotion", "returns")
        ),
    message:
        "Assembling the tables of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule locomotion:
    """Make all results of locomotion."""
    input:
        targets_of("locomotion"),
