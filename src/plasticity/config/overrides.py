"""What an arm may do differently: a section's own keys, each optional, and numbers as lists that make several arms."""

from collections.abc import Collection
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Union, get_args

from pydantic import Field, GetCoreSchemaHandler, create_model
from pydantic.fields import FieldInfo

from plasticity.config.json_schema import schema_of_class
from plasticity.config.settings import Distinct, Settings

_NUMBERS = (int, float)
_WITH_LISTS = ("penalty", "optimizer")
"""Kinds of components whose numbers may be lists in an arm."""


class Overrides(Settings):
    """Keys of a section that an arm gives in place of the study's own; which they are says `Overriding`."""


@dataclass(frozen=True)
class Overriding:
    """The annotation of an arm's key: `Annotated[Overrides | None, Overriding(WarmUp, single=("epochs",))]`.

    Attributes:
        section: The class that is overridden.
        without: Keys that all arms share.
        single: Numbers that may not be lists.
        more: A class with keys that only an arm has.
    """

    section: type[Settings]
    without: Collection[str] = ()
    single: Collection[str] = ()
    more: type[Settings] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Return pydantic's schema of the derived class, or nothing."""
        return handler.generate_schema(self.derived() | None)

    def derived(self) -> type[Overrides]:
        """Return the class of settings that an arm may give."""
        keys = [key for key in schema_of_class(self.section)["properties"] if key not in self.without]
        fields = self.section.model_fields
        made: dict[str, Any] = {key: _optional(fields[key], single=key in self.single) for key in keys}
        if self.more is not None:
            made |= {key: _optional(field, single=False) for key, field in self.more.model_fields.items()}
        name = f"{self.section.__name__}Overrides"
        return create_model(name, __base__=Overrides, __doc__=self.section.__doc__, **made)


def _optional(field: FieldInfo, *, single: bool) -> tuple[Any, Any]:
    """Return annotation and field of a key that an arm may give."""
    extra = dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}
    kinds = set(get_args(field.annotation)) or {field.annotation}
    given = Union[*(kinds - {NoneType})] if NoneType in kinds else field.annotation
    one: Any = Annotated[given, *field.metadata] if field.metadata else given
    text, choice = field.description or "", one | None
    if given in _NUMBERS and not single:
        text, choice = f"{text.removesuffix('.')}; or a list.", one | Distinct[one] | None
    elif NoneType in kinds and field.is_required():
        extra["x-null"] = True  # null is a value here, as in the section
    if extra.get("x-component") in _WITH_LISTS:
        text, extra["x-lists"] = f"{text.removesuffix('.')}; its numbers may be lists.", True
    return choice, Field(default=None, description=text, json_schema_extra=extra)
