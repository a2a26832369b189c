"""What messages call the components of a training, and what they say of things that one may not read."""

from plasticity.config.component import Component

NO_INITIAL = "reads_initial: expected true in a component that reads initial parameters, got false"
"""Message where they are asked for and not kept."""
NO_LAYERS = "reads_layers: expected true in a component that reads hidden layers, got false"
"""Message where the outputs of hidden layers are asked for and not kept."""


def title(component: Component) -> str:
    """Return what messages call a component, such as "penalty nc1"."""
    return f"{component.kind} {component.name or type(component).__qualname__}"
