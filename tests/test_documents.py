"""Documents that say the same thing twice say it alike: dependencies, configuration keys, presets, the manual page."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from plasticity.config import catalogue
from plasticity.config.catalogue import Entry
from plasticity.config.frame import read_schema, schema_of
from plasticity.config.manual import COMMAND, describe_schema
from plasticity.config.wording import expectation
from plasticity.report.tables_page import COMMAND as TABLES_COMMAND
from plasticity.report.tables_page import TABLES, describe_tables, main
from plasticity.storage.schemas import SCHEMAS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PRESETS = sorted((ROOT / "config").glob("*.yaml"))
NAMES = (
    "READERS",
    "MODELS",
    "PENALTIES",
    "INTERVENTIONS",
    "WARM_START_FIGURES",
    "PERMUTED_FIGURES",
    "TRAIN_TEST_FIGURES",
)
CATALOGUE = {name: getattr(catalogue, name) for name in NAMES}
RANGES = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def locked() -> list[Requirement]:
    lines = (line.strip() for line in LOCK.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def declared() -> list[Requirement]:
    return [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]]


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    else:
        yield path, value


# Dependencies


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_dependency_is_locked_within_its_range(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    (found,) = [pin for pin in locked() if canonicalize_name(pin.name) == name]
    (specifier,) = found.specifier
    assert specifier.operator == "=="
    assert Version(specifier.version) in requirement.specifier
    assert found.marker is None


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
    supported = SpecifierSet(PROJECT["requires-python"])
    assert Version(python.removeprefix("python=")) in supported
    for pin in locked():
        assert pin.marker is None or "python_version <" not in str(pin.marker), "a pin that a supported Python lacks"
    pyright = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pyright"]["pythonVersion"]
    assert PROJECT["requires-python"] == f">={pyright}"


# Schema, catalogue and configuration


def objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every part of the schema that describes a key, with its dotted path."""
    yield path, schema
    for key, part in {**schema.get("properties", {}), **schema.get("patternProperties", {})}.items():
        yield from objects(part, f"{path}.{key}".removeprefix("."))


def fragments() -> dict[str, dict[str, Any]]:
    """Return the description of every key, of the schema and of the catalogue."""
    found = dict(objects(read_schema()))
    for table, entries in CATALOGUE.items():
        for name, entry in entries.items():
            found |= {f"{table}.{name}.{key}": part for key, part in entry.parameters.items()}
    return found


@pytest.mark.parametrize(
    ("path", "part"), fragments().items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_key_is_described(path: str, part: dict[str, Any]) -> None:
    assert part["type"]
    assert part["unit"]
    assert part["description"].endswith(".")
    assert expectation(part) != "a value"
    if "object" in part["type"]:
        assert part.get("additionalProperties") is False or "x-catalogue" in part
    if "default" in part:
        Draft202012Validator(part).validate(part["default"])


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(read_schema())
    assert read_schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_arms_have_the_ranges_of_the_study() -> None:
    study = read_schema()["properties"]["warm_start"]["properties"]
    (arm,) = study["arms"]["patternProperties"].values()
    overrides = arm["properties"]["warm_up"]["properties"]
    assert set(overrides) == set(study["warm_up"]["properties"]) - {"checkpoint_every"}
    for key, part in overrides.items():
        ranges = {bound: study["warm_up"]["properties"][key].get(bound) for bound in RANGES}
        assert {bound: part.get(bound) for bound in RANGES} == ranges
        if "array" in part["type"]:
            assert {bound: part["items"].get(bound) for bound in RANGES} == ranges


def test_every_key_of_the_configuration_is_in_the_schema() -> None:
    for path, _ in leaves(read_yaml("config.yaml")):
        schema: Any = read_schema()
        for position, key in enumerate(path):
            found = schema_of(key, schema)
            if found is None:
                options = CATALOGUE[schema["x-catalogue"]["table"]].values()
                assert position == len(path) - 1
                assert any(key in entry.parameters for entry in options), path
                break
            schema = found


def test_every_required_key_of_the_schema_is_in_the_configuration() -> None:
    config = read_yaml("config.yaml")
    for path, part in objects(read_schema()):
        keys = path.split(".") if path else []
        if any(key.startswith("^") for key in keys):
            continue
        section = config
        for key in keys:
            section = section.get(key, {})
        missing = [key for key in part.get("required", ()) if section and key not in section]
        assert not missing, path
    assert set(config["warm_start"]["figures"]) == set(catalogue.WARM_START_FIGURES)


def test_required_parameters_exist_and_have_no_default() -> None:
    entries: list[Entry] = [entry for table in CATALOGUE.values() for entry in table.values()]
    for entry in entries:
        assert set(entry.required) <= set(entry.parameters) - set(entry.defaults)


# Presets and the manual page


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_preset_repeats_nothing(preset: Path) -> None:
    demo = dict(leaves(read_yaml("config.yaml")))
    absent = object()
    repeated = [path for path, value in leaves(read_yaml(f"config/{preset.name}")) if demo.get(path, absent) == value]
    assert not repeated


def test_there_are_presets() -> None:
    assert {path.stem for path in PRESETS} >= {"paper", "cifar10_small"}


def test_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == describe_schema(), f"docs/configuration.md is out of date, run: {COMMAND}"


def test_page_shows_every_key_and_name() -> None:
    page = describe_schema()
    for table in CATALOGUE.values():
        for name, entry in table.items():
            assert f"- `{name}`: " in page
            assert all(f"| `{key}` |" in page for key in entry.parameters)
    for path, part in objects(read_schema()):
        key = re.sub(r"\^[^$]*\$", "<name>", path).partition(".")[2]
        assert not key or f"| `{key}` |" in page, part


def test_page_of_the_tables_is_up_to_date(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == describe_tables(), f"docs/tables.md is out of date, run: {TABLES_COMMAND}"
    assert main([str(tmp_path / "tables.md")]) == 0
    assert (tmp_path / "tables.md").read_text(encoding="utf-8") == page
    assert main([]) == 2


def test_page_of_the_tables_shows_every_column_with_unit_and_meaning() -> None:
    assert set(TABLES) == set(SCHEMAS)
    sections = re.split(r"^## `(\w+)`$", describe_tables(), flags=re.MULTILINE)[1:]
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    for name, columns in SCHEMAS.items():
        rows = [line for line in found[name].splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == [column.name for column in columns]
        assert all(column.unit and column.description for column in columns)
        assert all(f" | {column.unit} | " in row for row, column in zip(rows, columns, strict=True))
