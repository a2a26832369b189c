import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plasticity.jobs import fingerprint as module
from plasticity.jobs.entries import entries_in
from plasticity.jobs.fingerprint import closure, fingerprint
from plasticity.stages import history_columns
from plasticity.stages.history_columns import HISTORY
from plasticity.storage.schemas import Column, Table

STAGES = (
    "warm_up",
    "export",
    "intervene",
    "measure",
    "fine_tune",
    "split",
    "prepare",
    "assemble",
    "correlate",
)
PERMUTED_STAGES = ("first_task", "following_tasks", "assemble_permuted", "correlate_permuted", "tabulate_permuted")


def _forget() -> None:
    for cached in (fingerprint, closure, module._normalised, module._imports, module._imported_from):
        cached.cache_clear()


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Edit a file of a copy of the package, which the fingerprints are then taken of."""
    root = tmp_path / "plasticity"
    shutil.copytree(Path(module.__file__).parent, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "_ROOT", root)
    _forget()

    def change(name: str, old: str, new: str) -> None:
        path = root / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
        _forget()

    yield change
    _forget()


@pytest.fixture
def changed(edit: Callable[[str, str, str], None]):
    """Say which stages' fingerprints an edit changes."""

    def stages(name: str, old: str, new: str) -> set[str]:
        before = {stage: fingerprint(f"plasticity.{stage}") for stage in STAGES}
        edit(name, old, new)
        return {stage for stage in STAGES if fingerprint(f"plasticity.{stage}") != before[stage]}

    return stages


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import numpy as np", "# a comment\nimport numpy as np"),
        ('"""Stage: train on the first task', '"""Stage: rewritten'),
        ('"""Train the network of', '"""Fit the network of'),
        ("    data: Path\n    splits:", "    data:   Path\n\n    splits:"),
        ('purpose="warm_up/order"', "purpose='warm_up/order'"),
    ],
    ids=["comment", "module docstring", "function docstring", "spaces", "quotes"],
)
def test_what_python_does_not_see_changes_nothing(edit: Callable[[str, str, str], None], old: str, new: str) -> None:
    before = fingerprint("plasticity.stages.warm_up")
    edit("warm_up.py", old, new)
    assert fingerprint("plasticity.stages.warm_up") == before


def test_a_changed_line_of_a_stage_changes_that_stage_alone(changed) -> None:
    assert changed("warm_up.py", 'purpose="warm_up/order"', 'purpose="warm_up/shuffle"') == {"warm_up"}


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("training/run.py", "self.diverged = not", "self.diverged = bool() or not", {"warm_up", "fine_tune"}),
        ("training/batch_norm.py", "_BATCH = 500", "_BATCH = 250", {"intervene"}),
        ("metrics/declared/collapse.py", "/ len(features)", "/ max(len(features), 1)", {"measure"}),
        ("metrics/declared/capacity.py", "mass: float = 0.99", "mass: float = 0.98", {"measure"}),
        ("interventions.py", "shrink * value", "value * shrink", {"intervene"}),
        ("analysis/basis.py", "", "\nEXTRA = 1\n", {"correlate"}),
        ("data/digits.py", "_LARGEST = 16", "_LARGEST = 17", {"prepare"}),
        ("models/resnet.py", "_STAGES = 4", "_STAGES = 3", {"warm_up", "intervene", "measure", "fine_tune"}),
        ("seeding.py", ">> 1", ">> 2", set(STAGES) - {"export", "assemble"}),
        ("figures/lines.py", "", "\nEXTRA = 1\n", set()),
        ("config/arms.py", "", "\nEXTRA = 1\n", set()),
        ("plan/naming.py", 'PLAIN = "plain"', 'PLAIN = "bare"', set()),
        ("catalogue.py", "", "\nEXTRA = 1\n", set()),
    ],
)
def test_a_changed_line_of_an_imported_module_changes_who_imports_it(
    changed, name: str, old: str, new: str, expected: set[str]
) -> None:
    assert changed(name, old, new) == expected


def test_plumbing_retrains_nothing(edit: Callable[[str, str, str], None]) -> None:
    before = [fingerprint(f"plasticity.{stage}") for stage in STAGES]
    for name in ("errors", "files", "logs", "progress", "provenance", "tables"):
        edit(f"{name}.py", "", "\nEXTRA = 1\n")
    assert [fingerprint(f"plasticity.{stage}") for stage in STAGES] == before


