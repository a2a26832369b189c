# The checked configuration, the plan it asks for, and what all rules share. Functions only.

import json
import os
import shlex
import sys
from pathlib import Path

# Jobs and this process find the package in the checkout, also where it is not installed.
PACKAGE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, PACKAGE)
os.environ.update(PYTHONPATH=PACKAGE)

import yaml
from snakemake.utils import update_config

from plasticity.config import load_config, refuse_repeated_keys, typed
from plasticity.jobs.entries import entries_in
from plasticity.errors import PlasticityError
from plasticity.report.figures.figure_registry import figure_module
from plasticity.jobs.fingerprint import fingerprint
from plasticity.jobs.usage import name_run
from plasticity.jobs.lost_jobs import notice_lost_jobs
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from plasticity.studies.warm_start.plan import WarmStartPlan
from plasticity.report.published.claims import published_digest, published_studies
from plasticity.report.sources import SOURCES, drawing_rule
from plasticity.report.summary.summary_registry import summary_figures, summary_module

# Snakemake reads overlays first; the order of arms and figures is that of config.yaml all the same.
BASE = Path(workflow.basedir, "config.yaml")
given = yaml.safe_load(BASE.read_text(encoding="utf-8"))
update_config(given, config)
update_config(given, typed(workflow.config_settings.config))

try:
    refuse_repeated_keys([BASE, *workflow.config_settings.configfiles])
    config = load_config(given, root=Path.cwd())
    if "warm_start" in config:
        WarmStartPlan(config).starts  # refuses a name that only the plan knows
except PlasticityError as error:
    raise WorkflowError(str(error)) from None

# Snakemake imports its plugins before it reads this file.
if "snakemake_executor_plugin_slurm" in sys.modules:
    from snakemake_executor_plugin_slurm import Executor, job_status_query

    notice_lost_jobs(Executor, queue=job_status_query)

name_run()

DATASET = config["dataset"]["name"]
DATA = f"results/data/{DATASET}"

# A study that the configuration leaves out has no plan, and its rules are not read.
WARM_START = WarmStartPlan(config) if "warm_start" in config else None
WARM_START_RESULTS = f"results/warm_start/{DATASET}"
PERMUTED = PermutedPlan(config) if "permuted" in config else None
PERMUTED_RESULTS = f"results/permuted/{DATASET}"
TRAIN_TEST = TrainTestPlan(config) if "train_test_collapse" in config else None
TRAIN_TEST_RESULTS = f"results/train_test_collapse/{DATASET}"
PLANS = {
    name: plan
    for name, plan in [
        ("warm_start", WARM_START),
        ("permuted", PERMUTED),
        ("train_test_collapse", TRAIN_TEST),
    ]
    if plan is not None
}

# Of these studies there are published numbers; those with one line per arm have curves.
COMPARED = {study: PLANS[study] for study in published_studies() if study in PLANS}
CURVED = {study: plan for study, plan in COMPARED.items() if plan is not TRAIN_TEST}
# The report sorts its categories by name.
FIRST_CATEGORY = "At a glance"
PAGES = ["outcomes", "correlations", "causes", "published"]
TRAIN_TEST_PAGES = ["outcomes", "correlations", "collapse_and_transfer", "published"]


wildcard_constraints:
    seed=r"\d+",
    epoch=r"\d{4}",


def figure_file(study, figure, ending):
    """File of a figure."""
    return f"results/{study}/{DATASET}/figures/{figure}.{ending}"


def figure_in_report(study, figure):
    """A figure with its caption and its place in the report."""
    return report(
        figure_file(study, figure, "svg"),
        caption=f"../report/{figure}.rst",
        category="Figures",
        subcategory=f"{study}, {DATASET}",
        labels={"figure": figure.replace("_", " ")},
    )


def one_of(names):
    """Pattern of a wildcard that is one of these names."""
    return "|".join(map(re.escape, names)) or "none"


def checkpoints_of(start, seeds_and_epochs):
    """Checkpoints of a start that a job carries."""
    folder = f"{WARM_START_RESULTS}/checkpoints/{start}"
    return [
        f"{folder}/seed{seed}/epoch{epoch:04d}.safetensors"
        for seed, epoch in seeds_and_epochs
    ]


