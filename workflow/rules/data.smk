# The data set, once: read, checked, and laid down as memory-mapped arrays with their checksums.

from plasticity.config.data_requests import CheckDataSettings, PreparedBy

PREPARED_BY = PreparedBy(
    settings=checked.dataset.canonical(),
    code=code_of("plasticity.stages.prepare", settings=checked.dataset),
)

# What the sections ask of it.
REQUESTS = tuple(
    request
    for name, section in checked.sections.items()
    for request in section.data_requests(name)
)

# A new question to a data set that is prepared already is answered now.
try:
    refuse_unanswerable(REQUESTS, checked=Path(prefixed(CHECKED)), prepared=PREPARED_BY)
except PlasticityError as error:
    raise WorkflowError(str(error)) from None


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
        settings=lambda wildcards: PREPARED_BY.settings,
        code=PREPARED_BY.code,
    message:
        f"Preparing the data set {DATASET}"
    script:
        "../scripts/stage.py"


# Every first task waits for it. Parameters that are functions of `input` are not tracked by Snakemake: a changed question
# trains nothing again. An input that is `ancient` would do the same, but then Snakemake 9 overlooks that other
# parameters of a rule have changed.
rule check_data:
    """Reject settings that the data set cannot satisfy, before any training."""
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
        settings=lambda wildcards, input: CheckDataSettings(
            requests=REQUESTS, prepared=PREPARED_BY
        ).canonical(),
        code=lambda wildcards, input: code_of("plasticity.stages.check_data"),
    message:
        "Checking the data set against the studies' settings"
    script:
        "../scripts/stage.py"
