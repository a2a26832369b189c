"""States of agents, whose tensors are named by the part that keeps them."""

from collections.abc import Mapping

from torch import Tensor


def part_of(state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return what a state says of a part, by the names in that part."""
    return {name.removeprefix(f"{part}/"): value for name, value in state.items() if name.startswith(f"{part}/")}
