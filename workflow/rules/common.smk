# The checked configuration, the plan it asks for, and what all rules share. Functions only.

from pathlib import Path

from plasticity.config import ConfigError, load_config
from plasticity.figures.registry import figure_module
from plasticity.fingerprint import fingerprint
from plasticity.plan import WarmStartPlan

try:
    config = load_config(config, root=Path.cwd())
except ConfigError as error:
    raise WorkflowError(str(error)) from None

PLAN = WarmStartPlan(config)
DATASET = config["dataset"]["name"]
DATA = f"results/data/{DATASET}"
STUDY = f"results/warm_start/{DATASET}"


wildcard_constraints:
    arm="|".join(map(re.escape, PLAN.arms)),
    intervened="|".join(map(re.escape, PLAN.interventions)) or "none",
    warm_up="|".join(map(re.escape, PLAN.warm_ups)),
    start="|".join(map(re.escape, PLAN.starts)),
    figure="|".join(PLAN.study["figures"]),
    seed=r"\d+",
    epoch=r"\d{4}",
    chunk=r"epochs\d+-\d+",


def checkpoint_file(start, epoch):
    """Pattern of one checkpoint of a start, with the seed left open."""
    return f"{STUDY}/checkpoints/{start}/seed{{seed}}/epoch{epoch:04d}.safetensors"


def seeds():
    """Seeds of the study."""
    return PLAN.study["seeds"]


def figure_labels(figure):
    """Labels of a figure in the report."""
    return {"figure": figure.replace("_", " ")}
