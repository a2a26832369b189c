"""A second device for machines without a GPU: it computes what the CPU does, in memory of its own.

What only a GPU shows becomes visible: operations that mix its tensors with the CPU's, moments at which the program
would wait for it, and a recorded step whose tensors are not where they were. A recording stands in for a CUDA graph: it
notes operations and their tensors, leaves what was there before as it was, and writes where it wrote when it is
replayed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

Call = tuple[Callable[..., Any], tuple, dict[str, Any]]

_OPS = torch.ops.aten
_MOVES = {_OPS._to_copy.default, _OPS.to.dtype_layout, _OPS.to.device, _OPS.copy_.default}
# Their results decide on the host what comes next. LAPACK's eigenvalues are among them: PyTorch looks at its status.
_WAITS = {_OPS.nonzero.default, _OPS._linalg_eigh.default}
_AVAILABLE = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")

needs_second_device = pytest.mark.skipif(not _AVAILABLE, reason="this PyTorch has no devices written in Python")
if _AVAILABLE:
    backend_registration._setup_privateuseone_for_python_backend("second")
    DEVICE = torch.device("second", 0)


class OnDevice(Tensor):
    """A tensor of the second device; `raw` has its numbers."""

    raw: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # pyright: ignore[reportAssignmentType]

    @staticmethod
    def __new__(cls, raw: Tensor) -> "OnDevice":
        form = {"strides": raw.stride(), "storage_offset": raw.storage_offset(), "dtype": raw.dtype}
        made = Tensor._make_wrapper_subclass(cls, raw.size(), **form, device=DEVICE)
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        assert SecondDevice.current is not None
        return SecondDevice.current.compute(func, args, kwargs or {})

    def tolist(self) -> list:
        assert SecondDevice.current is not None
        SecondDevice.current.wait("tolist")
        return self.raw.tolist()


class Recording:
    """The operations of one step, as a CUDA graph holds them."""

    def __init__(self) -> None:
        self._calls: list[tuple[Call, Any]] = []
        self._before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self._own: set[int] = set()

    def pool(self) -> "Recording":
        return self

    def look_at(self, args: Any) -> None:
        """Remember what is in the memory of an operation that is to be recorded."""
        for tensor in _tensors(args):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self._own | self._before.keys():
                self._before[storage.data_ptr()] = storage, storage.clone()

    def keep(self, call: Call, result: Any) -> None:
        self._own |= {tensor.untyped_storage().data_ptr() for tensor in _tensors(result)} - self._before.keys()
        self._calls.append((call, result))

    def finish(self) -> None:
        """Recording computes nothing: put back what was there."""
        for storage, before in self._before.values():
            storage.copy_(before)

    def replay(self) -> None:
        for (func, args, kwargs), recorded in self._calls:
            for old, new in zip(_tensors(recorded), _tensors(func(*args, **kwargs)), strict=True):
                if old.untyped_storage().data_ptr() != new.untyped_storage().data_ptr():
                    old.copy_(new)


class SecondDevice(TorchDispatchMode):
    """The device at work, inside the block of `second_device`.

    Attributes:
        waits: The operations so far for which a program on a GPU would wait.
        sent: Operations that sent something to it from memory that is not pinned: a GPU has it copied first.
        recording: What operations are recorded in, if they are.
    """

    current: "SecondDevice | None" = None

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []
        self.sent: list[str] = []
        self.recording: Recording | None = None

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        return self.compute(func, args, kwargs or {})

    def wait(self, what: str) -> None:
        self._note(what, self.waits)

    def _note(self, what: str, where: list[str]) -> None:
        if self.recording is not None:
            raise RuntimeError(f"{what}: the host takes part, while a step is recorded")
        where.append(what)

    def compute(self, func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run an operation where its tensors are, or where it is told to leave its result."""
        tensors = _tensors((args, kwargs))
        here = [tensor for tensor in tensors if isinstance(tensor, OnDevice)]
        stays = self._stays(func, args, kwargs, bool(here))
        pinned = any(hasattr(tensor, "is_pinned_here") for tensor in tensors)
        if func not in _MOVES and here and any(tensor.dim() for tensor in tensors if not isinstance(tensor, OnDevice)):
            raise RuntimeError(f"{func}: tensors on {DEVICE} and on the CPU")
        assert all(tensor.stride() == tensor.raw.stride() for tensor in here), func
        kwargs = {**kwargs, **({"device": torch.device("cpu")} if "device" in kwargs else {})}
        result = self._run((func, *tree_map_only(OnDevice, lambda tensor: tensor.raw, (args, kwargs))))
        if here and (not stays or func in _WAITS or isinstance(result, bool | int | float)):
            self.wait(str(func))
        if stays and func in _MOVES and not (pinned or all(isinstance(tensor, OnDevice) for tensor in tensors)):
            self._note(str(func), self.sent)
        if not stays:
            return result
        known = {id(tensor.raw): tensor for tensor in here}  # what is written in place stays the same tensor
        return tree_map_only(Tensor, lambda raw: known[id(raw)] if id(raw) in known else OnDevice(raw), result)

    def _stays(self, func: Any, args: tuple, kwargs: dict[str, Any], here: bool) -> bool:
        """Say whether the result is on this device."""
        if func is _OPS.copy_.default:
            return isinstance(args[0], OnDevice)
        wanted = kwargs.get("device")
        return here if wanted is None else torch.device(wanted).type == DEVICE.type

    def _run(self, call: Call) -> Any:
        func, args, kwargs = call
        if func is _OPS.pin_memory.default:
            pinned = args[0].clone()
            pinned.is_pinned_here = True
            return pinned
        if self.recording is None:
            return func(*args, **kwargs)
        self.recording.look_at((args, kwargs))
        result = func(*args, **kwargs)
        self.recording.keep(call, result)
        return result


@contextmanager
def second_device() -> Iterator[SecondDevice]:
    """Have the second device inside the block."""
    machine = SecondDevice()
    SecondDevice.current = machine
    with pytest.MonkeyPatch.context() as patch, machine:
        patch.setattr(torch, "tensor", _made_here(torch.tensor))
        # A module that changes the layout of its parameters otherwise exchanges what is below them, unseen from here.
        patch.setattr(torch.__future__, "_overwrite_module_params_on_conversion", True)
        patch.setattr(torch.cuda, "CUDAGraph", Recording)
        patch.setattr(torch.cuda, "graph", _recorded_in)
        patch.setattr(torch.cuda, "Stream", _Stream)
        patch.setattr(torch.cuda, "current_stream", _Stream)
        patch.setattr(torch.cuda, "stream", nullcontext)
        yield machine
    SecondDevice.current = None


@contextmanager
def _recorded_in(graph: Recording, pool: Recording | None = None) -> Iterator[None]:
    """Stand in for `torch.cuda.graph`."""
    assert SecondDevice.current is not None
    SecondDevice.current.recording = graph
    try:
        yield
    finally:
        SecondDevice.current.recording = None
        graph.finish()


def _made_here(made: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap `torch.tensor`, which makes its result below everything that a device in Python sees."""
    return lambda data, *, device=None, **form: made(data, **form).to(device) if device else made(data, **form)


class _Stream:
    def wait_stream(self, other: "_Stream") -> None:
        """Operations run one after the other anyway."""


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
