"""Documents that say the same thing twice say it alike: dependencies, configuration keys, presets, the manual page."""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from plasticity.config.component import FOLDERS, known
from plasticity.config.frame import schema_of
from plasticity.config.manual import COMMAND
from plasticity.config.parameters import SCHEMA_FILE, defaults, parameters
from plasticity.config.wording import expectation
from plasticity.storage.schemas import SCHEMAS
from plasticity.studies.__main__ import SCHEMA_COMMAND, main, manual_text
from plasticity.studies.configuration import load_config, schema
from plasticity.studies.tables_page import COMMAND as TABLES_COMMAND
from plasticity.studies.tables_page import describe_tables, tables

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PRESETS = sorted((ROOT / "config").glob("*.yaml"))
COMPONENTS = {(kind, name): parameters(kind, name) for kind in FOLDERS for name in known(kind)}
EXTRAS = ("agents", "docs", "slurm", "tensorboard", "test")
RANGES = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")


@cache
def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def locked() -> list[Requirement]:
    lines = (line.strip() for line in LOCK.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def declared() -> list[Requirement]:
    return [
        Requirement(text)
        for text in PROJECT["dependencies"]
        + [part for extra in EXTRAS for part in PROJECT["optional-dependencies"][extra]]
    ]


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    else:
        yield path, value


# Dependencies


def test_dependencies_are_locked_within_their_ranges() -> None:
    pins = [(canonicalize_name(pin.name), pin) for pin in locked()]
    for requirement in declared():
        (found,) = [pin for name, pin in pins if name == canonicalize_name(requirement.name)]
        (specifier,) = found.specifier
        assert specifier.operator == "=="
        assert Version(specifier.version) in requirement.specifier, requirement.name
        assert found.marker is None, requirement.name


def test_lock_pins_exactly_one_version_of_everything() -> None:
    names = [canonicalize_name(pin.name) for pin in locked()]
    assert len(names) == len(set(names))
    assert all([specifier.operator for specifier in pin.specifier] == ["=="] for pin in locked())


def test_lock_names_no_place() -> None:
    assert all(pin.url is None for pin in locked())
    assert not re.search(r"https?:|file:|--|@|/\w", LOCK)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_cuda_libraries_are_locked_for_linux_alone(platform: str) -> None:
    environment = {"sys_platform": platform, "python_full_version": "3.12.0", "python_version": "3.12"}
    wanted = [pin.name for pin in locked() if pin.marker is None or Marker(str(pin.marker)).evaluate(environment)]
    assert any(name.startswith("nvidia-cu") for name in wanted) == (platform == "linux")
    assert ("triton" in wanted) == (platform == "linux")
    assert "torch" in wanted


def test_conda_environment_takes_the_locked_versions() -> None:
    dependencies = read_yaml("environment.yml")["dependencies"]
    (pip,) = [part["pip"] for part in dependencies if isinstance(part, dict)]
    direct = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    versions = {canonicalize_name(pin.name): str(pin.specifier) for pin in locked()}
    assert sorted(pip) == sorted(f"{name}{versions[name]}" for name in direct)
    assert [re.split("[=<>]", part)[0] for part in dependencies if isinstance(part, str)] == ["python", "pip"]


def test_python_versions_agree() -> None:
    (python,) = [part for part in read_yaml("environment.yml")["dependencies"] if str(part).startswith("python=")]
    supported, version = SpecifierSet(PROJECT["requires-python"]), python.removeprefix("python=")
    assert Version(version) in supported
    assert f"\nFROM python:{version}-slim\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert version in read_yaml(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    for pin in locked():
        assert pin.marker is None or "python_version <" not in str(pin.marker), "a pin that a supported Python lacks"
    pyright = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pyright"]["pythonVersion"]
    assert PROJECT["requires-python"] == f">={pyright}"


# Schema, components and configuration


def objects(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every part of the schema that describes a key, with its dotted path."""
    yield path, part
    inner = {**part.get("properties", {}), **part.get("patternProperties", {})}
    inner |= {f"[].{key}": value for key, value in part.get("items", {}).get("properties", {}).items()}
    for key, value in inner.items():
        yield from objects(value, f"{path}.{key}".removeprefix("."))


def fragments() -> dict[str, dict[str, Any]]:
    """Return the description of every key, of the sections and of the components."""
    found = dict(objects(schema()))
    for (kind, name), component in COMPONENTS.items():
        found |= {f"{kind}.{name}.{key}": part for key, part in component["properties"].items()}
    return found


def test_every_key_is_described() -> None:
    for path, part in fragments().items():
        assert part["type"], path
        assert part["unit"], path
        assert part["description"].endswith("."), path
        assert expectation(part) != "a value", path
        if "object" in part["type"]:
            free = isinstance(part.get("additionalProperties"), dict)  # what another package takes, each a plain value
            assert free or part.get("additionalProperties") is False or {"x-component", "x-names"} & set(part), path
        if "default" in part:
            assert Draft202012Validator(part).is_valid(part["default"]), path


def test_every_component_is_described() -> None:
    for name, component in COMPONENTS.items():
        assert component["description"], name
        assert set(component.get("required", ())) <= set(component["properties"]) - set(defaults(component)), name


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_arms_have_the_ranges_of_the_study() -> None:
    study = schema()["properties"]["warm_start"]["properties"]
    (arm,) = study["arms"]["patternProperties"].values()
    overrides = arm["properties"]["warm_up"]["properties"]
    assert set(overrides) == set(study["warm_up"]["properties"]) - {"checkpoint_every"}
    for key, part in overrides.items():
        ranges = {bound: study["warm_up"]["properties"][key].get(bound) for bound in RANGES}
        assert {bound: part.get(bound) for bound in RANGES} == ranges
        if "array" in part["type"] and key != "hooks":
            assert {bound: part["items"].get(bound) for bound in RANGES} == ranges


def test_every_key_of_the_configuration_is_in_the_schema() -> None:
    sections = {"random_labels": "permuted"}  # sections with names of their own have the keys of their study's
    for given, _ in leaves(read_yaml("config.yaml")):
        if given[1:] == ("study",):
            continue
        path = (sections.get(given[0], given[0]), *given[1:])
        part: Any = schema()
        for position, key in enumerate(path):
            found = schema_of(key, part)
            if found is None:
                kind = part["x-component"]
                assert position == len(path) - 1
                assert any(key in parameters(kind, name)["properties"] for name in known(kind)), path
                break
            part = found


def test_every_required_key_of_the_schema_is_in_the_configuration() -> None:
    config = read_yaml("config.yaml")
    for path, part in objects(schema()):
        keys = path.split(".") if path else []
        if any(key.startswith(("^", "[")) for key in keys):
            continue
        section = config
        for key in keys:
            section = section.get(key, {})
        missing = [key for key in part.get("required", ()) if section and key not in section]
        assert not missing, path
    known = schema()["properties"]["warm_start"]["properties"]["figures"]
    drawn = set(load_config(config, root=ROOT)["warm_start"]["figures"])
    assert drawn == set(known["x-names"]) - set(known["x-on-request"])


# The schema for editors


def test_schema_for_editors_is_up_to_date(tmp_path: Path) -> None:
    assert main(["schema", str(tmp_path / "schema")]) == 0
    kept = SCHEMA_FILE.read_text(encoding="utf-8")
    assert kept == (tmp_path / "schema").read_text(encoding="utf-8"), f"out of date, run: {SCHEMA_COMMAND}"
    found = json.loads(kept)
    # Of the keywords in it, only "$defs" is newer than draft 7, whose check takes a sixth of the time.
    Draft7Validator.check_schema({**found, "definitions": found["$defs"]})


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    """What an editor checks a configuration with."""
    return Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *PRESETS], ids=lambda path: path.stem)
def test_schema_for_editors_takes_every_configuration(editor: Draft202012Validator, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    editor.validate(yaml.safe_load(text))
    named = text.split("\n")[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == SCHEMA_FILE


@pytest.mark.parametrize(
    "wrong",
    [
        {"warm_strat": {}},
        {"second": {"study": "warm_strat"}},
        {"second": {"study": "continual", "first_task": {"epoch": 1}}},
        {"warm_start": {"seeds": [-1]}},
        {"warm_start": {"warm_up": {"penalty": {"name": "nc1", "weight": [1, 2]}}}},
        {"warm_start": {"warm_up": {"penalty": {"name": "none", "weight": 1}}}},
        {"warm_start": {"model": {"name": "resnet_18"}}},
        {"warm_start": {"model": {"name": "mlp", "width": 3}}},
        {"warm_start": {"figures": {"training_curve": {}}}},
        {"warm_start": {"arms": {"mine": {"warm_up": {"epochs": [1, 2]}}}}},
        {"dataset": {"name": "mine", "reader": "parquet", "train": 3}},
        {"studies": []},
    ],
    ids=str,
)
def test_schema_for_editors_sees_what_is_wrong(editor: Draft202012Validator, wrong: dict[str, Any]) -> None:
    assert not editor.is_valid(wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"permuted": None},
        {"second": {"study": "continual", "first_task": {"epochs": 1}}},
        {"warm_start": {"arms": {"weight_decay": None}, "figures": {"training_curves": None}}},
        {"warm_start": {"model": {"name": "my_lab.nets:WideNet", "width": 3}}},
        {"warm_start": {"arms": {"mine": {"warm_up": {"penalty": {"name": "nc1", "weight": [1, 2]}}}}}},
    ],
    ids=str,
)
def test_schema_for_editors_takes_what_an_overlay_may_say(editor: Draft202012Validator, right: dict[str, Any]) -> None:
    editor.validate(right)


# Presets and the manual page


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_preset_repeats_nothing(preset: Path) -> None:
    demo = dict(leaves(read_yaml("config.yaml")))
    absent = object()
    repeated = [path for path, value in leaves(read_yaml(f"config/{preset.name}")) if demo.get(path, absent) == value]
    assert not [path for path in repeated if path[1:] != ("study",)]  # by which an editor knows a section's keys


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_preset_stands_on_a_study_page_and_in_the_list_of_presets(preset: Path) -> None:
    pages = sorted((ROOT / "docs" / "studies").glob("*.md"))
    rows = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    assert len([row for row in rows if row.startswith(f"| `config/{preset.name}` | ")]) == 1
    listed = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert listed.count(f"\n| `{preset.name}` | ") == 1


def test_there_are_presets() -> None:
    assert {path.stem for path in PRESETS} >= {"paper", "cifar10_small"}


def test_page_is_up_to_date(tmp_path: Path) -> None:
    assert main(["manual", str(tmp_path / "page")]) == 0
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == (tmp_path / "page").read_text(encoding="utf-8"), (
        f"docs/configuration.md is out of date, run: {COMMAND}"
    )


def test_page_shows_every_key_and_name() -> None:
    page = manual_text()
    for (_, name), component in COMPONENTS.items():
        assert f"- `{name}`: " in page
        assert all(f"| `{key}` |" in page for key in component["properties"])
    for path, part in objects(schema()):
        key = re.sub(r"\^[^$]*\$", "<name>", path).partition(".")[2].replace(".[]", "[]")
        assert not key or f"| `{key}` |" in page, part
        assert all(f"- `{name}`: {text}" in page for name, text in part.get("x-names", {}).items())


def test_page_of_the_tables_is_up_to_date(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == describe_tables(), f"docs/tables.md is out of date, run: {TABLES_COMMAND}"
    assert main(["tables", str(tmp_path / "tables.md")]) == 0
    assert (tmp_path / "tables.md").read_text(encoding="utf-8") == page
    assert main([]) == 2


def test_page_of_the_tables_shows_every_column_with_unit_and_meaning() -> None:
    assert set(tables()) == set(SCHEMAS)
    sections = re.split(r"^## `(\w+)`$", describe_tables(), flags=re.MULTILINE)[1:]
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    for name, columns in SCHEMAS.items():
        rows = [line for line in found[name].splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == [column.name for column in columns]
        assert all(column.unit and column.description for column in columns)
        assert all(f" | {column.unit} | " in row for row, column in zip(rows, columns, strict=True))


# Methods and networks


@pytest.mark.parametrize("kind", ["penalty", "hook", "intervention", "optimizer", "model"])
def test_every_method_and_network_stands_on_their_page(kind: str) -> None:
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert not [name for name in known(kind) if name != "none" and not re.search(rf"`(?:[a-z]+: )?{name}`", page)]
