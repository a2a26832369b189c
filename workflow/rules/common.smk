# The checked configuration, the plan it asks for, and what all rules share. Functions only.

import os
import sys
from pathlib import Path

# Jobs and this process find the package in the checkout, also where it is not installed.
SOURCES = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCES)
os.environ.update(PYTHONPATH=SOURCES)

import yaml
from snakemake.utils import update_config

from plasticity.config import ConfigError, load_config, typed
from plasticity.figures.registry import figure_module
from plasticity.fingerprint import fingerprint
from plasticity.plan import WarmStartPlan

# Snakemake reads overlays first; the order of arms and figures is that of config.yaml all the same.
given = yaml.safe_load(
    Path(workflow.basedir, "config.yaml").read_text(encoding="utf-8")
)
update_config(given, config)
update_config(given, typed(workflow.config_settings.config))

try:
    config = load_config(given, root=Path.cwd())
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


def fine_tune_files(ending):
    """Files of all fine-tuning jobs: their outcomes end in parquet, their histories in history.parquet."""
    return [
        f"{STUDY}/fine_tune/{arm}/seed{seed}/{chunk}.{ending}"
        for arm in PLAN.arms
        for seed in seeds()
        for chunk in PLAN.chunks(arm)
    ]


def warm_start_targets():
    """Final files of the study."""
    return [
        f"{STUDY}/metrics.parquet",
        f"{STUDY}/histories.parquet",
        f"{STUDY}/correlations.parquet",
        *expand(
            f"{STUDY}/figures/{{figure}}.{{ending}}",
            figure=PLAN.study["figures"],
            ending=["svg", "png"],
        ),
    ]


def report_targets():
    """Files that only the report needs."""
    return expand(
        f"{STUDY}/tables/{{table}}.html", table=["outcomes", "correlations", "config"]
    )
