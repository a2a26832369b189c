"""The published numbers and shapes of a study, read from its YAML file and checked.

A series over checkpoints or over arms, such as a row of a table, is one claim a point.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from plasticity.config.messages import did_you_mean, dotted
from plasticity.errors import PlasticityError

FOLDER = Path(__file__).parent
SIGNS = {"falls": -1, "negative": -1, "rises": 1, "positive": 1, "level": 0, "zero": 0}
SIGNS |= {"descending": 1, "ascending": -1, "flips": 1}
"""What each shape says of the sign of its measure; the last three say it of several values (`joint.py`)."""

_SERIES = ("at", "arm")  # what a series may run over

Requirements = dict[tuple[str, ...], Any]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published number or shape.

    Attributes:
        name: Its key, with the checkpoint, task or arm behind it where it is a point of a series.
        source: The paper.
        basis: How it was read: printed in a text or table (or in a figure's cells); read off a figure, to `precision`,
            or off a vector figure's own coordinates; printed by a released notebook; computed from results that the
            authors released; or quoted from a secondary source and not seen in the publication itself.
        quantity: What it is, in words.
        unit: Unit of the number, as in `plasticity.storage.schemas`.
        measure: How this run's value is found: `plasticity.report.published.measures`.
        shape: One of `SIGNS`; empty for a number.
        value: The number; None for a shape or a range.
        sd: Standard deviation over `n` seeds, if published.
        precision: Half a unit of the last digit, or what a figure lets one read.
        range: Smallest and largest of the seeds, where these are published.
        interval: 95 % interval of the number, where it was computed from released runs.
        n: Seeds behind it, if stated.
        requires: Settings that a run must have for the claim to be compared, by the path in the run's settings.
        other: Further settings of the published number; they are named where they differ.
        not_comparable: Why it can never be compared; empty where it can.
        kind: "correlation", "accuracy" or "ratio": what its margin is in.
        margin: How far off still counts as equal: of Fisher's z, a fraction, or a relative change.
        preset: The preset that has the published settings; empty where there is none.
    """

    name: str
    source: str
    basis: str
    quantity: str
    unit: str
    measure: Mapping[str, Any]
    shape: str = ""
    value: float | None = None
    sd: float | None = None
    precision: float = 0.0
    range: tuple[float, float] | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    requires: Requirements = field(default_factory=dict)
    other: Requirements = field(default_factory=dict)
    not_comparable: str = ""
    kind: str = "ratio"
    margin: float = 0.0
    preset: str = ""

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms that the measure reads; an experiment stands for its arms."""
        keys = ("arm", "minus_arm", "experiment")
        ranked = [name for tier in self.tiers for name in tier]
        return (*(self.measure[key] for key in keys if key in self.measure), *ranked)

    @property
    def tiers(self) -> list[list[str]]:
        """Arms of a ranking in their order; nothing is said of the order within an entry."""
        return [[each] if isinstance(each, str) else each for each in self.measure.get("arms", ())]


@dataclass(frozen=True)
class Published:
    """The claims about one study, the schema of its table and the column that counts its checkpoints or tasks."""

    study: str
    table: str
    axis: str
    claims: tuple[Claim, ...]


def read_published(path: Path) -> Published:
    """Read and check the claims about a study, in the file `published.yaml` of its package.

    Raises:
        PlasticityError: If the file does not have the form of `schema.yaml`.
    """
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))


def parse(content: Any, name: str) -> Published:
    """Check what a file says and return its claims.

    Args:
        content: The file's YAML.
        name: What an error calls the file.

    Raises:
        PlasticityError: If it violates `schema.yaml`, a series' lists differ in length, or a name occurs twice.
    """
    schema = yaml.safe_load((FOLDER / "schema.yaml").read_text(encoding="utf-8"))
    if (error := best_match(Draft202012Validator(schema).iter_errors(content))) is not None:
        raise PlasticityError(f"{name}: {dotted(tuple(error.absolute_path))}: {error.message}")
    claims: dict[str, Claim] = {}
    for entry in content["claims"]:
        for claim in _expanded(entry, content, f"{name}: {entry['name']}"):
            if claim.name in claims:
                raise PlasticityError(f"{name}: expected every name once, got {claim.name} twice")
            claims[claim.name] = claim
    return Published(content["study"], content["table"], content["axis"], tuple(claims.values()))


def _expanded(entry: Mapping[str, Any], content: Mapping[str, Any], where: str) -> Iterator[Claim]:
    """Yield the claim, or one claim for each point of a series.

    Raises:
        PlasticityError: If its system is none of the file's, or its lists differ in length.
    """
    systems, axis = content["systems"], content["axis"].replace("_", " ")
    if entry["system"] not in systems:
        hint = did_you_mean(entry["system"], systems)
        raise PlasticityError(
            f"{where}: expected one of the systems {', '.join(systems)}, got {entry['system']!r} {hint}"
        )
    lists = [key for key in _SERIES if isinstance(entry["measure"].get(key), list)]
    if len(lists) > 1:
        raise PlasticityError(f"{where}.measure: expected one list, of places or of arms, got {' and '.join(lists)}")
    key = lists[0] if lists else ""
    if not key:
        yield _claim(entry, systems[entry["system"]], content["margins"])
        return
    points = entry["measure"][key]
    for position, place in enumerate(points):
        said = f"{axis} {place}" if key == "at" else place.replace("_", " ")
        point: dict[str, Any] = {"name": f"{entry['name']}_{place}", "quantity": f"{entry['quantity']}, {said}"}
        for number in ("value", "sd", "precision", "n"):
            values = entry.get(number)
            if isinstance(values, list) and len(values) != len(points):
                got = f"expected {len(points)} numbers, one per point, got {len(values)}"
                raise PlasticityError(f"{where}.{number}: {got}")
            point[number] = values[position] if isinstance(values, list) else values
        single = {**entry, **point, "measure": {**entry["measure"], key: place}}
        yield _claim(single, systems[entry["system"]], content["margins"])


def _claim(entry: Mapping[str, Any], system: Mapping[str, Any], margins: Mapping[str, Any]) -> Claim:
    given = {key: value for key, value in entry.items() if key not in ("system", "settings") and value is not None}
    given |= {key: tuple(given[key]) for key in ("range", "interval") if key in given}
    kind = _kind(entry)
    given |= {"kind": kind, "margin": margins[kind]["size"]}
    given.setdefault("preset", system.get("preset", ""))
    if "shape" not in given and "not_comparable" in system:
        given.setdefault("not_comparable", system["not_comparable"])
    claim = Claim(**given, source=system["source"])
    own = _paths(entry.get("settings", {}))
    full = {**_paths(system["settings"]), **_of_arms(system.get("every_arm", {}), claim.arms)}
    arms = {k: v for arm in claim.arms for k, v in _of_arms(system["arms"].get(arm, {}), (arm,)).items()}
    needed = {**(_paths(system["shape_settings"]) if claim.shape else full), **arms, **own}
    other = {path: value for path, value in full.items() if path not in needed} if claim.shape else {}
    return replace(claim, requires=needed, other=other)


def _kind(entry: Mapping[str, Any]) -> str:
    """Return what a claim's margin is in."""
    if entry["measure"]["of"] in ("association", "correlation"):
        return "correlation"
    return "accuracy" if entry["unit"] == "fraction" else "ratio"


def _of_arms(settings: Mapping[str, Any], arms: tuple[str, ...]) -> Requirements:
    return {("arms", arm, *key.split(".")): value for arm in arms for key, value in settings.items()}


def _paths(settings: Mapping[str, Any]) -> Requirements:
    """Return settings by their path; the name of an arm may itself hold a dot, as in weight_decay_0.1."""
    found: Requirements = {}
    for key, value in settings.items():
        group, _, rest = key.partition(".")
        if group == "arms":
            arm, _, rest = _split_arm(rest)
            found[group, arm, *rest.split(".")] = value
        else:
            found[tuple(key.split("."))] = value
    return found


def _split_arm(text: str) -> tuple[str, str, str]:
    """Split "weight_decay_0.1.length" behind the arm's name: settings have names that start with a letter."""
    parts = text.split(".")
    end = next((i for i in range(1, len(parts)) if not parts[i][:1].isdigit()), len(parts))
    return ".".join(parts[:end]), ".", ".".join(parts[end:])
