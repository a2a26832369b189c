"""What every typed setting of the project is: strict, frozen, and with a unit and a meaning at each field."""

import inspect
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler

Name = r"^[a-z][a-z0-9_]*$"
"""Pattern of the names that a configuration gives: of arms, figures and sections."""


class Settings(BaseModel):
    """A mapping of the configuration: unknown keys are refused, nothing is converted, nothing changes afterwards.

    Read it from plain mappings (`of`) or JSON, whose lists become tuples and whose whole numbers may stand for floats.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Self:
        """Return the settings that plain mappings and lists say, as a checked configuration has them.

        Raises:
            ValidationError: If they say something else.
        """
        return cls.model_validate_json(json.dumps(mapping))

    def plain(self) -> dict[str, Any]:
        """Return the settings in plain mappings and lists, defaults included, as JSON holds them."""
        return self.model_dump(mode="json")

    def given(self) -> dict[str, Any]:
        """Return what was said, without what was left open."""
        return self.model_dump(mode="json", exclude_unset=True)

    def canonical(self) -> str:
        """Return the settings as JSON text that is equal for equal settings; it is what Snakemake tracks."""
        return json.dumps(self.plain(), sort_keys=True)

    def ordered(self) -> str:
        """Return the settings as JSON text in their own order, for pages and figures, which show it."""
        return json.dumps(self.plain())

    def overridden(self, by: Mapping[str, Any]) -> Self:
        """Return the settings with other values of some keys, checked like the first ones."""
        return self.of({**self.given(), **by})

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON schema, with the keys of a class before those that it inherits, nearest first."""
        found = handler(core_schema)
        keys: dict[str, Any] = handler.resolve_ref_schema(found).get("properties", {})
        nearest = (key for kind in cls.__mro__ for key in inspect.get_annotations(kind))
        ordered = {key: keys[key] for key in dict.fromkeys([*nearest, *keys]) if key in keys}
        keys.clear()
        keys.update(ordered)
        return found


def setting(description: str, *, unit: str, **constraints: Any) -> Any:
    """Declare a field: what it means, its unit, and pydantic's constraints, such as `ge`, `le` or `default`.

    Args:
        description: One sentence for the manual page.
        unit: Unit of the value: "epochs", "images", "fraction", "name", "path"; "1" for a pure number.
        **constraints: Passed to `pydantic.Field`; without `default` the key is required, and with the default None it
            is optional and absent where nothing is said.
    """
    return Field(description=description, json_schema_extra={"unit": unit}, **constraints)


T = TypeVar("T")


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if any(value in values[:place] for place, value in enumerate(values)):
        raise ValueError("expected different values")
    return values


_DIFFERENT: dict[str, Any] = {"uniqueItems": True}
# A bound must stand before the validator, or pydantic leaves it out of the JSON schema.
Distinct = Annotated[tuple[T, ...], Field(min_length=1, json_schema_extra=_DIFFERENT), AfterValidator(_distinct)]
"""One or more different values."""
Several = Annotated[tuple[T, ...], Field(min_length=2, json_schema_extra=_DIFFERENT), AfterValidator(_distinct)]
"""Two or more different values."""
