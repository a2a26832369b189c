"""What messages call the components of a training."""

from plasticity.config.component import Component


def title(component: Component) -> str:
    """Return what messages call a component, such as "penalty nc1"."""
    return f"{component.kind} {component.name or type(component).__qualname__}"
