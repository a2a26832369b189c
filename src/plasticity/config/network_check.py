"""What a training asks of its network: units that its hooks can renew, batches that its normalisation can use."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.findings import Findings
from plasticity.config.messages import Location, shown
from plasticity.config.parameters import defaults, fact, parameters


def check_network(
    location: Location, training: Mapping[str, Any], model: Mapping[str, Any], findings: Findings
) -> None:
    """Record methods of a training that mean nothing for its network.

    What a network of the user's own code has is known when a job has built it.

    Args:
        location: Where the training stands.
        training: Its settings, complete, in which nothing is wrong by itself.
        model: The network, in which nothing is wrong by itself.
        findings: Gets what is wrong.
    """
    if ":" in model["name"]:
        return
    for position, hook in enumerate(training.get("hooks") or ()):
        if fact("hook", hook["name"], "renews_units", usual=False):
            _check_units((*location, "hooks", position), hook["name"], model, findings)
        _check_depth((*location, "hooks", position), "hook", hook, model, findings)
    for kind in "penalty", "optimizer":
        if chosen := training.get(kind):
            _check_depth((*location, kind), kind, chosen, model, findings)
    if training["batch_size"] < 2 and fact("model", model["name"], "normalises_batches", usual=False):
        expected = f"at least 2 images with the network {model['name']}, which has batch normalisation"
        findings.add((*location, "batch_size"), expected=expected, got=shown(training["batch_size"]))


def _check_depth(
    location: Location, kind: str, chosen: Mapping[str, Any], model: Mapping[str, Any], findings: Findings
) -> None:
    """Record a method of hidden layers for a network that has none, or of more of them than it has."""
    name, shallow = chosen["name"], not fact("model", model["name"], "has_hidden_layers", usual=True)
    if shallow and fact(kind, name, "needs_hidden_layers", usual=False):
        expected = f"a network with hidden layers, with the {kind} {name}"
        findings.add(location, expected=expected, got=f"the network {model['name']}")
    hidden = {**defaults(parameters("model", model["name"])), **model}.get("hidden")
    if hidden and (last := chosen.get("last") or 0) > len(hidden):
        expected = f"at most the {len(hidden)} hidden layers of the network"
        findings.add((*location, "last"), expected=expected, got=shown(last))


def _check_units(location: Location, hook: str, model: Mapping[str, Any], findings: Findings) -> None:
    """Record a network whose hidden units a hook cannot renew one by one."""
    name = model["name"]
    renewable = fact("model", name, "unit_activations", usual=())
    if not renewable:
        expected = "a network whose hidden units are read by the next layer alone, such as mlp or convnet_dohare"
        findings.add(location, expected=f"{expected}, with the hook {hook}", got=f"the network {name}")
        return
    meant = fact("hook", hook, "activations", usual=())
    allowed = [each for each in renewable if each in meant or not meant]
    activation = {**defaults(parameters("model", name)), **model}["activation"]
    if activation not in allowed:
        expected = f"the activation {' or '.join(allowed)} with the hook {hook}"
        findings.add(location, expected=expected, got=f"{activation} of the network {name}")
