"""The operators and methods of Tensor that compute, installed here from the functions of ops/ and functional/.

These functions make Tensors, so their files import the class, and the class cannot import them. The end of this file installs
them on it; nothing is added to Tensor from outside anywhere else. A file of ops/ or functional/ is a family. A function in its
`__all__` whose first parameter is `input` becomes a method of the same name, as in PyTorch; a name in METHODS becomes a method
only, one in NOT_METHODS a function only. A name in IN_PLACE also gets an in-place form: x.exp_() is x.exp(), written to the
memory of x.

The families that every program needs are loaded with the package. All others are loaded together, by load_all(), when a program
asks for the first name that is not found without them: so the import stays light, and a new family needs no mention here.
Editors and type checkers read methods.pyi, which `python tests/declared_methods.py` writes from what is installed.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Mapping
from functools import partial, wraps
from importlib import import_module
from os import listdir
from os.path import dirname, join
from threading import RLock
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend
from . import backward as walk
from ._tensor import Tensor
from .dtypes import bool as bool_dtype
from .dtypes import float16, float32, float64, int8, int16, int32, int64, uint8
from .functional import arithmetic as f_arithmetic
from .functional import choice as f_choice
from .functional import comparison, indexing
from .functional import exponential as f_exponential
from .functional import linalg as f_linalg
from .functional import neural as f_neural
from .functional import reduction as f_reduction
from .functional import shape as f_shape
from .inplace import in_place, recorded, same_memory
from .operands import NUMBERS, Number, as_array, device_and_dtype, order_of_axes, unsigned, wrapped, wrapped_around
from .ops import arithmetic, choice, exponential, shape
from .ops import indexing as indexing_ops
from .suggest import no_such

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILIES: list[Any] = [arithmetic, exponential, choice, shape]
FAMILIES += [f_arithmetic, f_exponential, f_choice, f_reduction, f_shape, f_neural, f_linalg]


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


@property
def real(self: Tensor) -> Tensor:
    """The real part: of real numbers, the only kind here, the tensor itself."""
    return self


def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: builtins.bool | None = None,
    create_graph: builtins.bool = False,
    inputs: Any = None,
) -> None:
    """Compute d self / d leaf for every leaf that requires grad, and add it to the leaf's `.grad`; see autograd.backward.
    `gradient`, the upstream gradient, has the shape of self; it may be left out if self has one element, and is then 1.
    """
    walk.backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def graph(self: Tensor, ax: Axes | None = None, *, names: Mapping[Any, Any] | None = None, model: Any = None) -> Axes:
    """Draw the graph that leads to this tensor, as a static picture; see explanation/drawing.py. Returns matplotlib's Axes.
    `names`, {"w": w}, and `model` give names, as in explain().
    """
    drawn: Axes = import_module(f"{__package__}.explanation.drawing").draw(self, ax, names=names, model=model)
    return drawn


def where(self: Tensor, condition: Tensor, other: Tensor | Number) -> Tensor:
    """This tensor where the condition is true, `other` elsewhere."""
    return f_choice.where(condition, self, other)


# Other dtypes and devices


def to(
    self: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    non_blocking: builtins.bool = False,
    copy: builtins.bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor in another dtype, on another device, or with dtype and device of another tensor: x.to(float64), x.to("cuda"),
    x.to(y). It is x itself if nothing changes and `copy`, the second bool after these, is false; `non_blocking` changes
    nothing. Gradients flow back through it, unless it makes integers.
    TypeError for a name that is neither a device nor a dtype.
    """
    if len(args) > 2:  # to(dtype, non_blocking, copy) or to(device, dtype, non_blocking, copy)
        copy = copy or [arg for arg in args if isinstance(arg, builtins.bool)][1:] == [True]
    device, dtype = device_and_dtype(args, device, dtype)
    x = self
    if device is not None and device != x.device and not (device == "cuda" and x.device.type == "cuda"):
        if device.type == "cuda":
            backend.cupy()  # raises the error that says what is missing
        x = shape.move(x, place=device, source=x.device)
    if dtype is not None and x.array.dtype != dtype:
        cast = dtype.kind == "f"
        x = shape.cast(x, dtype=dtype, source=x.dtype) if cast else Tensor._of(x.array.astype(dtype))
    axes = None if memory_format is None else order_of_axes("to", memory_format, x.array.ndim)
    if axes is not None and not x.array.transpose(axes).flags.c_contiguous:
        last = x.array.ndim in (4, 5) and x.array.transpose(0, *range(2, x.array.ndim), 1).flags.c_contiguous
        if copy or x is not self or last or axes[-1] == 1 < x.array.ndim - 1:  # as in PyTorch, other orders may stay
            return f_shape.clone(x, memory_format=memory_format)
    return shape.clone(x) if copy and x is self else x


