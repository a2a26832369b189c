"""Train and test collapse: variances of every layer, and transfer to a next task."""

from plasticity.studies.study import CORRELATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="train_test_collapse",
    section="train_test_collapse",
    settings="section:TrainTestSection",
    title="Train and test collapse",
    question=(
        "Do features of test images collapse as those of training images do, in which layers, and does it harm a next "
        "task?"
    ),
    plan="plan:TrainTestPlan",
    axis=Axis("iteration", "iterations", "First task (iterations)"),
    tables={
        "metrics": Table(
            "variances", "assemble_variances", "an arm, a seed, a checkpoint and a layer", page="outcomes"
        ),
        "transfer": Table("transfer", "assemble_transfer", "an arm, a seed, a checkpoint, a learning rate"),
        "correlations": CORRELATIONS,
    },
    figure_tables="figure_tables:TrainTestTables",
    ran="findings:ran",
    findings=(
        Finding("Training images and test images", "variances_by_iteration", "metrics", "findings:train_and_test"),
        Finding("Which layer collapses most", "variances_by_layer", "metrics", "findings:layers"),
        Finding(
            "What the first task is worth to the next", "transfer_by_variance", "transfer", "findings:first_task_helps"
        ),
        Finding("Collapse and the next task", "transfer_by_variance", "correlations", "findings:transfer"),
    ),
    correlate="correlate:run",
    correlated="transfer",
    kept=Kept(
        outcomes="kept:outcomes",
        note="Layer by layer, at the last checkpoint; variances and NC1 are geometric means.",
        correlations="kept:correlations",
        control="iteration",
        tables=("transfer",),
        more="kept:next_tasks",
    ),
)
