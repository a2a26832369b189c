"""Sequences of tasks: one network learns task after task."""

from plasticity.studies.study import CAUSES, CORRELATIONS, EXPLANATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="continual",
    section="permuted",
    settings="section:ContinualSection",
    title="Permuted images",
    question="Does a network learn each successive task a little worse, and does neural collapse explain it?",
    plan="plan:PermutedPlan",
    axis=Axis("task", "number", "Task (number)"),
    curves=("online_accuracy", "nc1"),
    tables={
        "metrics": Table("permuted", "assemble_tasks", "an arm, a seed and a task", page="outcomes"),
        "correlations": CORRELATIONS,
        "causes": CAUSES,
        "explanations": EXPLANATIONS,
    },
    figure_tables="figure_tables:PermutedTables",
    ran="findings:ran",
    findings=(
        Finding("Plasticity loss over tasks", "plasticity_by_task", "metrics", "findings:accuracy_lost"),
        Finding("Methods compared with none", "plasticity_by_task", "metrics", "methods_compared:methods"),
        Finding("Collapse over tasks", "accuracy_and_collapse_by_task", "metrics", "findings:collapse_over_tasks"),
        Finding(
            "Collapse and accuracy, averaged over seeds and within a seed",
            "task_correlations",
            "correlations",
            "findings:averaged_or_within",
        ),
        Finding("A longer first task", "first_task_length", "causes", "findings:first_task_length"),
        Finding("Collapse and accuracy at equal training", "task_causal_estimates", "causes", "findings:beyond_length"),
        Finding(
            "Released ε-rank and rank",
            "rank_and_accuracy",
            "metrics",
            "released_rank:released_rank",
        ),
        Finding("Which quantity explains the loss?", "explanations", "explanations", "explained:quantities_that_gain"),
    ),
    correlate="correlate:run",
    find_causes="causes:run",
    explain="explain:run",
    kept=Kept(
        outcomes="kept:outcomes",
        note="Gap: relative to a fresh network on the same task. Published loss: relative to the run's own first task.",
        correlations="kept:correlations",
        control="epoch or task",
    ),
)
