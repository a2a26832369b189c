"""Small studies with known values, shaped like the real ones, and every figure drawn from them once."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure

from agent_tables import some_agents_diverge
from diverged_tables import last_iterations_diverge, permuted_diverge, some_diverge
from locomotion_tables import some_policies_diverge
from of_studies import FIGURES, render
from permuted_tables import ARMS
from plasticity.report.figures import resources
from plasticity.report.figures.description import Description, describe
from plasticity.report.figures.style import Style, save_svg
from plasticity.storage.schemas import SCHEMAS
from plasticity.studies.agents.figure_tables import AgentTables
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.locomotion.figure_tables import LocomotionTables
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables
from plasticity.studies.warm_start.figure_tables import FigureTables
from train_test_tables import WITH_DECAYS

SIZES_AND_DECAYS = (*WITH_DECAYS[1:], "training_size_100", "training_size_1600")


@pytest.fixture(scope="session")
def study(table_makers) -> Callable[..., FigureTables]:
    """Factory of a warm-start study's tables."""
    return table_makers["warm_start"]


@pytest.fixture(scope="session")
def permuted(table_makers) -> Callable[..., PermutedTables]:
    """Factory of a permuted study's tables."""
    return table_makers["permuted"]


@pytest.fixture(scope="session")
def train_test(table_makers) -> Callable[..., TrainTestTables]:
    """Factory of a train-test study's tables."""
    return table_makers["train_test_collapse"]


@pytest.fixture(scope="session")
def agents(table_makers) -> Callable[..., AgentTables]:
    """Factory of the tables of a study of agents."""
    return table_makers["agents"]


@pytest.fixture(scope="session")
def locomotion(table_makers) -> Callable[..., LocomotionTables]:
    """Factory of the tables of a study of locomotion."""
    return table_makers["locomotion"]


@pytest.fixture
def style():
    """The default look, active while the test runs."""
    look = Style()
    with look.context():
        yield look


@dataclass(frozen=True)
class Saved:
    """A figure as the workflow saves it: what was drawn, from which of the tables, its description and its SVG."""

    name: str
    figure: Figure
    tables: Any
    read: frozenset[str]
    words: Description
    root: ElementTree.Element


@pytest.fixture(scope="session", params=[*FIGURES, "resources"])
def saved(request, many, tmp_path_factory) -> Saved:
    """Each figure of the studies, and the one of resources, drawn and saved once for all tests of it.

    The tests run figure by figure, as pytest groups them by this parameter. A test of the studies' figures alone takes
    `saved` from `FIGURES`, indirectly.
    """
    name = request.param
    tables, read = (None, set()) if name == "resources" else watched(many[FIGURES[name].study]())
    with Style().context():
        figure = resources.draw(_jobs(), Style()) if tables is None else render(name, tables, Style())
        used = frozenset(read)
        words = describe(figure, name, tables)
        figure.set_dpi(72)  # that of an SVG, so that what lies where is known once it is saved
        svg = tmp_path_factory.mktemp("saved") / f"{name}.svg"
        save_svg(figure, svg, words)
    return Saved(name, figure, tables, used, words, ElementTree.parse(svg).getroot())


@pytest.fixture(scope="session")
def many(study, permuted, train_test, agents, locomotion) -> Mapping[str, Any]:
    """Factories of studies with all arms, some of whose networks diverge.

    Warm starting has so many checkpoints that single seeds' lines are thin.
    """
    return {
        "warm_start": lambda: study(epochs=tuple(range(2, 49, 2)), edit=some_diverge),
        "permuted": lambda: permuted(arms=ARMS, tasks=30, edit=permuted_diverge),
        "train_test_collapse": lambda: train_test(arms=SIZES_AND_DECAYS, edit=last_iterations_diverge),
        "agents": lambda: agents(edit=some_agents_diverge),
        "locomotion": lambda: locomotion(edit=some_policies_diverge),
    }


def watched(tables: Any) -> tuple[Any, set[str]]:
    """Return the same tables of a study, and the set of the names of those that were used since."""
    kind, read = type(tables), set()

    def use(self: Any, name: str) -> Any:
        if name in kind.SCHEMAS:
            read.add(name)
        return object.__getattribute__(self, name)

    copied = type(kind.__name__, (kind,), {"__getattribute__": use})
    same = copied(**{field.name: getattr(tables, field.name) for field in dataclasses.fields(tables)})
    read.clear()
    return same, read


def _jobs() -> pd.DataFrame:
    """A table of what jobs took."""
    kinds = {"str": "", "float": 1.0, "int": 1, "bool": False}
    rows = pd.DataFrame({c.name: [kinds[c.kind]] * 6 for c in SCHEMAS["benchmarks"]})
    stages = ["warm_up", "fine_tune", "measure_collapse"] * 2
    return rows.assign(study="warm_start", stage=stages, started=[0.0, 1, 2, 3, 4, 5], ended=[1.0, 2, 3, 4, 5, 6])
