"""Small studies with known values, shaped like the real ones, as factories for the figures' tests."""

from collections.abc import Callable
from functools import cache, partial

import pytest

from permuted_tables import make_permuted
from plasticity.figures.inputs import FigureTables
from plasticity.figures.permuted_inputs import PermutedTables
from plasticity.figures.style import Style
from plasticity.figures.train_test_inputs import TrainTestTables
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
