"""A call in PyTorch's terms, as the same call in both libraries.

PyTorch's database gives tensors of torch and functions of torch. `Copy` makes a fresh copy of a sample for either library: the
same numbers in memory of the same layout, views of one memory as views of one memory. `ours_for` finds our function for one of
torch's. Many functions of the database are small wrappers in Python, which call torch; of these `rebound` makes a copy in which
the name `torch` means tinygrad_lite.
"""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.testing._internal import common_methods_invocations as database
from torch.testing._internal.opinfo.core import OpInfo

import tinygrad_lite as tl

DTYPES = {
    torch.float16: tl.float16, torch.float32: tl.float32, torch.float64: tl.float64, torch.int8: tl.int8, torch.int16: tl.int16,
    torch.int32: tl.int32, torch.int64: tl.int64, torch.uint8: tl.uint8, torch.bool: tl.bool,
}  # fmt: skip


class Outside(Exception):
    """The sample needs what tinygrad_lite does not have by design: complex numbers, other devices, sparse tensors."""


def memory_of(x: torch.Tensor) -> np.ndarray[Any, Any]:
    """All of the memory behind a tensor, as a 1-D array of its dtype."""
    whole = torch.empty(0, dtype=x.dtype).set_(x.detach().untyped_storage())  # type: ignore[call-overload]
    return whole.numpy()


class Copy:
    """Copies of the values of a sample for one library. `memory` has the copied memories, `leaves` the tensors that require
    grad, both in the order of the sample, so that those of two copies of one sample correspond. With `shake`, every
    floating-point number is moved by about one unit in the last place, up or down.
    """

    def __init__(self, ours: bool, shake: int | None = None, cast: Any = None, grad: bool = True) -> None:
        self.ours, self.cast, self.grad = ours, cast, grad
        self.rng = None if shake is None else np.random.default_rng(shake)
        self.memory: list[np.ndarray[Any, Any]] = []
        self.leaves: list[Any] = []
        self._seen: dict[Any, np.ndarray[Any, Any]] = {}
        self._tensors: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) not in self._tensors:
                self._tensors[id(value)] = (self._tensor(value), value)
            return self._tensors[id(value)][0]
        if isinstance(value, torch.Size):
            return tuple(value) if self.ours else value
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self, value))
        if isinstance(value, (list, tuple)):
            return type(value)(map(self, value))
        if isinstance(value, dict):
            if value.get("out") is not None:
                raise Outside("out=")
            return {key: self(part) for key, part in value.items()}
        if self.cast is not None and isinstance(value, torch.dtype) and value in (torch.float16, torch.float32, torch.float64):
            return torch.float32 if self.cast == np.float32 else torch.float64
        if not self.ours:
            if isinstance(value, torch.Generator):
                return torch.Generator().manual_seed(value.initial_seed())
            return value
        if isinstance(value, torch.dtype):
            if value not in DTYPES:
                raise Outside(f"dtype {str(value)[6:]}")
            return DTYPES[value]
        if isinstance(value, torch.device):
            if value.type != "cpu":
                raise Outside(f"device {value.type}")
            return str(value)
        if isinstance(value, torch.Generator):
            return tl.Generator().manual_seed(value.initial_seed())
        if isinstance(value, complex):
            raise Outside("a complex number")
        if isinstance(value, (torch.layout, torch.memory_format)):
            return getattr(tl, str(value)[6:], value)
        if isinstance(value, torch.nn.TransformerEncoderLayer):
            return self._encoder_layer(value)
        if isinstance(value, torch.nn.Module):  # a distance, given to a loss: the function; the database's have no options
            return at("nn.functional." + re.sub("(?<!^)(?=[A-Z])", "_", type(value).__name__).lower())
        if callable(value):
            return ours_for(value) or rebound(value)
        return value

    def _encoder_layer(self, layer: Any) -> Any:
        """Our layer for one of torch's, which TransformerEncoder is given."""
        sizes = layer.self_attn.embed_dim, layer.self_attn.num_heads, layer.linear1.out_features
        names = {"batch_first": layer.self_attn.batch_first, "norm_first": layer.norm_first}
        names |= {"layer_norm_eps": layer.norm1.eps, "bias": layer.linear1.bias is not None}
        made = at("nn.TransformerEncoderLayer")(*sizes, layer.dropout.p, self(layer.activation), **names)
        made.to(self(layer.linear1.weight.dtype)).load_state_dict(Copy(True, cast=self.cast)(layer.state_dict()))
        return made

    def _tensor(self, x: torch.Tensor) -> Any:
        if x.layout != torch.strided:
            raise Outside(f"layout {str(x.layout)[6:]}")
        if x.device.type != "cpu":
            raise Outside(f"device {x.device.type}")
        if x.is_quantized or x.dtype not in DTYPES:
            raise Outside(f"dtype {str(x.dtype)[6:]}")
        if x.dim() > 64:
            raise Outside("more than 64 dimensions (NumPy's limit)")
        x = x.resolve_neg()
        key = (x.untyped_storage().data_ptr(), x.dtype)
        if not key[0] or key not in self._seen:
            memory = memory_of(x).copy()
            if self.cast is not None and memory.dtype.kind == "f":
                memory = memory.astype(self.cast)
            if self.rng is not None and memory.dtype.kind == "f":
                signs = self.rng.choice([-1, 1], memory.shape)
                memory = (memory * (1 + signs * np.finfo(memory.dtype).eps).astype(memory.dtype)).astype(memory.dtype)
            self._seen[key] = memory
            self.memory.append(memory)
        memory = self._seen[key]
        if self.ours:
            strides, start = [n * memory.itemsize for n in x.stride()], x.storage_offset() * memory.itemsize
            shape = tuple(x.shape)
            y: Any = tl.from_numpy(
                np.ndarray(shape, memory.dtype, memory, start, strides) if x.numel() else np.empty(shape, memory.dtype)
            )
        else:
            y = torch.from_numpy(memory).as_strided(tuple(x.shape), x.stride(), x.storage_offset())
        if x.requires_grad and self.grad:
            y.requires_grad_()
            self.leaves.append(y)
        return y


