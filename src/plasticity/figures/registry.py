"""The figures by name, without any import of what draws them: the workflow reads this each time it starts."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class FigureEntry:
    """The module of a figure in `plasticity.figures`, and what its `draw` gets beside tables and style."""

    module: str
    options: Mapping[str, str] = field(default_factory=dict)


# Modules are named, not imported: a figure's code fingerprint covers its own module and not its neighbours.
FIGURES: Mapping[str, FigureEntry] = {
    "correlation_windows": FigureEntry("correlation_windows"),
    "accuracy_by_warm_up": FigureEntry("accuracy_by_warm_up"),
    "collapse_and_accuracy_all": FigureEntry("collapse_and_accuracy", {"phase": "all"}),
    "collapse_and_accuracy_first_phase": FigureEntry("collapse_and_accuracy", {"phase": "first_phase"}),
    "collapse_and_accuracy_second_phase": FigureEntry("collapse_and_accuracy", {"phase": "second_phase"}),
    "collapse_by_warm_up": FigureEntry("collapse_by_warm_up"),
    "training_curves": FigureEntry("training_curves"),
    "plasticity_gap": FigureEntry("plasticity_gap"),
    "partial_correlations": FigureEntry("partial_correlations"),
}


def figure_entry(name: str) -> FigureEntry:
    """Return the entry of the figure `name`.

    Raises:
        PlasticityError: If there is no such figure; the message has the nearest name.
    """
    if name not in FIGURES:
        near = difflib.get_close_matches(name, FIGURES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PlasticityError(f"warm_start.figures: expected one of {', '.join(FIGURES)}, got {name!r}{hint}")
    return FIGURES[name]


def figure_module(name: str) -> str:
    """Return the dotted name of the module that draws the figure `name`, without importing it.

    Raises:
        PlasticityError: If there is no such figure.
    """
    return f"plasticity.figures.{figure_entry(name).module}"
