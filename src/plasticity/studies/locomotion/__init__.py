"""Locomotion: agents with a policy walk on ground whose friction changes."""

from plasticity.studies.study import CORRELATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="locomotion",
    section="locomotion",
    settings="section:LocomotionSection",
    title="Locomotion",
    question="Does an agent learn to walk on each new ground as well as on earlier ones?",
    plan="plan:LocomotionPlan",
    axis=Axis("task", "tasks", "Friction (number)"),
    curves=("last_return", "effective_rank"),
    tables={
        "metrics": Table("locomotion", "assemble_locomotion", "an arm, a seed and a task", page="outcomes"),
        "returns": Table("returns", "assemble_locomotion", "an arm, a seed and an update"),
        "correlations": CORRELATIONS,
    },
    figure_tables="figure_tables:LocomotionTables",
    ran="findings:ran",
    findings=(
        Finding("Return from task to task", "return_by_step", "metrics", "findings:return_lost"),
        Finding("Effect of the methods", "return_by_step", "metrics", "findings:methods_help"),
    ),
    correlate="correlate:run",
    kept=Kept(
        outcomes="kept:outcomes",
        note=(
            "Return: mean of the episodes in the last tenth of a task. Slope: least-squares slope of that return on "
            "the task number, in each seed."
        ),
        correlations="kept:correlations",
        control="task",
        tables=("returns",),
    ),
)
