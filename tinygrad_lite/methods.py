"""What makes Tensor compute: operators and methods, installed here from the functions of ops/ and functional/.

A method is a function that makes Tensors, so that it stands above the class; the last lines of this file put it there, which
is the one place where something is added to Tensor from outside. A public function whose first parameter is `input` becomes a
method of its own name, as in PyTorch, and with a name in IN_PLACE comes an in-place form: x.exp_() is x.exp(), written to the
memory of x. Editors and type checkers read methods.pyi, which `python tests/declared_methods.py` writes from what is installed.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Any

import numpy as np

from . import backend, interop
from . import backward as walk
from ._tensor import Tensor
from .dtypes import bool as bool_dtype
from .dtypes import float16, float32, float64, int32, int64, uint8
from .functional import choice as f_choice
from .functional import comparison, contraction, indexing
from .functional import exponential as f_exponential
from .functional import linalg as f_linalg
from .functional import neural as f_neural
from .functional import reduction as f_reduction
from .functional import shape as f_shape
from .inplace import in_place, recorded, same_memory
from .operands import Number, device_and_dtype
from .ops import arithmetic, choice, exponential, shape, trigonometric
from .ops import indexing as indexing_ops
from .ops.neural import activation
from .suggest import hint

FAMILIES: tuple[Any, ...] = (arithmetic, exponential, trigonometric, choice, shape)
FAMILIES += (f_exponential, f_choice, f_reduction, f_shape, f_neural, f_linalg, contraction)


# Views of the whole


@property
def T(self: Tensor) -> Tensor:
    """All axes reversed: the transpose of a matrix. A view."""
    return shape.permute(self, axes=tuple(range(self.ndim))[::-1])


@property
def mT(self: Tensor) -> Tensor:
    """The last two axes swapped: each matrix transposed. A view."""
    if self.ndim < 2:
        raise RuntimeError(f"mT: a matrix has two dimensions or more, this tensor has {self.ndim}")
    return shape.mT(self)  # type: ignore[no-any-return]


def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: builtins.bool | None = None,
    create_graph: builtins.bool = False,
    inputs: Any = None,
) -> None:
    """Add d self / d leaf to the `.grad` of every leaf that requires it; see autograd.backward.
    `gradient` has self's shape and may be left out if self is one number.
    """
    walk.backward(self, gradient, retain_graph, create_graph, inputs)


def where(self: Tensor, condition: Tensor, other: Tensor | Number) -> Tensor:
    """This tensor where the condition holds, else `other`."""
    return f_choice.where(condition, self, other)


# Other dtypes and devices


def to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False) -> Tensor:
    """Itself in another dtype, on another device, or as another tensor is: x.to(float64), x.to("cuda"), x.to(y).
    The same object if nothing changes. Gradients flow back through it, except to integers.
    TypeError for a name that is neither a device nor a dtype.
    """
    device, dtype = device_and_dtype(args, device, dtype)
    x = self
    if device is not None and device != x.device and not (device == "cuda" and x.device.type == "cuda"):
        if device.type == "cuda":
            backend.cupy()  # or the reason why there is none
        x = shape.move(x, place=device, source=x.device)
    if dtype is not None and x.array.dtype != dtype:
        cast = dtype.kind == "f"
        x = shape.cast(x, dtype=dtype, source=x.dtype) if cast else Tensor._of(x.array.astype(dtype))
    return shape.clone(x) if copy and x is self else x


def type_(self: Tensor, dtype: Any, non_blocking: builtins.bool = False) -> Tensor:
    """In another dtype: x.type(float64). See to(). Without one, PyTorch gives a name; here x.dtype has it."""
    return to(self, dtype=dtype)


def cpu(self: Tensor) -> Tensor:
    """In the computer's own memory; itself if it is there."""
    return to(self, device="cpu")


def cuda(self: Tensor, device: str | None = None) -> Tensor:
    """In the GPU's memory; RuntimeError says what is missing where there is none."""
    return to(self, device=device or "cuda")


