"""Networks from outside the package: any `nn.Module` that names its head serves, with its weights as it draws them.

    class WideNet(nn.Module):
        head_name = "fc"  # or an attribute `head`

        def __init__(self, num_classes: int, in_channels: int, width: int = 32) -> None: ...

Its `__init__` may take `image_shape`, `in_channels` and `num_classes`, which the workflow knows; its other parameters
are keys of the configuration, checked against their type hints. The logits are the head's output.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, TypeVar, cast, get_type_hints

import torch
from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError
from torch import Tensor, nn

from plasticity.config.component import ComponentError
from plasticity.config.settings import setting
from plasticity.models.classifier import Classifier

KNOWN = ("image_shape", "in_channels", "num_classes")
"""Parameters of a constructor that the workflow gives."""
_SEEDS = 2**62
M = TypeVar("M", bound=Classifier)


class ForeignClassifier(Classifier):
    """A module from outside, split at the head that it names; its state is that of a body and a head."""

    def __init__(self, make: Callable[[], nn.Module], name: str) -> None:
        module = make()
        path, head = _head_of(module, name)
        super().__init__(module, head)
        self._make, self._name, self._path = make, name, path
        with self._whole():
            pass  # which leaves the module without its head

    def hidden_layers(self) -> list[nn.Module]:
        """Return the layers that the module names itself, or its features alone."""
        own = getattr(self.body, "hidden_layers", None)
        return cast("list[nn.Module]", own()) if callable(own) else super().hidden_layers()

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights anew: as the module's own `initialise` says, or else as its constructor does."""
        own = getattr(self.body, "initialise", None)
        if callable(own):
            with self._whole():
                own(generator)
            return
        seed = int(torch.randint(_SEEDS, (), generator=generator))
        fresh = seeded(seed, lambda: ForeignClassifier(self._make, self._name))
        self.load_state_dict(fresh.state_dict())

    @torch.no_grad()
    def check(self, image_shape: Sequence[int], num_classes: int) -> None:
        """Compare the split network with the whole one on two images.

        Raises:
            ComponentError: If the head does not give the logits of the classes, or is not the last layer.
        """
        if self.head.out_features != num_classes:
            expected = f"the head of {self._name!r} to have an output for each of {num_classes} classes"
            raise ComponentError("model.name", expected=expected, got=f"{self.head.out_features} outputs")
        self.train(False)
        images = torch.linspace(-1, 1, 2 * prod(image_shape)).view(2, *image_shape)
        logits = self._logits(images)
        features = self.features(images)
        self.train()
        split = isinstance(features, Tensor) and features.shape == (2, self.head.in_features)
        if not split or not torch.allclose(self.head(features), logits):
            expected = f"the head {self._path!r} of {self._name!r} to be its last layer, whose output are the logits"
            raise ComponentError("model.name", expected=expected, got="another layer or function after it")

    def _logits(self, images: Tensor) -> Tensor:
        """Return what the whole module makes of images.

        Raises:
            ComponentError: If it cannot take them, or makes other than finite numbers.
        """
        shape = tuple(images.shape[1:])
        expected = f"{self._name!r} to make finite logits of images of shape {shape} with the weights that it draws"
        try:
            with self._whole() as whole:
                logits = whole(images)
        except Exception as error:
            got = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ComponentError("model.name", expected=expected, got=got) from error
        if not isinstance(logits, Tensor) or not logits.isfinite().all():
            got = "others" if isinstance(logits, Tensor) else type(logits).__name__
            raise ComponentError("model.name", expected=expected, got=got)
        return logits

    @contextmanager
    def _whole(self) -> Iterator[nn.Module]:
        """Put the head back where the module had it, for as long as this lasts."""
        parent, _, attribute = self._path.rpartition(".")
        place = self.body.get_submodule(parent)
        setattr(place, attribute, self.head)
        try:
            yield self.body
        finally:
            setattr(place, attribute, nn.Identity())


def parameters_of(outside: Callable[..., Any], name: str, *, known: Sequence[str] = KNOWN) -> dict[str, Any]:
    """Return type and field of each parameter of a module's `__init__`, or of a function, that a configuration gives.

    Args:
        outside: The module's class, or the function.
        name: What the configuration calls it, for messages.
        known: Parameters that the workflow gives.

    Raises:
        ComponentError: If a parameter without default is nothing that a configuration can say.
    """
    fields: dict[str, Any] = {}
    hints = get_type_hints(outside.__init__ if isinstance(outside, type) else outside)
    for key, parameter in inspect.signature(outside).parameters.items():
        if key in known or parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        required = parameter.default is parameter.empty
        default = {} if required else {"default": parameter.default}
        if _sayable(hints.get(key, Any)):
            described = f"Parameter of {outside.__name__}."
            fields[key] = (hints.get(key, Any), setting(described, unit="1", **default))
        elif required:
            expected = f"parameter {key!r} of {name!r} to have a type that a configuration can say, or a default"
            raise ComponentError("model.name", expected=expected, got=str(hints[key]))
    return fields


def _sayable(hint: Any) -> bool:
    try:
        TypeAdapter(hint).json_schema()
    except (PydanticSchemaGenerationError, ValueError):
        return False
    return True


def _head_of(module: nn.Module, name: str) -> tuple[str, nn.Linear]:
    path = getattr(type(module), "head_name", "head")
    try:
        head = module.get_submodule(path)
    except AttributeError:
        head = None
    if not isinstance(head, nn.Linear):
        expected = f"{name!r} to name its head: an nn.Linear as attribute `head`, or its name as `head_name`"
        raise ComponentError("model.name", expected=expected, got=f"{path} = {head and type(head).__name__}")
    return path, head


def seeded(seed: int, make: Callable[[], M]) -> M:
    """Return what `make` makes while torch's global generator is seeded, and put that generator back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
