# The data set, once: read, checked, and laid down as memory-mapped arrays with their checksums.


rule prepare_data:
    """Read the data set, check it, and store it as arrays with checksums."""
    output:
        train_images=f"{DATA}/train_images.npy",
        train_labels=f"{DATA}/train_labels.npy",
        test_images=f"{DATA}/test_images.npy",
        test_labels=f"{DATA}/test_labels.npy",
        description=PREPARED,
    log:
        f"logs/{DATASET}/prepare_data.log",
    benchmark:
        f"{DATA}/benchmarks/prepare_data.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        stage="plasticity.stages.prepare:run",
        settings=lambda wildcards: checked.dataset.canonical(),
        code=code_of("plasticity.stages.prepare", settings=checked.dataset),
    message:
        f"Preparing the data set {DATASET}"
    script:
        "../scripts/stage.py"


# No other rule has its output as input: a changed question would train everything again, or, where the input is
# `ancient`, hide from Snakemake that other parameters have changed. It is a target, and goes first.
rule check_data:
    """Refuse what the sections ask for and the data set does not have, before any training."""
    input:
        description=PREPARED,
    output:
        checked=CHECKED,
    log:
        f"logs/{DATASET}/check_data.log",
    benchmark:
        f"{DATA}/benchmarks/check_data.tsv"
    priority: 100
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.stages.check_data:run",
        settings=dict(asked=ASKED),
        code=code_of("plasticity.stages.check_data"),
    message:
        "Checking that the data set has what the studies ask for"
    script:
        "../scripts/stage.py"