def _names() -> dict[int, str]:
    """The dotted name, after `torch.`, of each function of torch, by its identity."""
    places = {
        "": torch,
        "nn.functional.": torch.nn.functional,
        "linalg.": torch.linalg,
        "special.": torch.special,
        "nn.init.": torch.nn.init,
        "Tensor.": torch.Tensor,
    }
    found: dict[int, str] = {}
    common = {id(value) for value in vars(object).values()}
    for prefix, place in places.items():
        for name in sorted(dir(place), key=lambda name: name.startswith("_")):  # threshold, not _threshold
            value = getattr(place, name)
            if callable(value) and not isinstance(value, (type, types.ModuleType)) and id(value) not in common:
                found.setdefault(id(value), prefix + name)
    return found


NAMES = _names()


def at(name: str, root: Any = tl) -> Any:
    """What stands under a dotted name; None if there is nothing."""
    for part in name.split("."):
        try:
            root = getattr(root, part)
        except (AttributeError, ImportError):
            return None
    return root


def ours_for(function: Any) -> Any:
    """Our function for one of torch's, or for a wrapper of the database; None if there is none."""
    if name := NAMES.get(id(function)):
        return at(name)
    if isinstance(function, OpInfo):
        return None
    if function is database.wrapper_set_seed:
        return wrapper_set_seed
    module = getattr(function, "__module__", None) or ""
    if module in ("_operator", "operator", "builtins") and not isinstance(function, types.MethodDescriptorType):
        return function
    if isinstance(function, functools.partial):
        inner = ours_for(function.func)
        return inner and functools.partial(inner, *Copy(True)(function.args), **Copy(True)(function.keywords))
    if isinstance(function, types.FunctionType) and ("torch.testing" in module):
        return rebound(function)
    return None


def wrapper_set_seed(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """As torch's: the call, after manual_seed(42)."""
    tl.manual_seed(42)
    return op(*args, **kwargs)


class Namespace:
    """`torch` as a wrapper of the database sees it: our functions, and torch's constants where we have none."""

    def __getattr__(self, name: str) -> Any:
        if name in ("strided", "preserve_format", "contiguous_format", "channels_last"):
            return getattr(tl, name, getattr(torch, name))
        return getattr(tl, name)


@functools.cache
def rebound(function: Any) -> Any:
    """The function, with `torch` and what is torch's in its surroundings replaced by ours."""
    if not isinstance(function, types.FunctionType):
        return function

    def swap(value: Any) -> Any:
        if value is torch:
            return Namespace()
        if value is torch.Tensor:
            return tl.Tensor
        if isinstance(value, types.ModuleType):
            return at(value.__name__[6:]) if value.__name__.startswith("torch.") else value
        if isinstance(value, torch.dtype):
            return DTYPES.get(value, value)
        if isinstance(value, type):
            return value
        return (ours_for(value) or value) if callable(value) and value is not function else value

    names: set[str] = set()

    def collect(code: types.CodeType) -> None:
        names.update(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                collect(constant)

    collect(function.__code__)
    around = {name: value for name, value in function.__globals__.items() if name in names}
    surroundings = {"__builtins__": function.__globals__["__builtins__"]}
    cells = tuple(types.CellType(swap(cell.cell_contents)) for cell in function.__closure__ or ())
    made = types.FunctionType(function.__code__, surroundings, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    surroundings.update({name: swap(value) for name, value in around.items()})
    return made
