"""Text from `--config` becomes what it means."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.cli import parse_config

from plasticity.config.command_line import changes_nothing, typed, typed_as_given

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False, min_value=1e-3)
NAMES = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
TREES = st.dictionaries(NAMES, st.recursive(LEAVES, lambda t: st.lists(t) | st.dictionaries(NAMES, t), max_leaves=8))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("4", 4), ("0.5", 0.5), ("null", None), ("true", True), ("resnet18", "resnet18"), ("[", "["), ("", None)],
)
def test_leaf(text: str, meaning: object) -> None:
    assert typed({"key": [text]}) == {"key": [meaning]}


@pytest.mark.parametrize(
    ("arguments", "looks"),
    [
        ("snakemake --cores 2", False),
        ("snakemake -c2 --configfile config/tiny.yaml warm_start --forcerun export", False),
        ("snakemake -np", True),
        ("snakemake -n --cores 1", True),
        ("snakemake --cores 1 --dry-run", True),
        ("snakemake --dryrun", True),
        ("snakemake --lint", True),
        ("snakemake --cores 1 verify", True),
        ("snakemake --cores 1 collapse_verify", True),
        ("snakemake --cores 1 results/verify.txt", False),
        ("snakemake --report results/report.html", True),
    ],
)
def test_a_call_that_only_looks_is_told(arguments: str, looks: bool) -> None:
    assert changes_nothing(arguments.split()) == looks


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(TREES)
def test_argument_of_snakemake_means_what_the_file_would(tree: dict[str, object]) -> None:
    text = yaml.safe_dump(tree, default_flow_style=True, width=10**9).strip()
    assert typed(parse_config([f"study={text}"]))["study"] == yaml.safe_load(text)


GIVEN = {"study": {"rate": "0.5", "arms": {"plain": "null"}}, "jobs": "3"}


def test_what_the_command_line_gave_is_typed_where_it_stands() -> None:
    config = {"study": {"rate": "0.5", "name": "4", "arms": {"plain": "null", "other": {}}}, "jobs": "3", "more": "1"}
    assert typed_as_given(config, GIVEN) == {
        "study": {"rate": 0.5, "name": "4", "arms": {"plain": None, "other": {}}},
        "jobs": 3,
        "more": "1",
    }


def test_an_outer_workflow_hands_over_a_part() -> None:
    config = {"rate": "0.5", "arms": {"plain": "null"}}
    assert typed_as_given(config, GIVEN) == {"rate": 0.5, "arms": {"plain": None}}
    assert config["rate"] == "0.5"


def test_what_an_outer_workflow_changed_stays() -> None:
    assert typed_as_given({"jobs": 4, "study": "0.5"}, GIVEN) == {"jobs": 4, "study": "0.5"}
