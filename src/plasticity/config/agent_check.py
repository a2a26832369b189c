"""What holds for every training of agents: what it asks of its network, and that no class of an image is known."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown
from plasticity.config.parameters import fact
from plasticity.config.training_check import check_training


def check_agent_training(
    location: Location, training: Mapping[str, Any], model: Mapping[str, Any], findings: Findings, *, classes: bool
) -> None:
    """Record methods that a training of agents cannot have.

    Args:
        location: Where the training stands.
        training: Its settings, complete; null where something is absent.
        model: The network.
        findings: Gets what is wrong.
        classes: Whether right actions stand for classes in penalties; hooks never read any.
    """
    given = {key: value for key, value in training.items() if value is not None}
    chosen: list[tuple[Location, str, Any]] = []
    for place, hook in enumerate(given.get("hooks", ())):
        chosen.append(((*location, "hooks", place), "hook", hook))
    if "penalty" in given and not classes:
        chosen.append(((*location, "penalty"), "penalty", given["penalty"]))
    for where, kind, each in chosen:
        if fact(kind, each["name"], "reads_labels", usual=False):
            expected = f"a {kind} that reads no classes, as agents have none"
            findings.add(where, expected=expected, got=shown(each["name"]))
    check_training(location, given, model, findings)