def test_no_training_depends_on_what_comes_after_it() -> None:
    after = {"metrics", "analysis", "figures", "config", "plan", "measure", "assemble", "correlate", "tabulate", "draw"}
    for stage in ("warm_up", "fine_tune"):
        parts = {name.split(".")[1] for name in closure(f"plasticity.{stage}")}
        assert not parts & after, stage
    assert "plasticity.stages.warm_up" not in closure("plasticity.stages.fine_tune")
    assert "plasticity.stages.fine_tune" not in closure("plasticity.stages.warm_up")
    assert {"plasticity.metrics.declared.collapse", "plasticity.metrics.declared.capacity"} <= closure(
        "plasticity.stages.measure_collapse"
    )


def test_the_schema_of_a_written_table_is_part_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def digests() -> tuple[str, str, str]:
        _forget()
        return (
            fingerprint("plasticity.stages.warm_up", tables=("history",)),
            fingerprint("plasticity.stages.fine_tune", tables=("fine_tune", "history")),
            fingerprint("plasticity.tasks.halves", tables=("split",)),
        )

    before = digests()
    added = (*HISTORY.columns, Column("gradient_norm", "float", "1", "mean over the epoch"))
    monkeypatch.setattr(history_columns, "HISTORY", Table("history", added))
    after = digests()
    assert [a != b for a, b in zip(after, before, strict=True)] == [True, True, False]
    monkeypatch.undo()
    assert digests() == before


def test_modules_and_tables_tell_fingerprints_apart() -> None:
    found = [
        fingerprint("plasticity.studies.warm_start.assemble"),
        fingerprint("plasticity.studies.warm_start.assemble", tables=("metrics",)),
        fingerprint("plasticity.studies.warm_start.assemble", tables=("history",)),
        fingerprint("plasticity.studies.warm_start.assemble", "plasticity.studies.warm_start.outcomes"),
    ]
    assert len(set(found)) == 4
    assert fingerprint("plasticity.studies.warm_start.outcomes", "plasticity.studies.warm_start.assemble") == found[3]


@pytest.mark.parametrize(
    "statement",
    [
        "import plasticity.extra.deep",
        "import plasticity.extra.deep as other",
        "from plasticity.extra import deep",
        "from plasticity.extra.deep import VALUE",
        "from .extra import deep",
        "from .extra.deep import VALUE",
        "from . import extra",
        "def later():\n    from plasticity.extra import deep\n",
    ],
)
def test_every_way_of_importing_is_followed(edit: Callable[[str, str, str], None], statement: str) -> None:
    root = module._ROOT / "extra"
    root.mkdir()
    (root / "__init__.py").write_text("from . import deep\n" if statement == "from . import extra" else '"""Doc."""\n')
    edit("extra/deep.py", "", "from .side import OTHER\nVALUE = 1\n")
    edit("extra/side.py", "", "OTHER = 1\n")
    edit("export.py", "", f"\n{statement}\n")
    before = fingerprint("plasticity.stages.export")
    assert {"plasticity.extra.deep", "plasticity.extra.side"} <= closure("plasticity.stages.export")
    edit("extra/side.py", "OTHER = 1", "OTHER = 2")
    assert fingerprint("plasticity.stages.export") != before


def test_a_relative_import_of_a_parent_is_followed(edit: Callable[[str, str, str], None]) -> None:
    edit("training/run.py", "", "\nfrom ..metrics.declared import capacity\n")
    assert "plasticity.metrics.declared.capacity" in closure("plasticity.training.run")


def test_a_package_that_does_something_on_import_counts(changed) -> None:
    assert changed("training/__init__.py", "", "\nimport os\n") == {
        "warm_up",
        "intervene",
        "measure",
        "fine_tune",
    }


USED = {
    "warm_up": {"model": {"name": "resnet18_narrow"}, "training": {"penalty": {"name": "nc1"}}},
    "fine_tune": {"model": {"name": "mlp"}, "training": {}},
    "intervene": {"model": {"name": "mlp"}, "intervention": {"name": "shrink_perturb"}},
    "measure": {"model": {"name": "resnet18_imagenet"}},
    "prepare": {"reader": "digits"},
}
"""Stage -> settings that name what it uses."""


@pytest.fixture
def stale(edit: Callable[[str, str, str], None]):
    """Say which stages an edit makes stale, whose settings name what they use."""

    def digests() -> dict[str, str]:
        return {stage: fingerprint(f"plasticity.{stage}", used=entries_in(given)) for stage, given in USED.items()}

    def stages(*edits: tuple[str, str, str]) -> set[str]:
        before = digests()
        for each in edits:
            edit(*each)
        after = digests()
        return {stage for stage in USED if after[stage] != before[stage]}

    return stages


