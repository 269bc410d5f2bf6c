"""PyTorch's functions, composed from the primitives in ops/, so that none needs a derivative of its own.

They take PyTorch's arguments (and NumPy's `axis` and `keepdims` beside `dim` and `keepdim`), bring the awkward cases into
the form that a primitive expects, and explain what they refuse. They are also the methods of Tensor. The source of each is
https://pytorch.org/docs/stable/generated/torch.NAME.html
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from functools import wraps
from math import inf, prod
from string import ascii_letters
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .backend import array_module, is_array, plain
from .dtypes import get_default_dtype, int64, result_type, uint8
from .ops import elementwise, indexing, linalg, neural, reduction
from .ops import shape as shapes
from .tape import as_array

# fmt: off
__all__ = [
    "pow", "clamp", "clip", "where", "sum", "mean", "amax", "amin", "argmax", "argmin", "max", "min", "all", "any",
    "logsumexp", "softmax", "log_softmax", "matmul", "einsum", "reshape", "permute", "transpose", "squeeze", "unsqueeze",
    "flatten", "broadcast_to", "cat", "stack",
]
# fmt: on

if TYPE_CHECKING:
    from .tensor import Tensor
else:
    Tensor = None  # tensor.py puts its class here

Dim = int | Sequence[int] | None
Number = float | int | bool
Result = TypeVar("Result")


def as_tensor_like(x: Any, like: Tensor) -> Tensor:
    """x as a Tensor; a number becomes a 0-d one of the dtype that it and `like` make, on the device of `like`."""
    if isinstance(x, Tensor):
        return x
    if is_array(x):
        return Tensor._of(plain(x))
    if not isinstance(x, (bool, int, float, np.generic)):
        raise TypeError(f"expected a Tensor or a number, got {type(x).__name__}; make it one with tensor(...)")
    dtype = result_type(like.array, x)
    try:
        return Tensor._of(array_module(like.array).asarray(x, dtype=dtype))
    except OverflowError as error:
        raise RuntimeError(f"the number {x} does not fit into {dtype}; cast the tensor first: x.long()") from error


def same_dtype(*tensors: Tensor) -> list[Tensor]:
    """The tensors, cast to the dtype that together they make."""
    dtype = result_type(*[x.array for x in tensors])
    return [x.to(dtype) for x in tensors]


def axis_of(dim: int, ndim: int, what: str) -> int:
    """A non-negative axis; IndexError, as in PyTorch, if there is no such axis. A 0-d tensor has an axis 0 and -1."""
    if isinstance(dim, (bool, np.bool_)) or not isinstance(dim, (int, np.integer)):
        raise TypeError(f"{what}: a dim must be an int, got {type(dim).__name__}")
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(f"{what}: dim {dim} is out of range for a tensor of {ndim} dimensions (expected {-n} to {n - 1})")
    return int(dim) % n


def axes_of(dim: Dim, ndim: int, what: str) -> tuple[int, ...]:
    """Non-negative axes: of one, of several, or for None (and an empty tuple) of all."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    axes = [axis_of(d, ndim, what) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"{what}: dim {dim} names an axis twice")
    return tuple(axes) if ndim else ()


