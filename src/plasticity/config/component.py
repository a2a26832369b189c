"""Components: what a configuration chooses by name, such as a network, a penalty, an optimiser or a reader.

A component is one class in one file: its parameters, checked like every setting, and what it does.

    class ShrinkPerturb(Intervention, name="shrink_perturb"):
        '''Shrink the weights and add a fresh network's (Ash & Adams 2020).'''

        shrink: float = setting("Factor on the trained weights.", unit="1", ge=0, le=1)

No list names it: every class of a kind's folder that has a `name` is known. A name with a colon, such as
`my_lab.nets:WideNet`, is imported from the user's own code and checked in the same way.
"""

import ast
import importlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, Field, GetJsonSchemaHandler, ValidationError

from plasticity.config.findings import ConfigError, Findings
from plasticity.config.json_schema import schema_of_class
from plasticity.config.messages import did_you_mean, dotted, shown
from plasticity.config.own_code import import_own_code, looked_in, root_of
from plasticity.config.settings import Settings
from plasticity.errors import PlasticityError

_ROOT = Path(__file__).parents[1]
FOLDERS: Mapping[str, tuple[str, ...]] = {
    "reader": ("data/readers",),
    "model": ("models",),
    "tasks": ("tasks",),
    "optimizer": ("training/optimisers",),
    "penalty": ("training/penalties",),
    "hook": ("training/hooks",),
    "intervention": ("training/interventions",),
    "metric": ("metrics",),
}
"""Kind, which is the key of the configuration that names a component of it -> folders of the package with its files."""
FACTS = "x-facts"
"""Key of a component's schema with its class variables, which checks read without an import."""


