"""Warm starting: half of the training set first, then all of it."""

from plasticity.studies.study import CAUSES, CORRELATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="warm_start",
    section="warm_start",
    settings="section:WarmStartSection",
    title="Warm starting",
    question="Does training on part of the data first reduce accuracy on all of it, and is neural collapse the reason?",
    plan="plan:WarmStartPlan",
    axis=Axis("warm_up_epoch", "epochs", "Warm-up training (epochs)"),
    curves=("full_test_accuracy", "nc1"),
    tables={
        "metrics": Table("metrics", "assemble_metrics", "an arm, a seed and a checkpoint", page="outcomes"),
        "histories": Table("history", "assemble_histories", "an epoch of a training"),
        "correlations": CORRELATIONS,
        "causes": CAUSES,
    },
    figure_tables="figure_tables:FigureTables",
    ran="findings:ran",
    findings=(
        Finding("Cost of the warm start", "plasticity_gap", "metrics", "findings:warm_start_gap"),
        Finding(
            "Collapse and accuracy, early and late in the warm-up",
            "correlation_windows",
            "correlations",
            "findings:phases",
        ),
        Finding(
            "Collapse and accuracy at equal warm-up length", "causal_estimates", "causes", "findings:beyond_length"
        ),
        Finding("Effect of the interventions", "accuracy_by_warm_up", "causes", "findings:intervention"),
        Finding("Manipulating collapse", "dose_response", "causes", "findings:dose_response"),
    ),
    correlate="correlate:run",
    find_causes="causes:run",
    kept=Kept(
        outcomes="kept:outcomes",
        note="Accuracies and gaps are means over an arm's checkpoints.",
        correlations="kept:correlations",
        control="epoch",
    ),
)
