"""What of a registry a stage uses: names in settings, and definitions that only unused entries need."""

import ast
import textwrap

import pytest

from plasticity.jobs.entries import entries_in, prune

MODULE = """
import math
from functools import partial
from elsewhere import far, shared

LIMIT = 3


def helper(x):
    return math.sqrt(x)


def first(x):
    return helper(x) + shared(x)


def second(x):
    return third_part(x) * LIMIT + shared(x)


def third_part(x):
    return far(x)


REGISTRY = {"first": first, "second": partial(second), "both": lambda x: first(x)}


def ask(name):
    return REGISTRY[name]
"""


def pruned(text: str, *entries: str, needed: tuple[str, ...] = ()) -> str:
    used = frozenset({("REGISTRY", ""), *(("REGISTRY", entry) for entry in entries)})
    return ast.unparse(prune(ast.parse(textwrap.dedent(text)), used, needed=frozenset(needed)))


@pytest.mark.parametrize(
    ("entries", "there", "gone"),
    [
        (("first",), {"def first", "def helper", "import math", "import shared"}, {"second", "third_part", "LIMIT"}),
        (("second",), {"def second", "def third_part", "LIMIT", "import far, shared", "partial"}, {"first", "math"}),
        (("both",), {"def first", "def helper", "lambda"}, {"second", "partial", "LIMIT"}),
        (("first", "second"), {"def first", "def second"}, {"both", "lambda"}),
        ((), {"def ask", "REGISTRY"}, {"def first", "def second", "helper", "elsewhere", "math", "LIMIT"}),
    ],
)
def test_an_entry_that_is_not_used_goes_with_what_only_it_needs(
    entries: tuple[str, ...], there: set[str], gone: set[str]
) -> None:
    text = pruned(MODULE, *entries)
    assert all(part in text for part in there)
    assert not any(part in text for part in gone)
    assert "def ask" in text


def test_what_other_modules_import_stays() -> None:
    text = pruned(MODULE, "first", needed=("third_part",))
    assert "def third_part" in text
    assert "import far" in text
    assert "def second" not in text


def test_what_another_definition_needs_stays() -> None:
    text = pruned(MODULE + "\n\ndef public(x):\n    return second(x)\n", "first")
    assert "def second" in text


def test_a_registry_that_is_not_asked_about_stays_whole() -> None:
    before = ast.parse(MODULE)
    assert ast.dump(prune(ast.parse(MODULE), frozenset({("OTHER", "first")}))) == ast.dump(before)
    assert ast.dump(prune(ast.parse(MODULE), frozenset())) == ast.dump(before)


def test_definitions_that_refer_to_each_other_go_together() -> None:
    text = """
    def one(n):
        return two(n - 1) if n else 0

    def two(n):
        return one(n)

    REGISTRY = {"one": one, "none": None}
    """
    assert pruned(text, "none") == "REGISTRY = {'none': None}"


def test_entries_are_found_wherever_settings_name_them() -> None:
    settings = {
        "model": {"name": "mlp", "hidden": [3]},
        "arms": [
            {"intervention": {"name": "shrink_perturb", "shrink": 0.1}, "following": {"penalty": {"name": "nc1"}}},
            {"intervention": None, "following": {"penalty": {"name": "none"}}},
        ],
        "label": "penalty",
    }
    named = {(registry, name) for registry, name in entries_in(settings) if name}
    assert named == {
        ("MODELS", "mlp"),
        ("INTERVENTIONS", "shrink_perturb"),
        ("PENALTIES", "nc1"),
        ("PENALTIES", "none"),
    }
    assert {registry for registry, _ in entries_in({})} == {"READERS", "MODELS", "PENALTIES", "INTERVENTIONS"}
    assert ("READERS", "mnist") in entries_in({"name": "mine", "reader": "mnist"})
