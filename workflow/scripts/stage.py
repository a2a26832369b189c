from plasticity.jobs.adapter import run_stage

run_stage(snakemake)
