"""What is wrong with a configuration, collected so that one message tells everything."""

from collections.abc import Sequence

from plasticity.config.messages import Location, dotted
from plasticity.errors import PlasticityError


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


def _overlap(first: Location, second: Location) -> bool:
    shared = min(len(first), len(second))
    return first[:shared] == second[:shared]
