# Agents: do networks that learn from targets of their own lose plasticity, and does any quantity explain it in every
# environment? An arm of the configuration is an arm per environment here.
#
#   train_agents (per arm) -> measure_agents -> assemble_agents -> falsify, analysis.smk
#
# A job carries some seeds; its agents train as one stack of networks.


wildcard_constraints:
    agents=named_by("agents", "arms"),


rule train_agents:
    """Train the agents of some seeds, and keep checkpoints."""
    input:
        data=PREPARED,
        checked=CHECKED,
    output:
        trajectory=directory(f"{RESULTS}/train_agents/{{agents}}/{{group}}/trajectory"),
        history=f"{RESULTS}/train_agents/{{agents}}/{{group}}/history.parquet",
    log:
        f"{LOGS}/train_agents/{{agents}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_agents/{{agents}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("agents"),
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.train_agents:run",
        settings=lambda wildcards: plan(wildcards)
        .train_settings(wildcards.agents)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.train_agents",
            tables=("agent_history",),
            settings=plan(wildcards).train_settings(wildcards.agents),
        ),
        # Says what measuring costs. Functions of `input` are not tracked: what is measured trains nothing again.
        before=lambda wildcards, input: "plasticity.stages.measure_agents:tell_costs",
        measured=lambda wildcards, input: plan(wildcards)
        .measure_settings(wildcards.agents)
        .canonical(),
    message:
        "Training agents {wildcards.agents}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule measure_agents:
    """Measure collapse, capacity and the landscape at the checkpoints of agents."""
    input:
        data=PREPARED,
        trajectory=f"{RESULTS}/train_agents/{{agents}}/{{group}}/trajectory",
    output:
        checkpoints=f"{RESULTS}/agent_checkpoints/{{agents}}/{{group}}.parquet",
    log:
        f"{LOGS}/measure_agents/{{agents}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_agents/{{agents}}/{{group}}.tsv"
    wildcard_constraints:
        study=sections("agents"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        stage="plasticity.stages.measure_agents:run",
        settings=lambda wildcards: plan(wildcards)
        .measure_settings(wildcards.agents)
        .canonical(),
        seeds=seeds,
        code=lambda wildcards: code_of(
            "plasticity.stages.measure_agents",
            tables=("agent_checkpoints",),
            settings=plan(wildcards).measure_settings(wildcards.agents),
        ),
    message:
        "Measuring agents {wildcards.agents}, {wildcards.group}"
    script:
        "../scripts/stage.py"


rule assemble_agents:
    """Join behaviour and measurements of agents: a row per arm, seed and checkpoint."""
    input:
        checkpoints=lambda wildcards: plan(wildcards).checkpoint_files,
        histories=lambda wildcards: plan(wildcards).history_files,
    output:
        metrics=f"{RESULTS}/metrics.parquet",
    log:
        f"{LOGS}/assemble_agents.log",
    benchmark:
        f"{RESULTS}/benchmarks/assemble_agents.tsv"
    wildcard_constraints:
        study=sections("agents"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.agents.assemble:run",
        settings=lambda wildcards: plan(wildcards).assemble_settings().canonical(),
        arms=lambda wildcards: plan(wildcards).history_arms,
        code=code_of("plasticity.studies.agents.assemble", tables=("agents",)),
    message:
        "Assembling the table of agents of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule falsify:
    """Test whether each quantity has the same relation to probe loss in every environment."""
    input:
        metrics=f"{RESULTS}/metrics.parquet",
    output:
        falsification=f"{RESULTS}/falsification.parquet",
    log:
        f"{LOGS}/falsify.log",
    benchmark:
        f"{RESULTS}/benchmarks/falsify.tsv"
    wildcard_constraints:
        study=sections("agents"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.studies.agents.falsify:run",
        settings=lambda wildcards: plan(wildcards).falsify_settings().canonical(),
        code=code_of("plasticity.studies.agents.falsify", tables=("falsification",)),
    message:
        "Testing what explains the plasticity of {wildcards.study}"
    script:
        "../scripts/stage.py"


rule agents:
    """Make all results of agents."""
    input:
        targets_of("agents"),
