"""What an arm may do differently is derived from the section that it overrides."""

from typing import Annotated, Literal

import pytest
from pydantic import ValidationError

from plasticity.config.json_schema import schema_of_class
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, Settings, setting
from plasticity.config.training_section import Penalty, Training


class Phase(Training):
    """A phase of a training."""

    epochs: int = setting("Length.", unit="epochs", ge=0)
    every: int = setting("Distance of two checkpoints.", unit="epochs", ge=1)
    size: int | None = setting("Images; null is all.", unit="images", ge=1)
    stop: float | None = setting("Loss that ends it; absent, none does.", unit="nats", default=None, gt=0)
    annealing: Literal["none", "cosine"] = setting("Course of the step size.", unit="name")
    rates: Distinct[float] = setting("Step sizes.", unit="1")
    penalty: Penalty


class Threshold(Settings):
    """What only an arm has."""

    below: float = setting("Ends it, too.", unit="1", gt=0)


class Arm(Settings):
    """An arm."""

    phase: Annotated[
        Overrides | None, Overriding(Phase, without=("every",), single=("epochs", "size"), more=Threshold)
    ] = setting("What differs.", unit="mapping", default=None)


KEYS = schema_of_class(Arm)["properties"]["phase"]["properties"]


def test_every_key_is_optional_and_those_that_arms_share_are_left_out() -> None:
    section = schema_of_class(Phase)["properties"]
    assert list(KEYS) == [key for key in section if key != "every"] + ["below"]
    assert not schema_of_class(Arm)["properties"]["phase"].get("required")
    assert all(KEYS[key]["unit"] == section[key]["unit"] for key in KEYS if key != "below")


@pytest.mark.parametrize(
    ("key", "types"),
    [
        ("learning_rate", ["number", "array"]),
        ("batch_size", ["integer", "array"]),
        ("below", ["number", "array"]),
        ("stop", ["number", "array"]),
        ("epochs", "integer"),
        ("size", ["integer", "null"]),
        ("annealing", "string"),
        ("rates", "array"),
        ("penalty", "object"),
    ],
)
def test_a_number_may_be_a_list_unless_it_is_single(key: str, types: object) -> None:
    assert KEYS[key]["type"] == types
    assert "default" not in KEYS[key]


def test_a_list_has_the_range_of_the_number() -> None:
    part = KEYS["learning_rate"]
    assert part["items"] == {"type": "number", "exclusiveMinimum": 0}
    assert (part["exclusiveMinimum"], part["minItems"], part["uniqueItems"]) == (0, 1, True)
    assert part["description"].endswith("; or a list.")


def test_a_component_may_have_lists() -> None:
    assert KEYS["penalty"]["x-lists"]
    assert "x-lists" not in schema_of_class(Phase)["properties"]["penalty"]


def test_typed_overrides_say_what_was_given() -> None:
    arm = Arm.model_validate_json('{"phase": {"learning_rate": [0.1, 0.2], "size": null, "epochs": 3}}')
    assert arm.phase is not None
    assert arm.phase.given() == {"learning_rate": [0.1, 0.2], "size": None, "epochs": 3}


@pytest.mark.parametrize(
    "phase",
    ['{"every": 2}', '{"epochs": [1, 2]}', '{"learning_rate": [0.1, 0.1]}', '{"learning_rate": [0]}', '{"below": 0}'],
)
def test_what_an_arm_may_not_say_is_refused(phase: str) -> None:
    with pytest.raises(ValidationError):
        Arm.model_validate_json(f'{{"phase": {phase}}}')


def test_lists_of_a_fixed_length_have_the_schema_of_their_values() -> None:
    class Pair(Settings):
        """A pair."""

        betas: tuple[float, float] = setting("Decays.", unit="1", default=(0.9, 0.999))

    part = schema_of_class(Pair)["properties"]["betas"]
    assert (part["type"], part["items"]["type"], part["minItems"], part["maxItems"]) == ("array", "number", 2, 2)
