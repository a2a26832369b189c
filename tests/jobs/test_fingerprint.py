"""Which edits make which stage stale: on a small package made for it, and on the imports of the real one."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plasticity.config import component as components
from plasticity.config import own_code
from plasticity.jobs import fingerprint as module
from plasticity.jobs.fingerprint import Used, closure, components_in, digest, fingerprint
from plasticity.jobs.sources import Sources
from plasticity.storage.schemas import SCHEMAS, Column

TRAINING = '''"""Stage: train."""

import numpy as np

from plasticity.jobs.adapter import Job
from plasticity.storage.tables import write_table
from plasticity.training import loop


def train(epochs: int) -> int:
    """Train."""
    return loop.run(epochs, order="shuffled")
'''
FILES = {
    "__init__.py": "",
    "errors.py": "",
    "seeding.py": "SEED = 1\n",
    "config/__init__.py": "",
    "config/component.py": "from plasticity import errors\n",
    "storage/__init__.py": "",
    "storage/tables.py": "",
    "jobs/__init__.py": "",
    "jobs/adapter.py": "",
    "models/__init__.py": "",
    "models/layers.py": "WIDTH = 1\n",
    "models/network.py": "from plasticity.config import component\n\nclass Network(Component, kind='model'): ...\n",
    "models/mlp.py": "from .network import Network\n\nclass MLP(Network, name='mlp'): ...\n",
    "models/resnet.py": "from . import layers, network\n\nclass ResNet(network.Network, name='resnet'): ...\n",
    "training/__init__.py": "",
    "training/loop.py": "from plasticity.models import network\nfrom plasticity import seeding\n",
    "training/penalties/__init__.py": "",
    "training/penalties/penalty.py": "class Penalty(Component, kind='penalty'): ...\n",
    "training/penalties/nc1.py": "from .penalty import Penalty\n\nclass NC1(Penalty, name='nc1'):\n    cap = 1\n",
    "training/hooks/__init__.py": "",
    "training/hooks/perturb.py": "class Perturb(StepHook, name='perturb'): ...\n",
    "stages/__init__.py": "",
    "stages/train.py": TRAINING,
    "stages/export.py": "def export(): ...\n",
    "studies/__init__.py": "",
    "studies/warm/__init__.py": "from plasticity.seeding import SEED\n",
    "studies/warm/assemble.py": "ROWS = 1\n",
}
USED = {
    "stages.train": components_in({"model": {"name": "mlp"}, "training": {"penalty": {"name": "nc1"}}}),
    "stages.export": components_in({}),
    "studies.warm.assemble": components_in({}),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small package."""
    folder = tmp_path / "plasticity"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(components, "_ROOT", folder)
    components._classes.cache_clear()
    yield folder
    components._classes.cache_clear()


@pytest.fixture
def edit(root: Path) -> Callable[[str, str, str], None]:
    """Replace text in a file of the small package; the empty text stands for its end."""

    def change(name: str, old: str, new: str) -> None:
        path = root / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
        components._classes.cache_clear()

    return change


def prints(root: Path, used: dict[str, Used] = USED) -> dict[str, str]:
    """Return the fingerprints of the small package's stages."""
    return {stage: digest(Sources(root), [f"plasticity.{stage}"], (), used[stage]) for stage in used}


@pytest.fixture
def stale(root: Path, edit: Callable[[str, str, str], None]) -> Callable[..., set[str]]:
    """Say which stages an edit makes stale."""

    def stages(*edits: tuple[str, str, str]) -> set[str]:
        before = prints(root)
        for each in edits:
            edit(*each)
        after = prints(root)
        return {stage for stage in USED if after[stage] != before[stage]}

    return stages


