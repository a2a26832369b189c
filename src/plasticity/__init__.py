"""Does neural collapse explain plasticity loss? The Python behind the workflow, a module per stage.

For notebooks: `plasticity.load("results/warm_start/digits")`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plasticity.storage.results import Results, load

__all__ = ["Results", "load"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use when it is asked for, so that `import plasticity` costs nothing.

    Raises:
        AttributeError: If the package has no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plasticity.storage import results  # noqa: PLC0415

    return getattr(results, name)
