"""Train and test collapse: variances of every layer, and transfer to the next task."""

from plasticity.studies.study import CORRELATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="train_test_collapse",
    section="train_test_collapse",
    settings="section:TrainTestSection",
    title="Train and test collapse",
    question=(
        "Do features of test images collapse like those of training images, in which layers, and does collapse hurt "
        "transfer to the next task?"
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
        Finding("Collapse on training and test images", "variances_by_iteration", "metrics", "findings:train_and_test"),
        Finding("Collapse by layer", "variances_by_layer", "metrics", "findings:layers"),
        Finding(
            "Benefit of the first task for the next", "transfer_by_variance", "transfer", "findings:first_task_helps"
        ),
        Finding("Collapse and transfer", "transfer_by_variance", "correlations", "findings:transfer"),
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
