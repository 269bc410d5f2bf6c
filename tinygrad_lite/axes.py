"""Axes and sizes, from the forms that a user may write to the one form that ops expect: tuples of non-negative ints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from math import prod
from operator import index
from typing import Any, ParamSpec, SupportsIndex, TypeVar, cast, overload

import numpy as np

Dim = int | Sequence[int] | None
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of its sizes, printed as PyTorch prints it. Its parts and sums are Sizes too.
    https://pytorch.org/docs/stable/size.html
    >>> zeros(2, 3, 4).shape[1:], zeros(2, 3).size().numel()
    (torch.Size([3, 4]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: Any) -> Any:
        part = tuple.__getitem__(self, index)
        return Size(part) if isinstance(index, slice) else part

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple.__add__(other, self))

    def __mul__(self, n: SupportsIndex) -> Size:
        return Size(tuple.__mul__(self, n))

    __rmul__ = __mul__


def axis_of(dim: int, ndim: int, what: str) -> int:
    """The axis as a non-negative int; IndexError, as in PyTorch, if it does not exist. A 0-d tensor accepts 0 and -1.
    >>> axis_of(-1, 3, "sum")
    2
    """
    if isinstance(dim, (bool, np.bool_)) or not isinstance(dim, (int, np.integer)):
        if hasattr(dim, "array") and dim.array.dtype.kind in "iu" and dim.array.size == 1:
            return axis_of(index(dim), ndim, what)
        raise TypeError(f"{what}: a dim must be an int, got {type(dim).__name__}")
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(f"{what}: dim {dim} is out of range for a tensor of {ndim} dimensions (expected {-n} to {n - 1})")
    return int(dim) % n


def axes_of(dim: Dim, ndim: int, what: str) -> tuple[int, ...]:
    """The axes as non-negative ints, for one axis or several; None and an empty tuple mean all axes.
    >>> axes_of((0, -1), 3, "sum")
    (0, 2)
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    axes = [axis_of(d, ndim, what) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"{what}: dim {dim} names an axis twice")
    return tuple(axes) if ndim else ()


def size_of(size: Any) -> tuple[int, ...]:
    """A shape from the `*size` of a function that may be called as f(2, 3), f((2, 3)) or f([2, 3]). TypeError if a size is
    not an int.
    >>> size_of((2, 3)), size_of(([2, 3],))
    ((2, 3), (2, 3))
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        return tuple([index(n) for n in size])
    except TypeError as error:
        wrong = next(n for n in size if not hasattr(n, "__index__") or (hasattr(n, "dtype") and n.dtype.kind == "f"))
        hint = "; // divides ints, n / 2 is a float" if isinstance(wrong, (float, np.floating)) else ""
        raise TypeError(f"a size must be an int, got {type(wrong).__name__} {wrong!r}{hint}") from error


def numpy_names(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A decorator: a function with PyTorch's `dim` and `keepdim` also takes NumPy's `axis` and `keepdims`. They are in its
    signature for editors and type checkers only: here they are renamed before the function is called.
    """

    @wraps(function)
    def either(*args: Any, **options: Any) -> Result:
        for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")):
            if theirs in options:
                if ours in options:
                    raise TypeError(f"{function.__name__}: give {ours} or {theirs}, not both")
                options[ours] = options.pop(theirs)
        try:
            return function(*args, **options)
        except AttributeError:  # it takes x.array first
            x = args[0] if args else options.get("input")
            if hasattr(x, "array"):
                raise
            kind = type(x).__name__
            text = f"{function.__name__}: expected a Tensor, got {kind}; make it one with tensor(...)"
        raise TypeError(text)

    return cast("Callable[Parameters, Result]", either)


def sizes_by_name(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A decorator: what a function takes as f(x, 2, 3) or f(x, (2, 3)), in its last parameter `*dims`, it also takes by the
    name of that parameter, f(x, dims=(2, 3)).
    """
    code = cast("Any", function).__code__
    name = code.co_varnames[code.co_argcount]

    @wraps(function)
    def either(*args: Any, **options: Any) -> Result:
        return function(*args, options.pop(name), **options) if name in options else function(*args, **options)

    return cast("Callable[Parameters, Result]", either)
