"""The table of what jobs took."""

from plasticity.storage.schemas import Table, columns

BENCHMARKS = Table(
    "benchmarks",
    columns(
        ("study", "str", "name", "study of the job; data for jobs that all studies share"),
        ("stage", "str", "name", "stage of the workflow"),
        ("job", "str", "name", "wildcards of the job, joined; empty if the stage has a single job"),
        ("run", "float", "s since 1970", "start of the Snakemake run that the job belongs to; missing if unknown"),
        ("started", "float", "s since 1970", "start of the job's Python"),
        ("ended", "float", "s since 1970", "end of its work"),
        ("wall_seconds", "float", "s", "duration of the job's Python as Snakemake measured it"),
        (
            "start_up_seconds",
            "float",
            "s",
            "part of wall_seconds before the stage's work began: Python, packages, imports",
        ),
        ("cpu_seconds", "float", "s", "CPU time, child processes included"),
        ("peak_memory_mib", "float", "MiB", "peak resident memory"),
        ("gpu_memory_mib", "float", "MiB", "peak GPU memory reserved by PyTorch; missing without a GPU"),
        (
            "gpu_utilisation",
            "float",
            "fraction",
            "mean over the job, including other jobs on the GPU; missing without a GPU",
        ),
    ),
)