def _in(name: str, dtype: np.dtype[Any]) -> Callable[[Tensor], Tensor]:
    def convert(self: Tensor) -> Tensor:
        return to(self, dtype=dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The numbers as {dtype}; itself if they are. See to()."
    return convert


# Python's and NumPy's own questions


def __pos__(self: Tensor) -> Tensor:
    return self


def __invert__(self: Tensor) -> Tensor:
    return Tensor._of(np.invert(self.array))


def __array_ufunc__(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    return interop.call_ufunc(ufunc, method, inputs, options)


def __array_function__(self: Tensor, function: Any, types: Any, args: Any, options: Any) -> Any:
    return interop.call(function, tuple(args), options)


def _swapped(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The operator with its operands in the other order: what 1 - x calls."""

    def swapped(self: Tensor, other: Tensor | Number) -> Tensor:
        return function(other, self)

    return swapped


def _lacking(sign: str, name: str) -> Callable[[Tensor, Any], Any]:
    """An operator of PyTorch's that is not here yet: it says so, as a missing method does."""

    def operation(self: Tensor, other: Any) -> Any:
        raise TypeError(f"x {sign} y{hint(Tensor, name, list)}")

    return operation


# In place: written to the same memory, so that views see it


def __setitem__(self: Tensor, index: Any, value: Any) -> None:
    """x[index] = value, in place; the gradient of what was there is 0."""
    index, basic = indexing.index_of(index, self.array)
    if isinstance(value, Tensor):
        part = basic and value.array.base is not None and not recorded(self, value)
        if part and same_memory(self.array[index], value.array):
            return  # the end of x[index] += y: it is written already
        value = value.to(self.dtype)
    put = partial(indexing_ops.setitem, index=index)
    in_place("x[index] = y", self, (value,), put, lambda x, y: operator.setitem(x, index, y))


def copy_(self: Tensor, other: Tensor | Number) -> Tensor:
    """Take a tensor's values, from whatever device, broadcast to this shape and cast to this dtype; or a number's."""
    if isinstance(other, Tensor):
        if other.ndim > self.ndim:
            raise RuntimeError(f"copy_: shape {list(other.shape)} has more dimensions than {list(self.shape)}")
        other = other.to(self.device)
    self[...] = other
    return self


def fill_(self: Tensor, value: Tensor | Number) -> Tensor:
    """Be a number, or the one in a 0-d tensor, throughout."""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_: expected a number or a 0-d tensor, got one of shape {list(value.shape)}; use copy_()")
    return copy_(self, value)


def zero_(self: Tensor) -> Tensor:
    """Be 0 throughout."""
    return fill_(self, 0)


def _written(op: Callable[..., Tensor], write: Callable[..., Any]) -> Callable[..., Tensor]:
    """An in-place form for which NumPy has an operator, as x += y: no new memory is needed for the result."""

    def change(self: Tensor, other: Tensor | Number) -> Tensor:
        return in_place(op.__name__, self, (other,), op, write)

    change.__name__ = change.__qualname__ = f"{op.__name__}_"
    change.__doc__ = f"x becomes {op.__name__}(x, other), in its own memory."
    return change


def _in_place_form(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of any function: x.exp_() computes x.exp() and writes it to the memory of x."""

    @wraps(function)
    def change(self: Tensor, *args: Any, **options: Any) -> Tensor:
        return in_place(function.__name__, self, args, partial(function, **options))

    change.__name__ = change.__qualname__ = f"{function.__name__}_"
    change.__doc__ = f"x becomes {function.__name__}(x, ...), in its own memory."
    return change


# The tables


def _public(family: Any) -> dict[str, Callable[..., Any]]:
    """The methods of a family: the public functions of an `input`, and what PyTorch has as methods only."""
    functions = {name: getattr(family, name) for name in family.__all__}
    takes_input = {name: f for name, f in functions.items() if next(iter(signature(f).parameters)) == "input"}
    return takes_input | {name: getattr(family, name) for name in getattr(family, "METHODS", [])}


METHODS: dict[str, Any] = {name: f for family in (*FAMILIES, activation) for name, f in _public(family).items()}
IN_PLACE = {
    f"{name}_": _in_place_form(getattr(family, name))
    for family in (*FAMILIES, activation)
    for name in getattr(family, "IN_PLACE", [])
}
IN_PLACE |= {
    "add_": _written(arithmetic.add, operator.iadd),
    "sub_": _written(arithmetic.sub, operator.isub),
    "mul_": _written(arithmetic.mul, operator.imul),
    "div_": _written(arithmetic.div, operator.itruediv),
}
# fmt: off
DTYPES = {
    "half": float16, "float": float32, "double": float64, "int": int32, "long": int64, "byte": uint8, "bool": bool_dtype,
}
OPERATORS: dict[str, Any] = {
    "__add__": arithmetic.add, "__sub__": arithmetic.sub, "__mul__": arithmetic.mul, "__truediv__": arithmetic.div,
    "__pow__": f_exponential.pow, "__matmul__": f_linalg.matmul, "__neg__": arithmetic.neg, "__abs__": arithmetic.abs,
    "__eq__": comparison.eq, "__ne__": comparison.ne, "__lt__": comparison.lt, "__le__": comparison.le,
    "__gt__": comparison.gt, "__ge__": comparison.ge, "__getitem__": indexing.getitem, "__setitem__": __setitem__,
    "__and__": comparison.bitwise_and, "__or__": comparison.bitwise_or, "__xor__": comparison.bitwise_xor,
    "__rand__": comparison.bitwise_and, "__ror__": comparison.bitwise_or, "__rxor__": comparison.bitwise_xor,
    "__pos__": __pos__, "__invert__": __invert__, "__array_ufunc__": __array_ufunc__, "__array_function__": __array_function__,
}
OPERATORS |= {f"__r{name}__": _swapped(OPERATORS[f"__{name}__"]) for name in ("add", "sub", "mul", "truediv", "pow", "matmul")}
OPERATORS |= {f"__i{name}__": IN_PLACE[f"{name}_"] for name in ("add", "sub", "mul", "pow")}
OPERATORS["__itruediv__"] = IN_PLACE["div_"]
WRITTEN_HERE: dict[str, Any] = {
    "T": T, "mT": mT, "backward": backward, "where": where, "to": to, "type": type_, "cpu": cpu, "cuda": cuda,
    "copy_": copy_, "fill_": fill_, "zero_": zero_, **{name: _in(name, dtype) for name, dtype in DTYPES.items()},
}
# fmt: on
LACKING = {  # not declared in methods.pyi, so that type checkers flag them
    "__mod__": _lacking("%", "remainder"),
    "__floordiv__": _lacking("//", "floor_divide"),
}
LACKING |= {f"__r{name}__": LACKING[f"__{name}__"] for name in ("mod", "floordiv")}
INSTALLED = METHODS | IN_PLACE | OPERATORS | WRITTEN_HERE

for _name, _method in (INSTALLED | LACKING).items():
    setattr(Tensor, _name, _method)