def cpu(self: Tensor) -> Tensor:
    """The tensor in the computer's main memory; x itself if it is there already."""
    return to(self, device="cpu")


def cuda(self: Tensor, device: str | None = None) -> Tensor:
    """The tensor in the GPU's memory. RuntimeError without a GPU or CuPy; it says what is missing."""
    return to(self, device=device or "cuda")


def _in(name: str, dtype: np.dtype[Any]) -> Callable[[Tensor], Tensor]:
    def convert(self: Tensor, *, memory_format: Any = None) -> Tensor:
        return to(self, dtype=dtype, memory_format=memory_format)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The tensor as {dtype}; x itself if it has this dtype already. See to()."
    return convert


# What Python's operators and NumPy's functions call


def __pos__(self: Tensor) -> Tensor:
    return self


def __invert__(self: Tensor) -> Tensor:
    return Tensor._of(as_array(np.invert(self.array)))


def __array_ufunc__(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    load_all()
    return import_module(f"{__package__}.interop").call_ufunc(ufunc, method, inputs, options)


def __array_function__(self: Tensor, function: Any, types: Any, args: Any, options: Any) -> Any:
    load_all()
    return import_module(f"{__package__}.interop").call(function, tuple(args), options)


def _swapped(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The operator with its operands swapped: 1 - x calls x.__rsub__(1)."""

    def swapped(self: Tensor, other: Tensor | Number) -> Tensor:
        return function(other, self)

    return swapped


def _later(name: str) -> Callable[[Tensor, Any], Tensor]:
    """An operator whose method is in a family that may not be loaded yet."""

    def operation(self: Tensor, other: Tensor | Number) -> Tensor:
        load_all()
        return INSTALLED[name](self, other)  # type: ignore[no-any-return]

    return operation


def _not_found(self: Tensor, name: str) -> Any:
    """Tensor's `__getattr__`, which Python calls for a name that is not found: it may be in a family that is not loaded yet."""
    if not name.startswith("_") and load_all():
        return getattr(self, name)
    raise no_such(type(self), name, partial(dir, Tensor))


# In place: written to the same memory, so views see the change


def __setitem__(self: Tensor, index: Any, value: Any) -> None:
    """x[index] = value, in place. The overwritten numbers get gradient 0."""
    index, basic = indexing.index_of(index, self.array)
    if isinstance(value, Tensor):
        part = basic and value.array.base is not None and same_memory(self.array[index], value.array)
        if part and (not recorded(self, value) or _same_history(value, self)):
            return  # Python calls this at the end of x[index] += y, when += has written to the view x[index] already
        value = value.to(self.dtype)
    elif type(value) is int:
        value = unsigned(value, self.array.dtype)
    put = partial(indexing_ops.setitem, index=index)
    in_place("x[index] = y", self, (value,), put, lambda x, y: operator.setitem(x, index, y))


def _same_history(x: Tensor, y: Tensor) -> bool:
    return import_module(f"{__package__}.rebase").same_history(x, y)  # type: ignore[no-any-return]


def copy_(self: Tensor, other: Tensor | Number) -> Tensor:
    """Overwrite x with the values of a tensor, on any device, broadcast to this shape and cast to this dtype; or a number."""
    if isinstance(other, Tensor):
        if other.ndim > self.ndim:
            raise RuntimeError(f"copy_: shape {list(other.shape)} has more dimensions than {list(self.shape)}")
        other = other.to(self.device)
    self[...] = other
    return self


def fill_(self: Tensor, value: Tensor | Number) -> Tensor:
    """Set every element to a number, or to the number in a 0-d tensor."""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_: expected a number or a 0-d tensor, got one of shape {list(value.shape)}; use copy_()")
    return copy_(self, value)


def zero_(self: Tensor) -> Tensor:
    """Set every element to 0."""
    return fill_(self, 0)


def _written(op: Callable[..., Tensor], write: Callable[..., Any]) -> Callable[..., Tensor]:
    """An in-place form for which NumPy has an operator, such as x += y: the result needs no new memory."""

    def change(self: Tensor, other: Tensor | Number) -> Tensor:
        if not isinstance(other, Tensor):
            if type(other) not in NUMBERS:
                other = wrapped(op.__name__, other)
            elif type(other) is int and self.array.dtype.kind in "iu":
                _, other = wrapped_around(self, other)
        return in_place(op.__name__, self, (other,), op, write)

    change.__name__ = change.__qualname__ = f"{op.__name__}_"
    change.__doc__ = f"Replace x by {op.__name__}(x, other), in the memory of x."
    return change


_iadd, _isub = _written(arithmetic.add, operator.iadd), _written(arithmetic.sub, operator.isub)
_imul, _idiv = _written(arithmetic.mul, operator.imul), _written(arithmetic.div, operator.itruediv)


def add_(self: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Replace x by x + alpha · other, in the memory of x."""
    return _iadd(self, f_arithmetic.scaled("add", self, other, alpha))


def sub_(self: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Replace x by x - alpha · other, in the memory of x."""
    return _isub(self, f_arithmetic.scaled("sub", self, other, alpha))


def div_(self: Tensor, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """Replace x by x / other, in the memory of x. For integers, RuntimeError without a rounding_mode."""
    if rounding_mode is None:
        return _idiv(self, other)
    return in_place("div", self, (other,), partial(f_arithmetic.div, rounding_mode=rounding_mode))


def _in_place_form(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of any function: x.exp_() computes x.exp() and writes it to the memory of x."""

    @wraps(function)
    def change(self: Tensor, *args: Any, **options: Any) -> Tensor:
        n = len(args)

        def op(x: Tensor, *given: Any) -> Tensor:
            return function(x, *given[:n], **dict(zip(options, given[n:])))

        return in_place(function.__name__, self, (*args, *options.values()), op)  # gradients may flow to an option, too

    change.__name__ = change.__qualname__ = f"{function.__name__}_"
    change.__doc__ = f"Replace x by {function.__name__}(x, ...), in the memory of x."
    return change


def _bitwise_in_place(function: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    """The in-place form of `&`, `|` or `^`, such as mask &= other."""

    def change(self: Tensor, other: Any) -> Tensor:
        out = function(self, other)
        return out if out is NotImplemented else in_place(name, self, (other,), lambda x, y: out)

    change.__name__ = change.__qualname__ = f"{name}_"
    change.__doc__ = f"Replace x by {name}(x, other), in the memory of x."
    return change


# The tables


def first_parameter(function: Any) -> str:
    """The name of a function's first parameter. This runs at each import, for which inspect.signature() is too slow."""
    if "__signature__" in vars(function):  # an op
        return str(next(iter(function.__signature__.parameters)))
    return str(getattr(function, "__wrapped__", function).__code__.co_varnames[0])


def _public(family: Any) -> dict[str, Callable[..., Any]]:
    """The methods of a family: its public functions whose first parameter is `input`, and what PyTorch has as methods only."""
    functions = {name: getattr(family, name) for name in family.__all__ if name not in getattr(family, "NOT_METHODS", [])}
    takes_input = {name: f for name, f in functions.items() if type(f) is FunctionType and first_parameter(f) == "input"}
    return takes_input | {name: getattr(family, name) for name in getattr(family, "METHODS", [])}


METHODS: dict[str, Any] = {}
# fmt: off
IN_PLACE: dict[str, Any] = {
    "add_": add_, "sub_": sub_, "mul_": _imul, "div_": div_, "subtract_": sub_, "multiply_": _imul, "divide_": div_,
    "true_divide_": _idiv,
    "pow_": _in_place_form(f_exponential.pow),
}
DTYPES = {
    "half": float16, "float": float32, "double": float64, "char": int8, "short": int16, "int": int32, "long": int64,
    "byte": uint8, "bool": bool_dtype,
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
OPERATORS |= {f"__r{name}__": _swapped(OPERATORS[f"__{name}__"]) for name in ("sub", "truediv", "pow", "matmul")}
OPERATORS |= {"__radd__": arithmetic.add, "__rmul__": arithmetic.mul}  # 2 * x is x * 2
OPERATORS |= {"__iadd__": _iadd, "__isub__": _isub, "__imul__": _imul, "__itruediv__": _idiv, "__ipow__": IN_PLACE["pow_"]}
OPERATORS |= {
    f"__i{name}__": _bitwise_in_place(OPERATORS[f"__{name}__"], f"bitwise_{name}") for name in ("and", "or", "xor")
}
WRITTEN_HERE: dict[str, Any] = {
    "T": T, "mT": mT, "backward": backward, "graph": graph, "where": where, "to": to, "cpu": cpu, "cuda": cuda,
    "copy_": copy_, "fill_": fill_, "zero_": zero_, "real": real, **{name: _in(name, dtype) for name, dtype in DTYPES.items()},
}
LATER = {
    "mod": "remainder", "floordiv": "floor_divide", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}
# fmt: on
OPERATORS |= {f"__{name}__": _later(function) for name, function in LATER.items()}
OPERATORS |= {f"__r{name}__": _swapped(OPERATORS[f"__{name}__"]) for name in LATER}
OPERATORS |= {f"__i{name}__": _later(f"{function}_") for name, function in LATER.items()}
INSTALLED: dict[str, Any] = {}


def install(families: list[Any]) -> None:
    """Make the functions of these families methods of Tensor."""
    for family in families:
        METHODS.update(_public(family))
        IN_PLACE.update(
            {
                f"{name}_": _in_place_form(getattr(family, name))
                for name in getattr(family, "IN_PLACE", [])
                if f"{name}_" not in IN_PLACE
            }
        )
    INSTALLED.update(METHODS | IN_PLACE | OPERATORS | WRITTEN_HERE)
    for name, method in INSTALLED.items():
        setattr(Tensor, name, method)


lock = RLock()
complete = False


def load_all() -> bool:
    """Load the families that are not loaded yet, and install them: all of them, or none if there is an error in one. False if
    that was done before.
    """
    global complete
    if complete:
        return False
    with lock:
        here = dirname(__file__)
        folders = ["ops", "functional"]
        files = [
            f"{folder}/{file[:-3]}"
            for folder in folders
            for file in sorted(listdir(join(here, folder)))
            if file.endswith(".py") and file != "__init__.py"
        ]
        found = [import_module(f"{__package__}.{file.replace('/', '.')}") for file in files]
        new = [family for family in found if family not in FAMILIES and hasattr(family, "__all__")]
        if not complete:
            install(new)
            FAMILIES.extend(new)
            complete = True
    return True


install(FAMILIES)
if not TYPE_CHECKING:  # type checkers must not see it, or every misspelt name would be valid for them
    Tensor.__getattr__ = _not_found
