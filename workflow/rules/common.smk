# The checked configuration, the plans it asks for, and what all rules share. Functions only.

import json
import os
import shlex
import sys
from pathlib import Path

# Our files are found from this one: where an outer workflow uses ours as a module, workflow.basedir is the outer one's.
ROOT = Path(str(workflow.current_basedir)).parents[1]
PACKAGE, BASE = str(ROOT / "src"), ROOT / "config.yaml"
if not BASE.is_file():
    raise WorkflowError(
        f"expected this workflow in a local folder, got {ROOT}: clone it"
    )

# Jobs and this process find the package in the checkout, also where it is not installed.
sys.path.insert(0, PACKAGE)
paths = [PACKAGE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
os.environ.update(PYTHONPATH=os.pathsep.join(dict.fromkeys(filter(None, paths))))

import yaml
from jinja2.defaults import DEFAULT_NAMESPACE
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake.utils import update_config

from plasticity.config.command_line import changes_nothing, typed, typed_as_given
from plasticity.config.own_code import find_own_code_in
from plasticity.config.page_slices import CurvesSettings
from plasticity.config.repeated import refuse_repeated_keys
from plasticity.errors import PlasticityError
from plasticity.jobs.fingerprint import components_in, fingerprint
from plasticity.jobs.live_curves import refuse_missing_tensorboard
from plasticity.jobs.lost_jobs import notice_lost_jobs
from plasticity.jobs.run_progress import follow_run
from plasticity.jobs.usage import name_run
from plasticity.report.captions import captions_of
from plasticity.report.front_page import front_of, software
from plasticity.report.snakemake_report import improve_report
from plasticity.stages.checked_data import refuse_unanswerable
from plasticity.storage.files import sha256_of
from plasticity.storage.manifests import incomplete
from plasticity.studies import STUDIES, all_studies, sections_of
from plasticity.studies.configuration import typed_config
from plasticity.studies.warm_start.plan import refuse_shared_names

# Components of the user's own, such as `my_lab.nets:WideNet`, may lie beside the results or beside the Snakefile.
find_own_code_in([Path.cwd(), workflow.basedir])

# Snakemake reads overlays first; the order of arms and figures is that of config.yaml all the same.
base = yaml.safe_load(BASE.read_text(encoding="utf-8"))
given = dict(base)
update_config(given, typed_as_given(config, workflow.config_settings.config))
# A section of config.yaml that is null is switched off; any other name that is null is a mistake, and refused as one.
given = {
    key: value for key, value in given.items() if value is not None or key not in base
}


def plans_of(name):
    """Plans of the sections that are of a study."""
    return [PLANS[section] for section, study in SECTIONS.items() if study.name == name]


try:
    refuse_missing_tensorboard()
    refuse_repeated_keys([BASE, *workflow.configfiles])
    checked = typed_config(given, root=Path.cwd())
    config = dict(checked.mapping)
    SECTIONS = sections_of(config)
    PLANS = {name: study.plan_of(checked, name) for name, study in SECTIONS.items()}
    refuse_shared_names(plans_of("warm_start"))
    for name, section_study in SECTIONS.items():
        section_study.drawn(config[name]["figures"])
except PlasticityError as error:
    raise WorkflowError(str(error)) from None

# Snakemake imports its plugins before it reads this file.
if "snakemake_executor_plugin_slurm" in sys.modules:
    from snakemake_executor_plugin_slurm import Executor, job_status_query

    notice_lost_jobs(Executor, queue=job_status_query)

if "snakemake.report.html_reporter" in sys.modules:
    from snakemake.report import html_reporter

    improve_report(
        html_reporter,
        asked=yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8")),
        ran=lambda: software(map(folder_of, SECTIONS)),
    )

name_run()

if workflow.is_main_process and not changes_nothing(sys.argv):
    follow_run(
        logger,
        lambda: {
            each.name: each.benchmark for each in workflow.rules if each.benchmark
        },
        terse=Quietness.RULES in (workflow.output_settings.quiet or ()),
    )


def compared():
    """Plans of sections whose explanations are compared: all sequences of tasks, if there are several."""
    found = {plan.name: plan for plan in plans_of("continual")}
    return found if len(found) > 1 else {}


def titles():
    """Titles of the sections by name."""
    return {
        name: section_study.titled(name) for name, section_study in SECTIONS.items()
    }


def folder_of(section):
    """Folder of the results of a section, as the report calls it."""
    return prefixed(f"results/{section}/{DATASET}")


# What captions and the front page ask for; Snakemake leaves them no other way to a function.
DEFAULT_NAMESPACE.update(
    caption=captions_of(sections_of),
    front=front_of(
        config, SECTIONS, folder_of, across="across_sections" if compared() else ""
    ),
)

DATASET = config["dataset"]["name"]
DATA = f"results/data/{DATASET}"
PREPARED = f"{DATA}/dataset.json"
CHECKED = f"{DATA}/checked.json"

# Results and logs of a section: `{study}` is its name.
RESULTS = f"results/{{study}}/{DATASET}"
LOGS = f"logs/{{study}}/{DATASET}"

# Of studies that no section is of, the published numbers are listed, under the name of the section that would be.
LEFT_OUT = {
    study.section: study for name, study in all_studies().items() if not plans_of(name)
}

# Sections whose runs are a curve each.
CURVED = [name for name, study in SECTIONS.items() if study.curves]

# The report sorts its categories by name.
FIRST_CATEGORY = "At a glance"


def study(wildcards):
    """The study that a job's section is of."""
    return SECTIONS[wildcards.study]


def plan(wildcards):
    """The plan of a job's section."""
    return PLANS[wildcards.study]


def seeds(wildcards):
    """Seeds that a job carries."""
    return plan(wildcards).groups[wildcards.group]


def one_of(names):
    """Pattern of a wildcard that is one of these names; the longest that fits is meant."""
    return "|".join(map(re.escape, sorted(set(names), key=len, reverse=True))) or "none"


def sections(name):
    """Pattern of the sections that are of a study."""
    return one_of(plan.name for plan in plans_of(name))


def named_by(name, what):
    """Pattern of the names of one kind, such as "arms", in all sections of a study."""
    return one_of(each for plan in plans_of(name) for each in getattr(plan, what))


def code_of(stage, *modules, tables=(), settings=()):
    """Fingerprint of a stage, of further modules, of tables it writes and components its settings name."""
    ours = [name for name in (stage, *modules) if name.startswith("plasticity.")]
    used = components_in(settings) | {
        ("own", name) for name in modules if name not in ours
    }
    return fingerprint(
        *(name.partition(":")[0] for name in ours), tables=tables, used=used
    )


def tables_of(wildcards, names=None):
    """A section's tables by name, or those of these names."""
    chosen = names or study(wildcards).tables
    return {name: f"{plan(wildcards).folder}/{name}.parquet" for name in chosen}


def drawn_by(wildcards):
    """What draws each figure of a section."""
    figures = study(wildcards).drawn(plan(wildcards).section.figures)
    return {name: figure.module for name, figure in figures.items()}


def page_of(wildcards):
    """A page of the report about a section's tables, as it describes itself."""
    return study(wildcards).pages[wildcards.page]


def curves():
    """The curves of all sections that have some."""
    drawn = {name: SECTIONS[name].curves_of(PLANS[name]) for name in CURVED}
    return CurvesSettings(sections=drawn)


def in_words(**labels):
    """Labels of a report's entry, by what makes them of its wildcards."""
    return lambda wildcards: {name: label(wildcards) for name, label in labels.items()}


def targets(section):
    """Final files of a section."""
    study, folder = SECTIONS[section], PLANS[section].folder
    return [
        f"{folder}/summary.html",
        f"{folder}/figures",
        *kept_tables(section),
        *(f"{folder}/tables/{page}.html" for page in [*study.pages, "published"]),
        *PLANS[section].manifests,  # Snakemake would not miss one that is gone
    ]


def targets_of(name):
    """Final files of all sections that are of a study."""
    return [path for plan in plans_of(name) for path in targets(plan.name)]


def kept_tables(section):
    """Tables that are kept of a run."""
    names = [*SECTIONS[section].tables, "published"]
    return [f"{PLANS[section].folder}/{name}.parquet" for name in names]


def not_run_targets():
    """What is published about the studies that the configuration leaves out."""
    folders = [f"results/{section}/{DATASET}" for section in LEFT_OUT]
    return [
        path
        for folder in folders
        for path in (f"{folder}/not_run.parquet", f"{folder}/tables/not_run.html")
    ]


def of_the_run():
    """What the report says of the run itself."""
    pages = [f"results/{page}/{DATASET}.html" for page in ("config", "curves")]
    names = [
        "jobs.parquet",
        "stages.html",
        "runs.html",
        "resources.svg",
        "resources.png",
        "resources.pdf",
    ]
    return [*pages, *(f"results/benchmarks/{DATASET}/{name}" for name in names)]


def across_targets():
    """What is made of several sections at once."""
    names = ["explanations.parquet", "summary.json"] if compared() else []
    return [f"results/across_sections/{DATASET}/{name}" for name in names]


def prefixed(path):
    """Path of a result where no rule's input or output says it: with the prefix that an outer workflow gives ours."""
    return str(workflow.modifier.path_modifier.replace_prefix(path))


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


# A checkpoint that is gone takes its manifest with it: the run that begins makes both again. A dry run removes nothing:
# there, what makes the manifest has another code (`or_gone`). `verify` names the checkpoint, and removes the manifest.
GONE = []
if workflow.is_main_process:
    GONE = incomplete(
        Path(prefixed(path)) for plan in PLANS.values() for path in plan.manifests
    )
    for manifest in GONE:
        print(f"{manifest}: checkpoints are gone, made again", file=sys.stderr)
    while GONE and not changes_nothing(sys.argv):
        GONE.pop().unlink()


def or_gone(code, wildcards, start):
    """Fingerprint of a stage; another one where a dry run finds that checkpoints of a start are gone."""
    manifest = Path(prefixed(plan(wildcards).manifest(start, wildcards.group)))
    return f"{code}, checkpoints are gone" if manifest in GONE else code


wildcard_constraints:
    study=one_of(SECTIONS),
    seed=r"\d+",
    group=r"seeds\d+-\d+",