def splits_of_group(group):
    """Splits of the seeds that a job carries."""
    return [
        f"{WARM_START_RESULTS}/splits/seed{seed}.parquet"
        for seed in WARM_START.groups[group]
    ]


def fine_tune_files(ending):
    """Files of all fine-tuning jobs: their outcomes end in parquet, their histories in history.parquet."""
    return [
        f"{WARM_START_RESULTS}/fine_tune/{arm}/{group}/{chunk}.{ending}"
        for arm in WARM_START.arms
        for group in WARM_START.groups
        for chunk in WARM_START.chunks(arm)
    ]


def warm_start_targets():
    """Final files of the warm-start study."""
    if WARM_START is None:
        return []
    tables = ["metrics", "histories", "correlations", "causes", "published"]
    figures = WARM_START.study["figures"]
    return study_files(WARM_START_RESULTS, tables, figures, PAGES)


def permuted_targets():
    """Final files of the permuted study."""
    if PERMUTED is None:
        return []
    tables = ["metrics", "correlations", "causes", "published"]
    figures = PERMUTED.study["figures"]
    return study_files(PERMUTED_RESULTS, tables, figures, PAGES)


def train_test_targets():
    """Final files of the train-test study."""
    if TRAIN_TEST is None:
        return []
    tables = ["metrics", "transfer", "correlations", "published"]
    figures = TRAIN_TEST.study["figures"]
    return study_files(TRAIN_TEST_RESULTS, tables, figures, TRAIN_TEST_PAGES)


def benchmark_folders():
    """Folders of benchmark files and of logs, by study."""
    folders = {"data": {"benchmarks": f"{DATA}/benchmarks", "logs": f"logs/{DATASET}"}}
    return folders | {
        study: {
            "benchmarks": f"results/{study}/{DATASET}/benchmarks",
            "logs": f"logs/{study}/{DATASET}",
        }
        for study in PLANS
    }


def study_files(folder, tables, figures, pages):
    """Summary, tables, figures and report pages of a study."""
    return [
        f"{folder}/summary.html",
        *(f"{folder}/{table}.parquet" for table in tables),
        *(
            f"{folder}/figures/{f}.{ending}"
            for f in figures
            for ending in ["svg", "png"]
        ),
        *(f"{folder}/tables/{page}.html" for page in pages),
    ]


def result_tables(study):
    """Return the tables that a study's figures and summary are made from, by name."""
    return {
        table: f"results/{study}/{DATASET}/{table}.parquet" for table in SOURCES[study]
    }


def summary_figure_files(study):
    """Return the figures of a study's summary that the configuration asks for."""
    asked = PLANS[study].study["figures"]
    return [
        f"results/{study}/{DATASET}/figures/{figure}.{ending}"
        for figure in summary_figures(study)
        if figure in asked
        for ending in ["svg", "png"]
    ]


def tables_of(study):
    """Tables that a study's results are read from; none for a study that the configuration leaves out."""
    folder = f"results/{study}/{DATASET}"
    names = ["metrics", "correlations"] if study in PLANS else []
    return {name: f"{folder}/{name}.parquet" for name in names}


def published_files(study):
    """Table and page of what is published about a study."""
    folder, name = f"results/{study}/{DATASET}", "published"
    if study not in PLANS:
        name = "not_run"
    return [f"{folder}/{name}.parquet", f"{folder}/tables/{name}.html"]


def kept_files(study):
    """Tables and figures that are kept of a run."""
    ends = (".parquet", ".png")
    targets = {
        "warm_start": warm_start_targets,
        "permuted": permuted_targets,
        "train_test_collapse": train_test_targets,
    }
    return [path for path in targets[study]() if path.endswith(ends)]


def command_line():
    """What was typed, as far as it says what is run."""
    settings = workflow.config_settings
    files = [os.path.relpath(path, workflow.basedir) for path in settings.configfiles]
    overlaid = [
        shlex.quote(f"{key}={json.dumps(typed(value))}")
        for key, value in settings.config.items()
    ]
    parts = ["snakemake --cores all"]
    parts += ["--configfile", *files] if files else []
    parts += ["--config", *overlaid] if overlaid else []
    return " ".join(parts)


def not_run_targets():
    """What is published about the studies that the configuration leaves out."""
    left_out = [study for study in published_studies() if study not in PLANS]
    return [path for study in left_out for path in published_files(study)]