TRAIN, EXPORT, ASSEMBLE = USED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import numpy as np", "# a comment\nimport numpy as np"),
        ('"""Stage: train."""', '"""Stage: rewritten."""'),
        ('"""Train."""', '"""Fit."""'),
        ("(epochs: int)", "(\n    epochs:   int,\n)"),
        ('"shuffled"', "'shuffled'"),
    ],
    ids=["comment", "module docstring", "function docstring", "spaces", "quotes"],
)
def test_what_python_does_not_see_changes_nothing(stale, old: str, new: str) -> None:
    assert stale(("stages/train.py", old, new)) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("stages/train.py", '"shuffled"', '"sorted"', {TRAIN}),
        ("training/loop.py", "", "\nEXTRA = 1\n", {TRAIN}),
        ("training/__init__.py", "", "\nimport os\n", {TRAIN}),
        ("models/network.py", "", "\nEXTRA = 1\n", {TRAIN}),
        ("seeding.py", "1", "2", {TRAIN}),
        ("studies/warm/assemble.py", "1", "2", {ASSEMBLE}),
        ("studies/warm/__init__.py", "", "\nTITLE = 'Warm starting'\n", set()),
        ("__init__.py", "", "\nNEW = 1\n", set()),
        ("errors.py", "", "\nNEW = 1\n", set()),
        ("config/component.py", "", "\nNEW = 1\n", set()),
        ("config/__init__.py", "", "\nNEW = 1\n", set()),
        ("storage/tables.py", "", "\nNEW = 1\n", set()),
        ("jobs/adapter.py", "", "\nNEW = 1\n", set()),
    ],
)
def test_a_changed_line_makes_stale_who_imports_it(stale, name: str, old: str, new: str, expected: set[str]) -> None:
    assert stale((name, old, new)) == expected


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("training/penalties/nc1.py", "1", "2", {TRAIN}),
        ("training/penalties/penalty.py", "", "\nEXTRA = 1\n", {TRAIN}),
        ("models/mlp.py", "", "\nEXTRA = 1\n", {TRAIN}),
        ("models/resnet.py", "", "\nEXTRA = 1\n", set()),
        ("models/layers.py", "1", "2", set()),
        ("training/hooks/perturb.py", "", "\nEXTRA = 1\n", set()),
        ("training/penalties/l2.py", "", "class L2(Penalty, name='l2'): ...\n", set()),
        ("models/wide.py", "", "class Wide(Network, name='wide'): ...\n", set()),
    ],
)
def test_a_component_makes_stale_whose_settings_name_it(
    stale, name: str, old: str, new: str, expected: set[str]
) -> None:
    assert stale((name, old, new)) == expected


def test_settings_that_name_another_component_change_the_fingerprint(root: Path) -> None:
    names = ("mlp", "resnet", "unknown")
    found = {name: prints(root, {TRAIN: components_in({"model": {"name": name}})})[TRAIN] for name in names}
    assert len(set(found.values())) == len(names)
    assert prints(root, {TRAIN: components_in({"training": {"epochs": 3}})})[TRAIN] == found["unknown"]


def test_components_are_found_wherever_settings_name_them() -> None:
    settings = {
        "name": "mine",
        "reader": "mnist",
        "model": {"name": "my_lab.nets:WideNet", "penalty": {"name": "inner"}},
        "training": [{"optimizer": {"name": "adam"}}, {"hooks": [{"name": "perturb"}, {"name": "redo"}]}],
        "tasks": {"name": "halves"},
        "following": {"tasks": 3, "penalty": None},
    }
    assert components_in(settings) == {
        ("reader", "mnist"),
        ("model", "my_lab.nets:WideNet"),
        ("penalty", "inner"),
        ("optimizer", "adam"),
        ("hook", "perturb"),
        ("hook", "redo"),
        ("tasks", "halves"),
    }
    assert components_in(None) == components_in([1, "mlp"]) == frozenset()