class Component(Settings):
    """A named thing with parameters; the base class of a kind says `kind=`, a component of it `name=`.

    Attributes:
        kind: Key of the configuration that chooses it, such as "penalty".
        name: What the configuration calls it; empty for the base class of a kind.
    """

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""

    def __init_subclass__(cls, *, kind: str = "", name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind:
            cls.kind = kind
        cls.name = name

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON schema of the parameters, with what the class says of itself in class variables."""
        found = super().__get_pydantic_json_schema__(core_schema, handler)
        said = {key: getattr(cls, key) for key in sorted(cls.__class_vars__ - {"kind", "name"})}
        facts = {key: _plain(value) for key, value in said.items() if _is_fact(value)}
        if facts:
            handler.resolve_ref_schema(found)[FACTS] = facts
        return found

    @classmethod
    def adapted(cls, outside: object, name: str) -> "type[Component]":
        """Return the component that something from outside the package stands for; called on the kind's base class.

        Args:
            outside: What "module:attribute" names in the user's own code.
            name: That name, for messages.

        Raises:
            ComponentError: If it is no component of the kind. A base class that takes more than these overrides this.
        """
        if isinstance(outside, type) and issubclass(outside, cls):
            if outside.name in known(cls.kind):
                expected = f"{name!r} to have a name of its own, or none"
                raise ComponentError(f"{cls.kind}.name", expected=expected, got=f"{outside.name!r}, which is built in")
            if left_open := sorted(getattr(outside, "__abstractmethods__", ())):
                expected = f"{name!r} to define the method {left_open[0]}"
                raise ComponentError(f"{cls.kind}.name", expected=expected, got="a class without it")
            return outside
        expected = f"{name!r} to be {_called(cls.kind)}, a subclass of {cls.__module__}.{cls.__name__}"
        raise ComponentError(f"{cls.kind}.name", expected=expected, got=_sort(outside))


class ComponentError(PlasticityError):
    """A component that cannot be used: where the configuration names it, what was expected, what was found."""

    def __init__(self, where: str, *, expected: str, got: str, hint: str = "") -> None:
        super().__init__(f"{where}: expected {expected}, got {got}" + (f"; {hint}" if hint else ""))
        self.expected, self.got, self.hint = expected, got, hint


C = TypeVar("C", bound=Component)


class Chosen(BaseModel):
    """A component as a configuration chooses it: a name, and its parameters beside it; nothing is imported yet."""

    model_config = {"frozen": True, "extra": "allow", "strict": True}

    name: str = Field(description="Which one.", json_schema_extra={"unit": "name"})

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.__pydantic_extra__ or {})

    def make(self, base: type[C], *, where: str = "") -> C:
        """Return the component.

        Args:
            base: Base class of the kind, such as `Penalty`.
            where: Key whose mapping holds the parameters, for messages; by default the kind.

        Raises:
            ComponentError: If there is no such component, or it is of another kind.
            ConfigError: If its parameters are not what it expects.
        """
        from plasticity.config.frame import check  # noqa: PLC0415 - jsonschema: a tenth of a second in every job

        found, place = component(base.kind, self.name), where or base.kind
        if not issubclass(found, base):
            raise ComponentError(f"{base.kind}.name", expected=f"a subclass of {base.__name__}", got=repr(self.name))
        given = json.loads(json.dumps(self.parameters))
        findings = Findings()
        check(given, {**schema_of_class(found), "title": self.name}, findings, location=(place,))
        findings.raise_if_any()
        try:
            return found.model_validate_json(json.dumps(given))
        except ValidationError as error:  # what no key by itself gets wrong
            first = error.errors()[0]
            raise ConfigError(
                [f"{dotted((place, *first['loc']))}: {first['msg']}, got {shown(first['input'])}"]
            ) from None


def chosen(kind: str, description: str, *, lists: bool = False) -> Any:
    """Declare a field in which a component is chosen; its type is `Chosen`.

    Args:
        kind: A key of `FOLDERS`.
        description: One sentence for the manual page.
        lists: Whether the component's numbers may be lists, which stand for several arms.
    """
    extra: dict[str, Any] = {"unit": "mapping", "x-component": kind} | ({"x-lists": True} if lists else {})
    return Field(description=description, json_schema_extra=extra)


def known(kind: str) -> dict[str, str]:
    """Return where each component of a kind is, "module:Class" by name, without importing any."""
    return {name: where for folder in FOLDERS[kind] for name, where in _classes(folder, "name")}


def component(kind: str, name: str) -> type[Component]:
    """Import a component's class.

    Args:
        kind: A key of `FOLDERS`.
        name: One of `known(kind)`, or "module:Class" of the user's own code.

    Raises:
        ComponentError: If there is none, or it cannot be imported.
    """
    where, place = known(kind), f"{kind}.name"
    if name not in where and ":" not in name:
        hint = did_you_mean(name, where)
        raise ComponentError(place, expected=f"one of {', '.join(where)}", got=repr(name), hint=hint)
    if name in where:
        return _imported(where[name])
    return _base(kind).adapted(_imported_from_outside(name, place), name)


@cache
def _base(kind: str) -> type[Component]:
    """Import the base class of a kind: the class of its folders that says `kind=`."""
    return next(
        _imported(where) for folder in FOLDERS[kind] for base, where in _classes(folder, "kind") if base == kind
    )


def _is_fact(value: object) -> bool:
    """Say whether a class variable is a number, a name, or names."""
    return isinstance(value, bool | int | float | str) or (
        isinstance(value, tuple) and all(isinstance(n, str) for n in value)
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _imported(where: str) -> Any:
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _imported_from_outside(name: str, place: str) -> Any:
    """Import what "module:attribute" names in the user's own code.

    Raises:
        ComponentError: If that fails, whatever the module does.
    """
    module, _, attribute = name.partition(":")
    try:
        found = import_own_code(module)
    except Exception as error:
        hint = (
            "" if root_of(module.partition(".")[0]) else f"looked in {', '.join(looked_in())}, and where Python looks"
        )
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ComponentError(place, expected=f"{name!r} to be importable", got=got, hint=hint) from None
    if not hasattr(found, attribute):
        got, hint = f"no {attribute!r} in {found.__file__}", did_you_mean(attribute, vars(found))
        raise ComponentError(place, expected=f"{name!r} to be importable", got=got, hint=hint)
    return getattr(found, attribute)


def _called(kind: str) -> str:
    """Return what messages call a component of a kind."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} component"


def _sort(found: object) -> str:
    """Return what sort of thing something is, for a message."""
    if isinstance(found, type) and issubclass(found, Component) and found.kind:
        return _called(found.kind)
    return f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"


@cache
def _classes(folder: str, keyword: str) -> tuple[tuple[str, str], ...]:
    """Return the keyword's value and "module:Class" of the classes of a folder that have it, in the files' order."""
    files = sorted((_ROOT / folder).glob("*.py"))
    return tuple(found for path in files for found in _declared(path, folder.replace("/", "."), keyword))


def _declared(path: Path, package: str, keyword: str) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for given in node.keywords:
                if given.arg == keyword and isinstance(given.value, ast.Constant):
                    yield str(given.value.value), f"plasticity.{package}.{path.stem}:{node.name}"