def size_of(size: Any) -> tuple[int, ...]:
    """A shape from f(2, 3), f((2, 3)) or f([2, 3]), whose `*size` it is given."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    return tuple([int(n) for n in size])


# Elementwise


def pow(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """x ** y, element by element; one of them may be a number.
    RuntimeError for integers to a negative integer power.
    >>> pow(tensor([1.0, 2.0]), 3), pow(2, tensor([1.0, 2.0]))
    (tensor([1., 8.]), tensor([2., 4.]))
    """
    if isinstance(input, Tensor) and isinstance(exponent, (bool, int, float, np.generic)):
        if input.array.dtype.kind not in "f" and isinstance(exponent, (int, np.integer)) and exponent < 0:
            raise RuntimeError("pow: integers to negative integer powers are not allowed; cast to float first: x.float()")
        if input.array.dtype == np.bool_:
            input = input.to(result_type(input.array, exponent))
        return elementwise.power(input, y=exponent.item() if isinstance(exponent, np.generic) else exponent)
    if not isinstance(exponent, Tensor):
        exponent = as_tensor_like(exponent, input)  # type: ignore[arg-type]
    return elementwise.pow(as_tensor_like(input, exponent), exponent)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """x confined to [min, max]: both bounds numbers, or both Tensors that broadcast, and one of them may be None.
    At a bound the gradient goes to x.
    >>> clamp(tensor([-1.0, 0.5, 2.0]), min=0)
    tensor([0.0000, 0.5000, 2.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max must be given")
    min, max = (bound.item() if isinstance(bound, np.generic) else bound for bound in (min, max))  # weak, as numbers are
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        bounds = [bound for bound in (min, max) if bound is not None]
        if not builtins.all(isinstance(bound, Tensor) for bound in bounds):
            kinds = f"{type(min).__name__} and {type(max).__name__}"
            raise TypeError(f"clamp: min and max must be both numbers or both Tensors, got {kinds}")
        x, *bounds = same_dtype(input, *bounds)
        if len(bounds) == 2:
            return elementwise.clamp(x, *bounds)
        return elementwise.clamp_min(x, *bounds) if max is None else elementwise.clamp_max(x, *bounds)
    if input.array.dtype.kind == "f":
        return elementwise.clip(input, min=-inf if min is None else min, max=inf if max is None else max)
    dtype = result_type(input.array, *(bound for bound in (min, max) if bound is not None))
    x = input.to(dtype).array
    x = x if min is None else np.maximum(x, min)
    return Tensor._of(as_array(x if max is None else np.minimum(x, max)))


clip = clamp


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """x where the condition holds, else y: all broadcast, and x and y may be numbers.
    Both sides are differentiated, so an infinite derivative on the side not taken gives nan, as in PyTorch.
    >>> x = tensor([-1.0, 2.0])
    >>> where(x > 0, x, 0)
    tensor([0., 2.])
    """
    if input is None or other is None:
        raise TypeError("where: give both values, where(condition, x, y)")
    condition = as_tensor_like(condition, input if isinstance(input, Tensor) else other)
    if condition.array.dtype != np.bool_:
        raise RuntimeError(f"where: the condition must be a bool tensor, got {condition.dtype}; compare first: c != 0")
    x = input if isinstance(input, Tensor) else as_tensor_like(input, other if isinstance(other, Tensor) else condition)
    return elementwise.where(condition, *same_dtype(x, as_tensor_like(other, x)))


# Reductions


def numpy_names(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let a function of PyTorch's `dim` and `keepdim` take NumPy's `axis` and `keepdims` as well."""

    @wraps(function)
    def either(input: Tensor, *args: Any, **options: Any) -> Result:
        for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")):
            if theirs in options:
                if ours in options:
                    raise TypeError(f"{function.__name__}: give {ours} or {theirs}, not both")
                options[ours] = options.pop(theirs)
        return function(input, *args, **options)

    return either


def _chosen_axes(x: Tensor, dim: Dim, what: str) -> tuple[int, ...]:
    axes = axes_of(dim, x.array.ndim, what)
    if x.array.size == 0 and (dim is None or 0 in [x.array.shape[i] for i in axes]):
        kind = IndexError if dim is not None or what.startswith("arg") else RuntimeError  # as in PyTorch
        raise kind(f"{what}: nothing to choose from along axes {axes} of shape {list(x.array.shape)}")
    return axes


def _nonempty(x: Tensor, what: str) -> Tensor:
    _chosen_axes(x, None, what)
    return x


@numpy_names
def sum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Σ x over an axis, several, or all. Integers and bools are summed in int64.
    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.sum(), x.sum(0), x.sum(dim=-1, keepdim=True).shape
    (tensor(10.), tensor([4., 6.]), (2, 1))
    """
    if dtype is not None or input.array.dtype.kind != "f":
        input = input.to(int64 if dtype is None else dtype)
    return reduction.sum(input, axis=axes_of(dim, input.array.ndim, "sum"), keepdims=keepdim)


@numpy_names
def mean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Σ x / n over an axis, several, or all; nan of nothing. RuntimeError for integers: cast them first.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
    tensor([2., 3.])
    """
    axes = axes_of(dim, input.array.ndim, "mean")
    if dtype is not None:
        input = input.to(dtype)
    if input.array.dtype.kind != "f":
        raise RuntimeError(f"mean: the mean of {input.dtype} is no integer; cast first, x.float().mean(), or give dtype=")
    return reduction.mean(input, axis=axes, keepdims=keepdim, n=prod([input.array.shape[i] for i in axes]))


@numpy_names
def amax(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The largest x over an axis, several, or all (amin: the smallest); those that tie share the gradient equally.
    >>> tensor([[1.0, 4.0], [3.0, 2.0]]).amax(1)
    tensor([4., 3.])
    """
    return reduction.amax(input, axis=_chosen_axes(input, dim, "amax"), keepdims=keepdim)


@numpy_names
def amin(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The smallest x over an axis, several, or all; see amax."""
    return reduction.amin(input, axis=_chosen_axes(input, dim, "amin"), keepdims=keepdim)


@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where along an axis (in the flattened tensor, if none is given) the largest x stands, as int64; the first of ties.
    >>> tensor([[1.0, 4.0], [3.0, 2.0]]).argmax(1)
    tensor([1, 0])
    """
    return _place(np.argmax, input, dim, keepdim)


@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest x stands; see argmax."""
    return _place(np.argmin, input, dim, keepdim)


def _place(search: Callable[..., Any], input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    x = input.array
    axes = _chosen_axes(input, dim, search.__name__)
    out = search(x) if dim is None or not x.ndim else search(x, axis=axes[0], keepdims=keepdim)
    return Tensor._of(as_array(out).reshape((1,) * x.ndim) if keepdim and dim is None else as_array(out))


class Extremum(NamedTuple):
    """What max(dim) and min(dim) return: the extreme values, and where along the axis they stand."""

    values: Tensor
    indices: Tensor


@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest x (min: the smallest); with a dim, (values, indices) along it, of ties the first; max(x, y) is maximum.
    >>> x = tensor([[1.0, 4.0], [3.0, 2.0]])
    >>> x.max(), x.max(dim=0).values, x.max(dim=0).indices
    (tensor(4.), tensor([3., 4.]), tensor([1, 0]))
    """
    if isinstance(dim, Tensor):
        return elementwise.maximum(input, dim)
    return _picked(input, dim, keepdim, argmax) if dim is not None else reduction.largest(_nonempty(input, "max"))


@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest x; with a dim, (values, indices) along it; min(x, y) is minimum. See max."""
    if isinstance(dim, Tensor):
        return elementwise.minimum(input, dim)
    return _picked(input, dim, keepdim, argmin) if dim is not None else reduction.smallest(_nonempty(input, "min"))


def _picked(input: Tensor, dim: int, keepdim: bool, search: Callable[..., Tensor]) -> Extremum:
    if not input.array.ndim:
        return Extremum(shapes.clone(input), search(input, dim))
    axis = axis_of(dim, input.array.ndim, "max or min")
    index = search(input, axis, keepdim=True)
    values = indexing.take_along(input, index=index.array, axis=axis)
    return Extremum(values, index) if keepdim else Extremum(squeeze(values, axis), squeeze(index, axis))


@numpy_names
def all(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether every x, along an axis or altogether, is true (not 0)."""
    out = as_array(input.array.all(axes_of(dim, input.array.ndim, "all"), keepdims=keepdim))
    return Tensor._of(out.astype(uint8) if input.array.dtype == uint8 else out)  # as in PyTorch


@numpy_names
def any(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether some x, along an axis or altogether, is true (not 0)."""
    out = as_array(input.array.any(axes_of(dim, input.array.ndim, "any"), keepdims=keepdim))
    return Tensor._of(out.astype(uint8) if input.array.dtype == uint8 else out)


@numpy_names
def logsumexp(input: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
    """log Σ e^x over an axis or several, without overflow.
    >>> tensor([1000.0, 1000.0]).logsumexp(0)
    tensor(1000.6932)
    """
    x = input if input.array.dtype.kind == "f" else input.to(get_default_dtype())
    return neural.logsumexp(x, axis=axes_of(dim, x.array.ndim, "logsumexp"), keepdims=keepdim)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along an axis, without overflow.
    >>> tensor([0.0, 0.0, 1000.0]).softmax(0)
    tensor([0., 0., 1.])
    """
    return _along(neural.softmax, input, dim, dtype, "softmax")


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along an axis: the logarithm of softmax, also where that underflows.
    >>> tensor([0.0, 1000.0]).log_softmax(0)
    tensor([-1000.,     0.])
    """
    return _along(neural.log_softmax, input, dim, dtype, "log_softmax")


def _along(op: Callable[..., Tensor], x: Tensor, dim: int, dtype: Any, what: str) -> Tensor:
    if dtype is not None:
        x = x.to(dtype)
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: not for {x.dtype}; cast to float first: x.float()")
    if not x.array.ndim:
        axis_of(dim, 0, what)
        return reshape(op(reshape(x, (1,)), axis=0), ())
    return op(x, axis=axis_of(dim, x.array.ndim, what))


# Linear algebra


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), where the leading axes broadcast.
    A 1-D operand is a row on the left, a column on the right, and its axis is gone from the result. RuntimeError if the
    inner sizes or the dtypes differ.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]) @ tensor([1.0, 1.0])
    tensor([3., 7.])
    """
    input = as_tensor_like(input, other)
    other = as_tensor_like(other, input)
    x, y = input.array, other.array
    if x.dtype != y.dtype:
        raise RuntimeError(f"matmul: dtypes {x.dtype} and {y.dtype} differ; cast one: x.to(y.dtype)")
    if x.ndim >= 2 and y.ndim >= 2:
        return linalg.matmul(input, other)
    if not x.ndim or not y.ndim:
        raise RuntimeError("matmul: both operands need at least one dimension; multiply by a 0-d tensor with *")
    if x.ndim == 1 and x.shape[0] != y.shape[0 if y.ndim == 1 else -2]:
        raise RuntimeError(f"matmul: cannot multiply shapes {list(x.shape)} and {list(y.shape)}: the inner sizes differ")
    out = linalg.matmul(unsqueeze(input, 0) if x.ndim == 1 else input, unsqueeze(other, 1) if y.ndim == 1 else other)
    drop = ([out.array.ndim - 2] if x.ndim == 1 else []) + ([out.array.ndim - 1] if y.ndim == 1 else [])
    return squeeze(out, tuple(drop))


def einsum(equation: str, *operands: Any) -> Tensor:
    """Σ of products, by the labels of the axes: "ij,jk->ik" is out_ik = Σ_j x_ij y_jk. Without an arrow the result has the
    labels that occur once, in alphabetical order; "..." stands for any axes, and axes of length 1 broadcast. Three operands
    or more are contracted from left to right. RuntimeError for labels that do not fit the operands or each other.
    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> einsum("ii", x), einsum("ij,j->i", x, x[0])
    (tensor(5.), tensor([ 5., 11.]))
    """
    xs: list[Tensor] = list(operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands)
    given, arrow, to = equation.replace(" ", "").partition("->")
    terms, spare = given.split(","), "".join([c for c in ascii_letters if c not in given])
    if len(terms) != len(xs):
        raise RuntimeError(f"einsum: {equation!r} has {len(terms)} terms for {len(xs)} operands")
    to = to if arrow else "..." + "".join(sorted(c for c in {*given} - {*",."} if given.count(c) == 1))
    hidden = [len(x.shape) + 3 - len(term) if "..." in term else 0 for x, term in zip(xs, terms)]  # axes behind the dots
    hidden.append(builtins.max(hidden))
    *terms, to = [term.replace("...", spare[:n][::-1], 1) for term, n in zip([*terms, to], hidden)]
    for x, term in zip(xs, terms):
        if len(term) != len(x.shape) or not {*term} <= {*ascii_letters}:
            raise RuntimeError(f"einsum: {equation!r} needs a letter or '...' for each axis of an operand {list(x.shape)}")
    axes = [dict(zip(term, x.shape)) for x, term in zip(xs, terms)]
    sizes = dict(sorted([pair for lengths in axes for pair in lengths.items()], key=lambda pair: pair[1] != 1))
    for x, term, lengths in zip(xs, terms, axes):
        if wrong := [c for c, n in zip(term, x.shape) if n != lengths[c] or n not in (1, sizes[c])]:
            name = wrong[0] if wrong[0] in given else "..."
            raise RuntimeError(f"einsum: axes {name!r} in {equation!r} differ in length: {[list(x.shape) for x in xs]}")
    if len({*to}) < len(to) or not {*to} <= {*sizes}:
        raise RuntimeError(f"einsum: each label in the result of {equation!r} must be that of an operand, and stand once")
    own = ["".join([c for c in lengths if lengths[c] == sizes[c]]) for lengths in axes]  # less what only broadcasts
    for i, (x, term, lengths) in enumerate(zip(xs, terms, axes)):
        if len(lengths) < len(term):  # a label stands twice: the diagonal
            places = dict(zip(lengths, array_module(x.array).ogrid[tuple(map(slice, lengths.values()))]))
            x = indexing.getitem(x, index=tuple([places[c] for c in term]), once=True)
        kept = [c for c in own[i] if c in "".join([to, *own[:i], *own[i + 1 :]])]
        gone = tuple([n for n, c in enumerate(lengths) if c not in kept])
        xs[i], terms[i] = sum(x, gone) if gone else x, "".join(kept)
    out, have = xs[0], terms[0]
    for i in range(1, len(xs)):
        ahead = "".join([to, *terms[i + 1 :]])
        pair = "".join([c for c in dict.fromkeys(ahead) if c in have + terms[i]])
        out, have = linalg.einsum(out, xs[i], left=have, right=terms[i], to=pair), pair
    return out if len(xs) > 1 else shapes.permute(out, axes=tuple([have.index(c) for c in to]))


# Shape


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same numbers in another shape, in row-major order; one size may be -1. A view where that is possible.
    >>> tensor([1, 2, 3, 4]).reshape(2, -1)
    tensor([[1, 2],
            [3, 4]])
    """
    return shapes.reshape(input, shape=size_of(shape))


def view(input: Tensor, *shape: Any) -> Tensor:
    """reshape() that never copies: RuntimeError where the memory's order does not allow a view."""
    out = reshape(input, *shape)
    if not np.shares_memory(out.array, input.array) and out.array.size:
        raise RuntimeError(
            f"view: shape {list(size_of(shape))} cannot be a view of this tensor's memory "
            f"(shape {list(input.shape)}, strides {input.array.strides}); use reshape()"
        )
    return out


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The axes in another order: axis i of the result is axis dims[i]: (2, 3, 4) by (2, 0, 1) is (4, 2, 3). A view."""
    order = size_of(dims)
    ndim = input.array.ndim
    if len(order) != ndim:
        raise RuntimeError(f"permute: {len(order)} dims for a tensor of {ndim} dimensions")
    return shapes.permute(input, axes=axes_of(order, ndim, "permute"))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes swapped: (2, 3, 4) by 0 and -1 is (4, 3, 2). A view."""
    ndim = input.array.ndim
    swap = {axis_of(a, ndim, "transpose"): axis_of(b, ndim, "transpose") for a, b in ((dim0, dim1), (dim1, dim0))}
    return shapes.permute(input, axes=tuple([swap.get(i, i) for i in range(ndim)]))


@numpy_names
def squeeze(input: Tensor, dim: Dim = None) -> Tensor:
    """Without the axes of length one: all of them, or of those given. A view.
    >>> zeros(1, 2, 1).squeeze().shape, zeros(1, 2, 1).squeeze(0).shape
    ((2,), (2, 1))
    """
    shape = input.array.shape
    axes = axes_of(dim, len(shape), "squeeze") if dim is None or dim != () else ()
    return shapes.reshape(input, shape=tuple([n for i, n in enumerate(shape) if n != 1 or i not in axes]))


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of length one at `dim`: (2, 3) at -1 is (2, 3, 1). A view."""
    shape = input.array.shape
    i = axis_of(dim, len(shape) + 1, "unsqueeze")
    return shapes.reshape(input, shape=(*shape[:i], 1, *shape[i:]))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim as one: (2, 3, 4) from 1 is (2, 12)."""
    shape = input.array.shape
    start, end = axis_of(start_dim, len(shape), "flatten"), axis_of(end_dim, len(shape), "flatten")
    if start > end:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    if start == end and shape:
        return input
    return shapes.reshape(input, shape=(*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """x repeated, without copying, along axes of length one and new ones in front; -1 leaves an axis as it is.
    >>> tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    wanted, shape = size_of(sizes), input.array.shape
    extra = len(wanted) - len(shape)
    full = tuple([shape[i - extra] if n == -1 and i >= extra else n for i, n in enumerate(wanted)])
    if extra < 0 or builtins.any(n < 0 or (i >= extra and shape[i - extra] not in (1, n)) for i, n in enumerate(full)):
        raise RuntimeError(f"expand: shape {list(shape)} cannot be expanded to {list(wanted)}; only axes of length 1 repeat")
    return shapes.expand(input, shape=full)


broadcast_to = expand


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after another along an axis; the other sizes must agree. 1-D empty ones are passed over.
    >>> cat([tensor([1, 2]), tensor([3])])
    tensor([1, 2, 3])
    """
    if isinstance(tensors, Tensor) or not len(tensors):
        raise TypeError("cat: expected a non-empty list or tuple of Tensors")
    if builtins.any(x.array.ndim == 0 for x in tensors):
        raise RuntimeError("cat: a 0-d tensor has no axis to join along; use stack()")
    xs = same_dtype(*tensors)
    shape = next((x.array.shape for x in xs if x.array.shape != (0,)), (0,))
    axis = axis_of(dim, len(shape), "cat") if shape != (0,) else 0
    empty = (*shape[:axis], 0, *shape[axis + 1 :])
    xs = [x if x.array.shape != (0,) else reshape(x, empty) for x in xs]
    ends: list[int] = []
    for x in xs:
        ends.append(x.array.shape[axis] + (ends[-1] if ends else 0))
    return shapes.cat(*xs, axis=axis, ends=tuple(ends))


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new axis.
    >>> stack([tensor([1, 2]), tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(tensors, Tensor) or not len(tensors):
        raise TypeError("stack: expected a non-empty list or tuple of Tensors")
    found = {x.array.shape for x in tensors}
    if len(found) > 1:
        raise RuntimeError(f"stack: tensors must have one shape, got {', '.join(str(list(s)) for s in sorted(found))}")
    axis = axis_of(dim, tensors[0].array.ndim + 1, "stack")
    return cat([unsqueeze(x, axis) for x in tensors], axis)


# Indexing


def index_of(index: Any, x: Any) -> tuple[Any, bool]:
    """An index of the array x in the form that the primitives take, and whether it is basic (no arrays: a view, no repeats).
    Tensors and lists become arrays; an Ellipsis at the end of a basic index makes 0-d results views too. IndexError, as in
    PyTorch, for floats; ValueError for a slice with a negative step.
    """
    basic, parts = True, []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Tensor):
            part = part.array
        elif isinstance(part, list):
            part = np.asarray(part, dtype=None if part else np.int64)
        if is_array(part):
            if part.dtype.kind == "f":
                raise IndexError(f"indices must be integers or bools, got a tensor of {part.dtype}; cast it: i.long()")
            part = array_module(x).asarray(part.astype(bool) if part.dtype.kind == "u" else part)  # uint8 is a mask
            if part.ndim == 0 and part.dtype.kind == "i":
                part = int(part)
        elif isinstance(part, slice) and part.step is not None and part.step < 0:
            raise ValueError("a slice with a negative step is no view in PyTorch; index with arange(n - 1, -1, -1)")
        elif isinstance(part, (float, np.floating, str)):
            raise IndexError(f"indices are ints, slices, None, ..., lists or tensors of ints or bools; got {part!r}")
        elif isinstance(part, (bool, np.bool_)):
            part = array_module(x).asarray(part)
        basic = basic and not is_array(part)
        parts.append(part)
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if basic and not dots:
        parts.append(Ellipsis)
    elif not basic and len(dots) == 1:  # spelt out: NumPy takes dots that stand for no axis to part the arrays around them
        taken = [p.ndim if is_array(p) and p.dtype.kind == "b" else 1 for p in parts if p is not None and p is not Ellipsis]
        parts[dots[0] : dots[0] + 1] = [slice(None)] * (x.ndim - builtins.sum(taken))
    kinds = "".join(["a" if is_array(p) else "s" if p is None or isinstance(p, slice) else "i" for p in parts])
    if not basic and "i" in kinds and "s" in kinds.strip("s"):
        # In x[0, :, i] NumPy counts the 0 among the arrays and moves their axes to the front; PyTorch means x[0][:, i].
        first: list[Any] = []
        then: list[Any] = []
        for part, kind in zip(parts, kinds):
            first += [slice(None)] * (part.ndim if part.dtype.kind == "b" else 1) if kind == "a" else [part]
            then += [] if kind == "i" else [part] if kind == "a" else [slice(None)]
        places = array_module(x).arange(x.size).reshape(x.shape)[tuple(first)][tuple(then)]
        return array_module(x).unravel_index(places, x.shape), False
    return tuple(parts), basic


def getitem(input: Tensor, index: Any) -> Tensor:
    """x[index]: a view for ints, slices, None and ...; a copy, with repeats allowed, for lists, integer and bool tensors.
    https://pytorch.org/docs/stable/tensor_view.html
    >>> x = tensor([1.0, 2.0, 3.0])
    >>> x[1:], x[[0, 0]], x[x > 1.5]
    (tensor([2., 3.]), tensor([1., 1.]), tensor([2., 3.]))
    """
    index, basic = index_of(index, input.array)
    return indexing.getitem(input, index=index, once=basic)