@pytest.mark.parametrize(
    "statement",
    [
        "import plasticity.extra.deep",
        "import plasticity.extra.deep as other",
        "from plasticity.extra import deep",
        "from plasticity.extra.deep import VALUE",
        "from ..extra import deep",
        "from ..extra.deep import VALUE",
        "from .. import extra",
        "def later():\n    from plasticity.extra import deep\n",
    ],
)
def test_every_way_of_importing_is_followed(stale, edit: Callable[[str, str, str], None], statement: str) -> None:
    edit("stages/export.py", "", f"\n{statement}\n")
    (components._ROOT / "extra").mkdir()
    edit("extra/__init__.py", "", "from . import deep\n" if statement == "from .. import extra" else '"""Doc."""\n')
    edit("extra/deep.py", "", "from .side import OTHER\nVALUE = 1\n")
    edit("extra/side.py", "", "OTHER = 1\n")
    assert stale(("extra/side.py", "OTHER = 1", "OTHER = 2")) == {EXPORT}


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module plasticity\.fine_tone"):
        fingerprint("plasticity.fine_tone")


# The user's own code


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a package and modules of the user's own."""
    folder = tmp_path / "mine"
    for name, text in {
        "my_lab/__init__.py": "",
        "my_lab/nets.py": "import torch\nfrom .blocks import Block\nfrom plasticity.models.resnet import ResNet\n",
        "my_lab/blocks.py": "import helpers\nfrom my_lab import shared\n",
        "my_lab/shared.py": "VALUE = 1\n",
        "my_lab/unused.py": "VALUE = 1\n",
        "helpers.py": "VALUE = 1\n",
        "unused.py": "VALUE = 1\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(own_code.VARIABLE, str(folder))
    own_code._root.cache_clear()
    yield folder
    own_code._root.cache_clear()


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("my_lab/nets.py", True),
        ("my_lab/blocks.py", True),
        ("my_lab/shared.py", True),
        ("my_lab/__init__.py", True),
        ("helpers.py", True),
        ("my_lab/unused.py", False),
        ("unused.py", False),
    ],
)
def test_own_code_is_followed_within_its_folder(root: Path, lab: Path, name: str, is_part: bool) -> None:
    used = {TRAIN: components_in({"model": {"name": "my_lab.nets:WideNet"}})}
    before = prints(root, used)
    with (lab / name).open("a", encoding="utf-8") as file:
        file.write("\n# a comment\n")
    assert prints(root, used) == before
    with (lab / name).open("a", encoding="utf-8") as file:
        file.write("EXTRA = 1\n")
    assert (prints(root, used) != before) is is_part


@pytest.mark.usefixtures("lab")
def test_what_own_code_takes_from_the_package_is_followed(root: Path, edit: Callable[[str, str, str], None]) -> None:
    used = {TRAIN: components_in({"model": {"name": "my_lab.nets:WideNet"}})}
    before = prints(root, used)
    edit("models/layers.py", "1", "2")
    assert prints(root, used) != before


def test_own_code_is_not_imported_for_its_fingerprint(root: Path, lab: Path) -> None:
    (lab / "my_lab/__init__.py").write_text("raise SystemExit\n", encoding="utf-8")
    assert prints(root, {TRAIN: components_in({"model": {"name": "my_lab.nets:WideNet"}})})


