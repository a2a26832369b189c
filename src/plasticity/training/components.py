"""Components of a training as its settings choose them: imported by name, never from a list."""

from collections.abc import Mapping
from typing import Any

from plasticity.config.component import C, Chosen, Component


def choose(base: type[C], chosen: Mapping[str, Any]) -> C:
    """Return the component that a mapping chooses by its `name`, with the parameters beside it.

    Raises:
        PlasticityError: If there is no such component, or its parameters are not what it expects.
    """
    return Chosen.model_validate(dict(chosen)).make(base)


def title(component: Component) -> str:
    """Return what messages call a component, such as "penalty nc1"."""
    return f"{component.kind} {component.name or type(component).__qualname__}"
