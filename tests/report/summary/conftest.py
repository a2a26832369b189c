"""Small studies with known values, as factories for the findings' tests; equal studies are made once."""

from functools import cache, partial

import pytest

from permuted_tables import make_permuted
from train_test_tables import make_train_test
from warm_start_tables import make_study


@pytest.fixture(scope="session")
def warm_start(tmp_path_factory):
    return cache(partial(make_study, tmp_path_factory.mktemp("warm_start")))


@pytest.fixture(scope="session")
def permuted(tmp_path_factory):
    return cache(partial(make_permuted, tmp_path_factory.mktemp("permuted")))


@pytest.fixture(scope="session")
def train_test(tmp_path_factory):
    return cache(partial(make_train_test, tmp_path_factory.mktemp("train_test")))


@pytest.fixture
def makers(warm_start, permuted, train_test):
    """Study -> the factory of its tables."""
    return {"warm_start": warm_start, "permuted": permuted, "train_test_collapse": train_test}