NEW = "\n\ndef mine(*given):\n    return given[0]\n"


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        ("training/penalties.py", "PENALTIES: dict[str, Penalty] = {"),
        ("interventions.py", "INTERVENTIONS: dict[str, Intervention] = {"),
        ("models/registry.py", "MODELS: dict[str, Callable[..., Classifier]] = {"),
        ("data/readers.py", "READERS: dict[str, Callable[..., DataSet]] = {"),
    ],
    ids=["penalty", "intervention", "model", "reader"],
)
def test_a_new_entry_makes_nothing_stale(stale, name: str, registry: str) -> None:
    function = NEW.lstrip() + "\n\n" + registry + '"mine": mine, '
    assert stale((name, registry, function)) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "from plasticity.training import penalties",
        "import plasticity.training.penalties",
        "from plasticity.training.penalties import *",
        "from .training import penalties",
        "from plasticity import training\nOTHER = training.penalties",
        "import plasticity.training as elsewhere\nOTHER = elsewhere.penalties",
    ],
)
def test_a_registry_whose_module_is_imported_itself_is_used_whole(
    edit: Callable[[str, str, str], None], stale, statement: str
) -> None:
    edit("export.py", "", f"\n{statement}\n")
    registry = "PENALTIES: dict[str, Penalty] = {"
    assert "warm_up" in stale(("training/penalties.py", registry, f'{registry}"mine": lambda *given: given[0], '))


def test_a_new_model_in_a_module_of_its_own_makes_nothing_stale(stale) -> None:
    imported = "from plasticity.models.mine import Mine\nfrom plasticity.models.mlp import MLP\n"
    edits = [
        ("models/mine.py", "", "class Mine: ...\n"),
        ("models/registry.py", "from plasticity.models.mlp import MLP\n", imported),
        ("models/registry.py", "= {\n", '= {\n    "mine": Mine,\n'),
    ]
    assert stale(*edits) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("training/penalties.py", "_RELATIVE_CUT = 1e-10", "_RELATIVE_CUT = 1e-11", {"warm_up"}),
        (
            "training/penalties.py",
            'cap = settings.get("cap")',
            'cap = settings["cap"]',
            {"warm_up", "fine_tune", "measure"},
        ),
        ("models/resnet.py", "_STAGES = 4", "_STAGES = 3", {"warm_up"}),
        ("models/mlp.py", "", "\nEXTRA = 1\n", {"fine_tune", "intervene"}),
        ("models/torchvision_models.py", "", "\nEXTRA = 1\n", {"measure"}),
        ("models/registry.py", "width=16", "width=17", {"warm_up"}),
        ("interventions.py", "shrink * value", "value * shrink", {"intervene"}),
        ("data/digits.py", "_LARGEST = 16", "_LARGEST = 17", {"prepare"}),
        ("data/image_files.py", "", "\nEXTRA = 1\n", set()),
    ],
)
def test_a_changed_line_makes_stale_who_uses_it(stale, name: str, old: str, new: str, expected: set[str]) -> None:
    assert stale((name, old, new)) == expected


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module plasticity\.fine_tone"):
        fingerprint("plasticity.fine_tone")


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


def test_nothing_that_python_imports_is_missed() -> None:
    command = [sys.executable, "-c", _IMPORTED, *STAGES, *PERMUTED_STAGES]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for stage, imported in found.items():
        bare = {name for name in imported if module._normalised(name) == module._EMPTY}
        assert set(imported) - bare - module._PLUMBING <= closure(f"plasticity.{stage}"), stage


def test_the_compiled_loop_belongs_to_the_stages_that_train_online() -> None:
    kernel = "plasticity.training.online.kernel"
    users = {stage for stage in (*STAGES, *PERMUTED_STAGES) if kernel in closure(f"plasticity.{stage}")}
    assert users == {"first_task", "following_tasks"}


def test_what_notebooks_import_makes_no_stage_stale(edit: Callable[[str, str, str], None]) -> None:
    stages = [f"plasticity.{stage}" for stage in (*STAGES, *PERMUTED_STAGES)]
    before = [fingerprint(stage) for stage in stages]
    edit("__init__.py", "__all__ = [", "NEW = 1\n__all__ = [")
    edit("results.py", "_TYPES = {", "NEW = 1\n_TYPES = {")
    assert [fingerprint(stage) for stage in stages] == before
    assert not closure(*stages) & {"plasticity", "plasticity.storage.results"}
