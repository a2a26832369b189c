"""What an intervention asks of the training that follows: something of its own to change."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location
from plasticity.config.parameters import fact


def check_intervention(
    location: Location, chosen: Mapping[str, Any], training: Mapping[str, Any] | None, findings: Findings
) -> None:
    """Record an intervention on the optimizer's state alone, where there is none.

    Args:
        location: Where the intervention stands.
        chosen: The intervention, in which nothing is wrong by itself.
        training: The training that follows, complete; None if it begins with a new optimizer in any case.
        findings: Gets what is wrong.
    """
    if not fact("intervention", chosen["name"], "keeps_weights", usual=False):
        return
    if training is None:
        expected = "an intervention on weights, as the training that follows begins with a new optimizer"
        findings.add(location, expected=expected, got=chosen["name"])
        return
    optimizer = (training.get("optimizer") or {}).get("name", "sgd")
    if fact("optimizer", optimizer, "plain_without_momentum", usual=False) and not training.get("momentum"):
        expected = f"an optimizer that keeps a state, with the intervention {chosen['name']}"
        findings.add(location, expected=expected, got=f"{optimizer} without momentum")
