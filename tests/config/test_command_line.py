"""Text from `--config` becomes what it means."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config

from plasticity.config import typed

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False, min_value=1e-3)
NAMES = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
TREES = st.dictionaries(NAMES, st.recursive(LEAVES, lambda t: st.lists(t) | st.dictionaries(NAMES, t), max_leaves=8))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("4", 4), ("0.5", 0.5), ("null", None), ("true", True), ("resnet18", "resnet18"), ("[", "["), ("", None)],
)
def test_leaf(text: str, meaning: object) -> None:
    assert typed({"key": [text]}) == {"key": [meaning]}


@given(TREES)
def test_argument_of_snakemake_means_what_the_file_would(tree: dict[str, object]) -> None:
    text = yaml.safe_dump(tree, default_flow_style=True, width=10**9).strip()
    assert typed(parse_config([f"study={text}"]))["study"] == yaml.safe_load(text)
