"""Small studies with known values, shaped like the real ones, as factories for the figures' tests."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure

from of_studies import FIGURES, render
from permuted_tables import ARMS, make_permuted
from plasticity.report.figures import resources
from plasticity.report.figures.description import Description, describe
from plasticity.report.figures.style import Style, save
from plasticity.storage.schemas import SCHEMAS
from plasticity.studies.continual.figure_tables import PermutedTables
from plasticity.studies.train_test_collapse.figure_tables import TrainTestTables
from plasticity.studies.warm_start.figure_tables import FigureTables
from train_test_tables import make_train_test
from warm_start_tables import make_study


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Callable[..., FigureTables]:
    """Factory of a study's tables, written and read as the workflow does; equal studies are made once."""
    folder = tmp_path_factory.mktemp("study")
    return cache(partial(make_study, folder))


@pytest.fixture(scope="session")
def permuted(tmp_path_factory) -> Callable[..., PermutedTables]:
    """Factory of a permuted study's tables, written and read as the workflow does; equal studies are made once."""
    folder = tmp_path_factory.mktemp("permuted")
    return cache(partial(make_permuted, folder))


@pytest.fixture(scope="session")
def train_test(tmp_path_factory) -> Callable[..., TrainTestTables]:
    """Factory of a train-test study's tables, written and read as the workflow does; equal studies are made once."""
    folder = tmp_path_factory.mktemp("train_test")
    return cache(partial(make_train_test, folder))


@pytest.fixture
def style():
    """The default look, active while the test runs."""
    look = Style()
    with look.context():
        yield look


@dataclass(frozen=True)
class Saved:
    """A figure as the workflow saves it: what was drawn, from which tables, its description and files."""

    figure: Figure
    tables: Any
    words: Description
    svg: Path
    png: Path

    @cached_property
    def root(self) -> ElementTree.Element:
        """The root of its SVG."""
        return ElementTree.parse(self.svg).getroot()


@pytest.fixture(scope="session")
def many(study, permuted, train_test) -> dict[str, Callable[[], Any]]:
    """Factories of studies with all arms; warm starting has so many checkpoints that single seeds' lines are thin."""
    return {
        "warm_start": partial(study, epochs=tuple(range(2, 49, 2))),
        "permuted": partial(permuted, arms=ARMS, tasks=30),
        "train_test_collapse": train_test,
    }


@pytest.fixture(scope="session")
def saved(many, tmp_path_factory) -> dict[str, Saved]:
    """Every figure of all studies, and the one of resources, saved."""
    folder, found = tmp_path_factory.mktemp("saved"), {}
    for name in [*FIGURES, "resources"]:
        with Style().context():
            tables = many[FIGURES[name].study]() if name in FIGURES else None
            figure = resources.draw(_jobs(), Style()) if tables is None else render(name, tables, Style())
            words = describe(figure, name, tables)
            svg, png = (folder / f"{name}.{ending}" for ending in ("svg", "png"))
            save(figure, svg, png, words)
        found[name] = Saved(figure, tables, words, svg, png)
    return found


def _jobs() -> pd.DataFrame:
    """A table of what jobs took."""
    kinds = {"str": "", "float": 1.0, "int": 1, "bool": False}
    rows = pd.DataFrame({c.name: [kinds[c.kind]] * 6 for c in SCHEMAS["benchmarks"]})
    stages = ["warm_up", "fine_tune", "measure_collapse"] * 2
    return rows.assign(study="warm_start", stage=stages, started=[0.0, 1, 2, 3, 4, 5], ended=[1.0, 2, 3, 4, 5, 6])
