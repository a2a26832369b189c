"""What holds for every training: a batch that its penalty can read, a momentum that its optimizer has, a network."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown
from plasticity.config.network_check import check_network
from plasticity.config.parameters import fact


def check_training(
    location: Location, training: dict[str, Any], model: Mapping[str, Any] | None, findings: Findings
) -> None:
    """Record what a training asks of its penalty, its optimizer and its network that these do not have.

    Args:
        location: Where the training stands.
        training: Its settings, complete, in which nothing is wrong by itself.
        model: The network; None where something is wrong with it by itself.
        findings: Gets what is wrong.
    """
    penalty, optimizer = (training.get(kind, {}).get("name", "") for kind in ("penalty", "optimizer"))
    if penalty and training["batch_size"] < (least := fact("penalty", penalty, "least_batch", usual=1)):
        expected = f"at least {least} images with the penalty {penalty}, which compares the images of a batch"
        findings.add((*location, "batch_size"), expected=expected, got=shown(training["batch_size"]))
    if optimizer and training.get("momentum") and not fact("optimizer", optimizer, "has_momentum", usual=True):
        expected = f"0 with the optimizer {optimizer}, which has none"
        findings.add((*location, "momentum"), expected=expected, got=shown(training["momentum"]))
    if model is not None:
        check_network(location, training, model, findings)
