"""Which loop trains a network on a sequence of tasks, and why it is not a faster one; known from the settings alone."""

import logging
from typing import Literal, NamedTuple

from plasticity.config.component import Chosen
from plasticity.config.parameters import built_in_fact, defaults, parameters
from plasticity.config.training_section import Optimisation
from plasticity.training.online.online_sgd import stacked_for

logger = logging.getLogger(__name__)

Loop = Literal["compiled loop", "stacked tensors", "one network after another in batches"]


class Choice(NamedTuple):
    """A loop, and what the compiled one, which is the fastest, cannot do; empty for itself."""

    loop: Loop
    because: str


def choose_loop(model: Chosen, training: Optimisation) -> Choice:
    """Return the fastest loop that can train this network in this way."""
    if because := not_stacked_for(model):
        return Choice("one network after another in batches", because)
    because = stacked_for(training)
    return Choice("stacked tensors" if because else "compiled loop", because)


def not_stacked_for(model: Chosen) -> str:
    """Return what of a network cannot be stacked; empty where all can."""
    needed = built_in_fact("model", model.name, "stacked_by_default", usual=None)
    if needed is None:
        return f"the network {model.name}"
    usual = defaults(parameters("model", model.name))
    given = {**usual, **model.parameters}
    odd = [f"{key} {given[key]}".lower() for key in needed if given[key] != usual[key]]
    return f"the network's {', '.join(odd)}" if odd else ""


def tell_choice(name: str, model: Chosen, training: Optimisation) -> None:
    """Log why a training does not go through the compiled loop, if it does not."""
    choice = choose_loop(model, training)
    if choice.because:
        logger.info("%s: using %s instead of the compiled loop, because of %s", name, *choice)
