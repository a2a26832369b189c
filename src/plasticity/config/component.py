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

from pydantic import BaseModel, ValidationError

from plasticity.config.messages import did_you_mean, shown
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
}
"""Kind, which is the key of the configuration that names a component of it -> folders of the package with its files."""


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


C = TypeVar("C", bound=Component)


class Chosen(BaseModel):
    """A component as a configuration chooses it: a name, and its parameters beside it; nothing is imported yet."""

    model_config = {"frozen": True, "extra": "allow", "strict": True}

    name: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.__pydantic_extra__ or {})

    def make(self, base: type[C]) -> C:
        """Return the component.

        Args:
            base: Base class of the kind, such as `Penalty`.

        Raises:
            PlasticityError: If there is no such component, or its parameters are not what it expects.
        """
        found = component(base.kind, self.name)
        if not issubclass(found, base):
            raise PlasticityError(f"{base.kind}.name: expected a subclass of {base.__name__}, got {self.name!r}")
        try:
            return found.model_validate_json(json.dumps(self.parameters))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, (base.kind, *first["loc"])))
            raise PlasticityError(f"{where}: {first['msg']}, got {shown(first['input'])}") from None


def known(kind: str) -> dict[str, str]:
    """Return where each component of a kind is, "module:Class" by name, without importing any."""
    return {name: where for folder in FOLDERS[kind] for name, where in _classes(folder)}


def component(kind: str, name: str) -> type[Component]:
    """Import a component's class.

    Args:
        kind: A key of `FOLDERS`.
        name: One of `known(kind)`, or "module:Class" of the user's own code.

    Raises:
        PlasticityError: If there is none, or it cannot be imported.
    """
    where = known(kind)
    if name not in where and ":" not in name:
        near = did_you_mean(name, where)
        known_names = ", ".join(where)
        raise PlasticityError(
            f"{kind}.name: expected one of {known_names}, got {name!r}" + (f"; {near}" if near else "")
        )
    module, _, attribute = where.get(name, name).partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise PlasticityError(f"{kind}.name: expected {name!r} to be importable, got {error}") from None
    if not (isinstance(found, type) and issubclass(found, Component) and found.kind == kind):
        raise PlasticityError(f"{kind}.name: expected {name!r} to be a {kind} component, got {shown(found)}")
    return found


@cache
def _classes(folder: str) -> tuple[tuple[str, str], ...]:
    """Return name and "module:Class" of the components in a folder of the package, in the order of their files."""
    files = sorted((_ROOT / folder).glob("*.py"))
    return tuple(found for path in files for found in _named(path, folder.replace("/", ".")))


def _named(path: Path, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for keyword in node.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), f"plasticity.{package}.{path.stem}:{node.name}"
