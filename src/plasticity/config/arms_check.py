"""What holds for the arms of any study: their names differ, and so do their labels."""

from collections.abc import Mapping

from plasticity.config.arms import Arm, expand_arm
from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown


def check_names_of_arms(location: Location, arms: Mapping[str, Arm], findings: Findings) -> None:
    """Record arms made from lists that get the name of another arm, and arms that a figure could not tell apart."""
    owners: dict[str, str] = {}
    labelled: dict[str, str] = {}
    for given, arm in arms.items():
        for name, single in expand_arm(given, arm):
            if (other := labelled.setdefault(single["label"], name)) != name:
                expected = f"a label that no other arm has, as {other!r} has it"
                findings.add((*location, given, "label"), expected=expected, got=shown(single["label"]))
            owner = owners.setdefault(name, given)
            if owner != given:
                expected = "a name that no other arm gets"
                findings.add((*location, given), expected=expected, got=f"{shown(name)} twice, also from arm {owner!r}")
