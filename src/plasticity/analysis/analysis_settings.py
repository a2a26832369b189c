"""The section `analysis` of a study, checked."""

from dataclasses import dataclass
from typing import Any, TypeVar

from plasticity.errors import PlasticityError

Ranges = dict[str, tuple[bool, str]]


@dataclass(frozen=True, kw_only=True)
class IntervalSettings:
    """What the analyses of all studies need: level of the intervals, and columns to correlate with."""

    confidence: float
    outcomes: tuple[str, ...]


Settings = TypeVar("Settings", bound=IntervalSettings)


def checked(kind: type[Settings], settings: dict[str, Any], outcomes: list[str]) -> Settings:
    """Return the settings of a study's analysis as its dataclass.

    Args:
        kind: The dataclass.
        settings: The section as configured.
        outcomes: Columns that may be correlated with.

    Raises:
        PlasticityError: If a key is missing or unknown, or one that all studies have is out of its range.
    """
    settings = {key: value for key, value in settings.items() if key != "bootstrap_samples"}  # of older runs; unused
    lists = {key: tuple(value) for key, value in settings.items() if key == "outcomes"}
    try:
        found = kind(**{**settings, **lists})
    except TypeError as error:
        raise PlasticityError(f"analysis: expected its own keys, got {error}") from None
    ranges = {
        "confidence": (0 < found.confidence < 1, "a level between 0 and 1"),
        "outcomes": (set(found.outcomes) <= set(outcomes), f"some of {outcomes}"),
    }
    check(found, ranges)
    return found


def check(settings: IntervalSettings, ranges: Ranges) -> None:
    """Refuse settings outside their range.

    Args:
        settings: The analysis' settings.
        ranges: For every key, whether its value is valid, and what is expected of it.

    Raises:
        PlasticityError: If a value is not valid.
    """
    for key, (valid, expected) in ranges.items():
        if not valid:
            raise PlasticityError(f"analysis.{key}: expected {expected}, got {getattr(settings, key)!r}")
