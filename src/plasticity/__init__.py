"""Does neural collapse explain plasticity loss? The Python behind the workflow, and a library.

import plasticity

plasticity.load("results/warm_start/digits").metrics        # the tables of a study
plasticity.metrics.measure(model, loader, head="fc")        # neural collapse of any network
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plasticity import metrics
    from plasticity.storage.results import Results, load

__version__ = "0.1.0"
__all__ = ["Results", "__version__", "load", "metrics"]


def __getattr__(name: str) -> Any:
    """Import what notebooks use when it is asked for, so that `import plasticity` costs nothing.

    Raises:
        AttributeError: If the package has no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "metrics":
        return import_module("plasticity.metrics")
    return getattr(import_module("plasticity.storage.results"), name)
