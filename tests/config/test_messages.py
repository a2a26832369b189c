import pytest

from plasticity.config.messages import did_you_mean, dotted, shown


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ((), "configuration"),
        (("warm_start", "seeds", 1), "warm_start.seeds[1]"),
        (("arms", "my arm", "label"), "arms.'my arm'.label"),
        (("", "a.b"), "''.'a.b'"),
    ],
)
def test_a_place_is_its_keys(location: tuple, text: str) -> None:
    assert dotted(location) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.5, "0.5"),
        ("no", "'no'"),
        ([1, None], "[1, None]"),
        pytest.param(10**5000, "a huge number", id="huge"),
    ],
)
def test_a_value_is_shown_as_it_would_be_written(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 500) == "'" + "x" * 79 + "\N{HORIZONTAL ELLIPSIS}"


def test_the_nearest_name_is_a_hint() -> None:
    assert did_you_mean("resnet81", ["mlp", "resnet18"]) == "did you mean 'resnet18'?"
    assert did_you_mean("quark", ["mlp", "resnet18"]) == ""
