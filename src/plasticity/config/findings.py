"""What is wrong with a configuration, collected so that one message tells everything."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from plasticity.errors import PlasticityError

Location = tuple[str | int, ...]

_LONGEST = 80


class ConfigError(PlasticityError):
    """A configuration that cannot be run: one line per violation, also as the tuple `violations`."""

    def __init__(self, violations: Sequence[str]) -> None:
        super().__init__("\n".join(violations))
        self.violations = tuple(violations)


class Findings:
    """Violations by the place where they are; the first one at a place says enough."""

    def __init__(self) -> None:
        self._lines: dict[Location, str] = {}

    def add(self, location: Location, *, expected: str, got: str, hint: str = "") -> None:
        """Record a violation: `key: expected ..., got ...`, and how to mend it in `hint`."""
        line = f"{dotted(location)}: expected {expected}, got {got}" + (f"; {hint}" if hint else "")
        self._lines.setdefault(location, line)

    def touch(self, *locations: Location) -> bool:
        """Say whether a violation is at, inside or around one of the locations, so that its value is no base."""
        return any(_overlap(found, location) for found in self._lines for location in locations)

    def raise_if_any(self) -> None:
        """End the check.

        Raises:
            ConfigError: If there is a violation.
        """
        if self._lines:
            raise ConfigError(list(self._lines.values()))


def dotted(location: Location) -> str:
    """Return a location as text, such as `warm_start.seeds[1]`; keys that are no plain words are quoted."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{_word(part)}" for part in location]
    return "".join(parts).removeprefix(".") or "configuration"


def shown(value: Any) -> str:
    """Return a value as it would stand in YAML or, where that is long, the start of it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a huge number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _overlap(first: Location, second: Location) -> bool:
    shared = min(len(first), len(second))
    return first[:shared] == second[:shared]


def _word(part: str) -> str:
    return part if part and part.isprintable() and not set(part) & set(" .:[]'\"") else repr(part)
