"""What every typed setting of the project is: strict, frozen, and with a unit and a meaning at each field."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """A mapping of the configuration: unknown keys are refused, nothing is converted, nothing changes afterwards.

    Read it from JSON (`model_validate_json`), whose lists become tuples and whose whole numbers may stand for floats.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    def canonical(self) -> str:
        """Return the settings as JSON text that is equal for equal settings; it is what Snakemake tracks."""
        return self.model_dump_json()


def setting(description: str, *, unit: str, **constraints: Any) -> Any:
    """Declare a field: what it means, its unit, and pydantic's constraints, such as `ge`, `le` or `default`.

    Args:
        description: One sentence for the manual page.
        unit: Unit of the value: "epochs", "images", "fraction", "name", "path"; "1" for a pure number.
        **constraints: Passed to `pydantic.Field`; without `default` the key is required.
    """
    return Field(description=description, json_schema_extra={"unit": unit}, **constraints)
