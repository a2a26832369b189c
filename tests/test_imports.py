"""What starts without what: who reads a configuration or a table does not wait for the libraries that compute.

One process does everything in turn, as nothing that is imported goes away again: first what may import least.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plasticity.studies import all_studies
from plasticity.studies.study import Study

ROOT = Path(__file__).resolve().parents[1]
STUDIES = list(all_studies().values())


def modules(*stages: str) -> str:
    """Return an import of the modules of stages, such as "plasticity.stages.warm_up:run"."""
    return "import " + ", ".join(stage.partition(":")[0] for stage in stages)


def statistics(study: Study) -> list[str]:
    return [study.dotted(name) for name in (study.correlate, study.find_causes) if name]


# What is done -> the code that does it, and modules that are not imported by then.
STEPS: dict[str, tuple[str, set[str]]] = {
    "the package": ("import plasticity", {"numpy", "pandas", "pyarrow", "torch"}),
    "names of the metrics": ("import plasticity.metrics; dir(plasticity.metrics)", {"numpy", "pandas", "torch"}),
    "columns of the tables": (
        "from plasticity.storage.schemas import SCHEMAS; dict(SCHEMAS)",
        {"numpy", "pandas", "pyarrow", "torch"},
    ),
    "the check of a configuration": (
        "import yaml; from pathlib import Path; from plasticity.studies.configuration import load_config;"
        "load_config(yaml.safe_load(Path('config.yaml').read_text()), root=Path.cwd())",
        {"matplotlib", "numpy", "pandas", "pyarrow", "scipy", "torch"},
    ),
    "what studies say of themselves": (
        "from plasticity.studies import all_studies;"
        "[(s.figures, s.pages, s.plan_of(None, s.section)) for s in all_studies().values()]",
        {"matplotlib", "pandas", "seaborn", "torch"},
    ),
    "the settings that the workflow gives to its jobs": (
        "from plasticity.studies import sections_of; from plasticity.studies.configuration import typed_config;"
        "c = typed_config(yaml.safe_load(Path('config.yaml').read_text()), root=Path.cwd());"
        "plans = {n: s.plan_of(c, n) for n, s in sections_of(c.mapping).items()};"
        "plans['warm_start'].fine_tune_settings('warm_start').canonical();"
        "plans['permuted'].following_settings('continual').canonical();"
        "plans['train_test_collapse'].pre_train_settings('cascade').canonical()",
        {"numba", "pandas", "torch"},
    ),
    "the log of a job": ("import plasticity.jobs.logs", {"torch"}),
    "correlations": ("import plasticity.analysis.jackknife, plasticity.analysis.prediction", {"scipy.stats"}),
    "prepared data and splits": (
        "import plasticity.data.store, plasticity.stages.draw_split, plasticity.stages.prepare",
        {"torch"},
    ),
    "the statistics of a study": (modules(*(name for study in STUDIES for name in statistics(study))), {"torch"}),
    "a summary of a study": (
        modules("plasticity.report.summarise", *(name for study in STUDIES for name in study.summarised_by)),
        {"seaborn", "torch"},
    ),
    "the compiled loop": (
        "import numpy as np;"
        "from plasticity.training.online.pixels import pixels_of_rows;"
        "from plasticity.config.training_section import Optimisation;"
        "from plasticity.training.online.online_sgd import train_online;"
        "from plasticity.training.online.stack import stack_of;"
        "made = stack_of([{'head.weight': np.ones((2, 3)), 'head.bias': np.zeros(2)}]);"
        "pixels = pixels_of_rows(np.eye(3), np.array([0, 1, 1]), 2);"
        "train_online(made, pixels, np.array([[0, 1, 2]]), Optimisation(learning_rate=0.1))",
        {"torch"},
    ),
    "training by each optimiser": (
        "import torch\n"
        "from plasticity.training.bound_optimiser import bind_optimiser\n"
        "network = torch.nn.Linear(2, 2)\n"
        "for name in ('sgd', 'adam', 'adamw', 'rmsprop'):\n"
        "    training = Optimisation.of({'learning_rate': 0.1, 'optimizer': {'name': name}})\n"
        "    optimizer = bind_optimiser(network, training)\n"
        "    network(torch.ones(3, 2)).sum().backward()\n"
        "    optimizer.step()",
        {"torch._dynamo"},  # the compiler
    ),
}


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """Step -> which of the modules that it must not import are there."""
    lines = ["import json, sys", "found = {}"]
    for name, (code, forbidden) in STEPS.items():
        lines += [code, f"found[{name!r}] = sorted({forbidden!r} & sys.modules.keys())"]
    command = [sys.executable, "-c", "\n".join([*lines, "print(json.dumps(found))"])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", STEPS)
def test_what_needs_no_library_does_not_import_it(imported: dict[str, list[str]], name: str) -> None:
    assert imported[name] == []