def test_an_installed_package_is_known_by_its_distribution(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> str:
        return prints(root, {TRAIN: frozenset({("model", name)})})[TRAIN]

    before = found("torchvision.models:ResNet")
    assert found("torchvision.models:VGG") != before
    assert found("torchvision.models:ResNet") == before
    monkeypatch.setattr(module, "distribution_digest", lambda package: f"{package} 99")
    assert found("torchvision.models:ResNet") != before


# The real package

STAGES = (
    "stages.warm_up",
    "stages.export",
    "stages.intervene",
    "stages.measure_collapse",
    "stages.fine_tune",
    "stages.prepare",
    "stages.first_task",
    "stages.following_tasks",
    "stages.draw_split",
    "studies.warm_start.assemble",
    "studies.warm_start.correlate",
    "studies.continual.assemble",
    "studies.continual.correlate",
)


def test_no_training_depends_on_what_comes_after_it() -> None:
    after = {"metrics", "analysis", "report", "config", "studies"}
    for stage in ("warm_up", "fine_tune"):
        parts = {name.split(".")[1] for name in closure(f"plasticity.stages.{stage}")}
        assert not parts & after, stage
    assert "plasticity.stages.warm_up" not in closure("plasticity.stages.fine_tune")
    assert "plasticity.stages.fine_tune" not in closure("plasticity.stages.warm_up")
    measuring = closure("plasticity.stages.measure_collapse")
    assert {f"plasticity.metrics.declared.{name}" for name in ("collapse", "capacity")} <= measuring


@pytest.mark.parametrize("stage", ["warm_up", "fine_tune", "first_task", "following_tasks", "pre_train"])
def test_what_trains_where_no_optimizer_is_named_belongs_to_every_training(stage: str) -> None:
    found = closure(f"plasticity.stages.{stage}", used=components_in({"training": {"learning_rate": 0.1}}))
    assert "plasticity.training.optimisers.sgd" in found
    assert "plasticity.training.optimisers.adam" not in found


def test_what_measures_a_landscape_belongs_to_the_stages_that_are_asked_for_it() -> None:
    used = components_in({"measure": {"gradients": None, "curvature": {"hessian": None}, "probe": {"head": "kept"}}})
    assert used == {("measured", "curvature"), ("measured", "probe")}
    measuring = "plasticity.stages.landscape.measured_"
    for stage in ("measure_collapse", "measure_variances", "first_task", "following_tasks"):
        asked = {name for name in closure(f"plasticity.stages.{stage}", used=used) if name.startswith(measuring)}
        assert asked == {f"{measuring}gauss_newton", f"{measuring}probe"}
        assert not [name for name in closure(f"plasticity.stages.{stage}") if name.startswith(measuring)]
        assert "plasticity.metrics.landscape.lanczos" not in closure(f"plasticity.stages.{stage}")


def test_the_schema_of_a_written_table_is_part_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def digests() -> tuple[str, str, str]:
        fingerprint.cache_clear()
        return (
            fingerprint("plasticity.stages.warm_up", tables=("history",)),
            fingerprint("plasticity.stages.fine_tune", tables=("fine_tune", "history")),
            fingerprint("plasticity.stages.draw_split", tables=("split",)),
        )

    before = digests()
    added = (*SCHEMAS["history"], Column("gradient_norm", "float", "1", "mean over the epoch"))
    monkeypatch.setattr(module, "SCHEMAS", {**SCHEMAS, "history": added})
    after = digests()
    assert [a != b for a, b in zip(after, before, strict=True)] == [True, True, False]
    monkeypatch.undo()
    assert digests() == before


def test_modules_and_tables_tell_fingerprints_apart() -> None:
    assembling, correlating = "plasticity.studies.warm_start.assemble", "plasticity.studies.warm_start.correlate"
    found = [
        fingerprint(assembling),
        fingerprint(assembling, tables=("metrics",)),
        fingerprint(assembling, tables=("history",)),
        fingerprint(assembling, correlating),
    ]
    assert len(set(found)) == 4
    assert fingerprint(correlating, assembling) == found[3]


_IMPORTED = """
import importlib, json, sys
found = {}
for stage in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "plasticity"]:
        del sys.modules[name]
    importlib.import_module(f"plasticity.{stage}")
    found[stage] = [name for name in sys.modules if name.split(".")[0] == "plasticity"]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_nothing_that_python_imports_is_missed() -> None:
    command = [sys.executable, "-c", _IMPORTED, *STAGES]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    sources = Sources(Path(module.__file__).parents[1])
    for_tables = {"plasticity.metrics.declaring"}  # which definitions of tables import
    for stage, imported in found.items():
        carried = {name for name in imported if (source := sources.get(name)) is None or module._carries(source)}
        assert set(imported) - carried - for_tables <= closure(f"plasticity.{stage}"), stage


def test_the_compiled_loop_belongs_to_the_stages_that_train_online() -> None:
    kernel = "plasticity.training.online.kernel"
    users = {stage for stage in STAGES if kernel in closure(f"plasticity.{stage}")}
    assert users == {"stages.first_task", "stages.following_tasks"}


def test_what_notebooks_import_makes_no_stage_stale() -> None:
    found = closure(*(f"plasticity.{stage}" for stage in STAGES))
    assert not found & {"plasticity", "plasticity.storage.results"}
