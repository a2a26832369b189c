"""The figures by name, without any import of what draws them: the workflow reads this each time it starts."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class FigureEntry:
    """A figure's study, module in its `figures` and tables, and what its `draw` gets beside them and a style.

    The tables are those that points, lines and coefficients are read from; others only say what had to be left out.
    """

    study: str
    module: str
    tables: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


# Modules are named, not imported: a figure's code fingerprint covers its own module and not its neighbours.
FIGURES: Mapping[str, FigureEntry] = {
    "correlation_windows": FigureEntry("warm_start", "correlation_windows", ("correlations",)),
    "accuracy_by_warm_up": FigureEntry("warm_start", "accuracy_by_warm_up", ("metrics",)),
    "collapse_and_accuracy_all": FigureEntry(
        "warm_start", "collapse_and_accuracy", ("metrics", "correlations"), {"phase": "all"}
    ),
    "collapse_and_accuracy_first_phase": FigureEntry(
        "warm_start", "collapse_and_accuracy", ("metrics", "correlations"), {"phase": "first_phase"}
    ),
    "collapse_and_accuracy_second_phase": FigureEntry(
        "warm_start", "collapse_and_accuracy", ("metrics", "correlations"), {"phase": "second_phase"}
    ),
    "collapse_by_warm_up": FigureEntry("warm_start", "collapse_by_warm_up", ("metrics",)),
    "training_curves": FigureEntry("warm_start", "training_curves", ("histories",)),
    "plasticity_gap": FigureEntry("warm_start", "plasticity_gap", ("metrics",)),
    "partial_correlations": FigureEntry("warm_start", "partial_correlations", ("correlations",)),
    "dose_response": FigureEntry("warm_start", "dose_response", ("metrics", "causes")),
    "causal_estimates": FigureEntry("warm_start", "causal_estimates", ("causes",)),
    "accuracy_and_collapse_by_task": FigureEntry(
        "permuted", "accuracy_and_collapse_by_task", ("metrics", "correlations")
    ),
    "first_task_length": FigureEntry("permuted", "first_task_length", ("metrics",)),
    "first_task_collapse": FigureEntry("permuted", "first_task_collapse", ("metrics", "correlations")),
    "correlation_by_task": FigureEntry("permuted", "correlation_by_task", ("correlations",)),
    "plasticity_by_task": FigureEntry("permuted", "plasticity_by_task", ("metrics",)),
    "task_correlations": FigureEntry("permuted", "task_correlations", ("correlations",)),
    "task_causal_estimates": FigureEntry("permuted", "task_causal_estimates", ("causes",)),
    "variances_by_iteration": FigureEntry("train_test_collapse", "variances_by_iteration", ("metrics",)),
    "variances_by_layer": FigureEntry("train_test_collapse", "variances_by_layer", ("metrics",)),
    "transfer_by_variance": FigureEntry("train_test_collapse", "transfer_by_variance", ("transfer", "correlations")),
    "collapse_and_transfer": FigureEntry("train_test_collapse", "collapse_and_transfer", ("transfer", "correlations")),
    "variances_by_train_size": FigureEntry("train_test_collapse", "variances_by_train_size", ("metrics",)),
}

_PACKAGES = {
    "warm_start": "warm_start",
    "permuted": "continual",
    "train_test_collapse": "train_test_collapse",
}

# Where the tables of a study are put together; each of its figures imports that module, so that it is in their code.
_TABLES: Mapping[str, tuple[str, str]] = {
    "warm_start": ("plasticity.studies.warm_start.figure_tables", "FigureTables"),
    "permuted": ("plasticity.studies.continual.figure_tables", "PermutedTables"),
    "train_test_collapse": ("plasticity.studies.train_test_collapse.figure_tables", "TrainTestTables"),
}


def figure_entry(name: str) -> FigureEntry:
    """Return the entry of the figure `name`.

    Raises:
        PlasticityError: If there is no such figure; the message has the nearest name.
    """
    if name not in FIGURES:
        near = difflib.get_close_matches(name, FIGURES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PlasticityError(f"figure: expected one of {', '.join(FIGURES)}, got {name!r}{hint}")
    return FIGURES[name]


def figure_module(name: str) -> str:
    """Return the dotted name of the module that draws the figure `name`, without importing it.

    Raises:
        PlasticityError: If there is no such figure.
    """
    entry = figure_entry(name)
    return f"plasticity.studies.{_PACKAGES[entry.study]}.figures.{entry.module}"


def tables_class(name: str) -> tuple[str, str]:
    """Return the dotted name of the module, and in it the class, of the tables that the figure `name` is drawn from.

    Raises:
        PlasticityError: If there is no such figure.
    """
    return _TABLES[figure_entry(name).study]
