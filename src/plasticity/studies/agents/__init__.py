"""Agents: Q-learning in block MDPs of images, whose targets move by themselves."""

from plasticity.studies.study import CORRELATIONS, Axis, Finding, Kept, Study, Table

STUDY = Study(
    name="agents",
    section="agents",
    settings="section:AgentsSection",
    title="Agents",
    question=(
        "Do agents lose plasticity as their targets move, and does any quantity explain it in every environment?"
    ),
    plan="plan:AgentsPlan",
    axis=Axis("step", "steps", "Training (steps)"),
    curves=("right_actions", "nc1"),
    tables={
        "metrics": Table("agents", "assemble_agents", "an arm, a seed and a checkpoint", page="outcomes"),
        "falsification": Table("falsification", "falsify", "a quantity and a group of agents", page="falsification"),
        "correlations": CORRELATIONS,
    },
    figure_tables="figure_tables:AgentTables",
    ran="findings:ran",
    findings=(
        Finding("Plasticity of agents", "agents_by_step", "metrics", "findings:plasticity_lost"),
        Finding("Is there one cause?", "falsification", "falsification", "findings:falsified"),
    ),
    correlate="correlate:run",
    kept=Kept(
        outcomes="kept:outcomes",
        note="At the last checkpoint. Change: probe loss at the end minus before training.",
        correlations="kept:correlations",
        control="step",
        tables=("falsification",),
        more="kept:falsification",
    ),
)
