"""The table of what jobs took."""

from plasticity.storage.schemas import Table, columns

BENCHMARKS = Table(
    "benchmarks",
    columns(
        ("study", "str", "name", "study of the job; data for what all studies share"),
        ("stage", "str", "name", "stage of the workflow"),
        ("job", "str", "name", "which of the stage's jobs: its wildcards, one after another; empty for a single one"),
        ("run", "float", "s since 1970", "when the run of Snakemake began that the job belongs to; missing if unknown"),
        ("started", "float", "s since 1970", "start of the job's Python"),
        ("ended", "float", "s since 1970", "end of its work"),
        ("wall_seconds", "float", "s", "duration of the job's Python as Snakemake measured it"),
        ("start_up_seconds", "float", "s", "of this, until the stage's code was imported and its work began"),
        ("cpu_seconds", "float", "s", "CPU time, child processes included"),
        ("peak_memory_mib", "float", "MiB", "largest resident memory"),
        ("gpu_memory_mib", "float", "MiB", "largest memory that PyTorch reserved on a GPU; missing without one"),
        (
            "gpu_utilisation",
            "float",
            "fraction",
            "mean over the job, other jobs on the GPU included; missing without one",
        ),
    ),
)
