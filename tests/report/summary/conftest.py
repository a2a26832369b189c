"""Small studies with known values, as factories for the findings' tests."""

import pytest


@pytest.fixture
def makers(table_makers):
    """Study -> the factory of its tables."""
    return table_makers


@pytest.fixture
def warm_start(table_makers):
    return table_makers["warm_start"]


@pytest.fixture
def permuted(table_makers):
    return table_makers["permuted"]


@pytest.fixture
def train_test(table_makers):
    return table_makers["train_test_collapse"]
