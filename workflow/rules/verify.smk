# Are the results still what was written? Every checksum, read once more. The rule makes no file, so it runs whenever it
# is asked for, and it needs none, so that nothing is trained for it.


rule verify:
    """Verify every file that has a checksum, and list the damaged ones."""
    log:
        f"logs/{DATASET}/verify.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        stage="plasticity.stages.verify:run",
        dataset=DATASET,
        code=code_of("plasticity.stages.verify"),
    message:
        "Verifying the results of {params.dataset}"
    script:
        "../scripts/stage.py"
