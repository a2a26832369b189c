"""What holds for the arms of any study: their names differ."""

from collections.abc import Mapping

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.findings import Findings
from plasticity.messages import Location, shown


def check_names_of_arms(location: Location, arms: Mapping[str, Arm], findings: Findings) -> None:
    """Record arms made from lists that get the name of another arm."""
    owners: dict[str, str] = {}
    for given, arm in arms.items():
        for name, _ in expand_arm(given, arm):
            owner = owners.setdefault(name, given)
            if owner != given:
                expected = "a name that no other arm gets"
                findings.add((*location, given), expected=expected, got=f"{shown(name)} twice, also from arm {owner!r}")
