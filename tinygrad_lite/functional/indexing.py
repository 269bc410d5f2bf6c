"""Indexing: x[index] with PyTorch's meaning, in the form that NumPy and the ops take."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import array_module, is_array
from ..ops import indexing

__all__: list[str] = []


def getitem(input: Tensor, index: Any) -> Tensor:
    """x[index]: a view for ints, slices, None and ...; a copy, with repeats allowed, for lists, integer and bool tensors.
    https://pytorch.org/docs/stable/tensor_view.html
    >>> x = tensor([1.0, 2.0, 3.0])
    >>> x[1:], x[[0, 0]], x[x > 1.5]
    (tensor([2., 3.]), tensor([1., 1.]), tensor([2., 3.]))
    """
    index, basic = index_of(index, input.array)
    return indexing.getitem(input, index=index, once=basic)


def index_of(index: Any, x: Any) -> tuple[Any, bool]:
    """An index of the array x in the form that the ops take, and whether it is basic: without arrays, so that the result is a
    view and no position repeats. Tensors and lists become arrays. A basic index ends in an Ellipsis, so that NumPy makes 0-d
    results views too. IndexError, as in PyTorch, for floats; ValueError for a slice with a negative step.
    """
    parts = [index_part(part, x) for part in (index if isinstance(index, tuple) else (index,))]
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if not any([is_array(part) for part in parts]):
        return (*parts, *([] if dots else [Ellipsis])), True
    if len(dots) == 1:  # replaced by slices: NumPy lets even an Ellipsis for no axis separate arrays
        behind = x.ndim - sum([axes_taken(part) for part in parts])
        parts[dots[0] : dots[0] + 1] = [slice(None)] * behind
    return (unravelled(parts, x) if int_apart_from_arrays(parts) else tuple(parts)), False


def index_part(part: Any, x: Any) -> Any:
    """One part of an index: an int, a slice, None, ... or an array of ints or bools on the device of x."""
    if isinstance(part, Tensor):
        part = part.array
    elif isinstance(part, list):
        part = np.asarray(part, dtype=None if part else np.int64)
    if is_array(part):
        if part.dtype.kind == "f":
            raise IndexError(f"indices must be integers or bools, got a tensor of {part.dtype}; cast it: i.long()")
        part = array_module(x).asarray(part.astype(bool) if part.dtype.kind == "u" else part)  # uint8 is a mask
        return int(part) if part.ndim == 0 and part.dtype.kind == "i" else part
    if isinstance(part, (bool, np.bool_)):
        return array_module(x).asarray(part)
    if isinstance(part, slice) and part.step is not None and part.step < 0:
        raise ValueError("a slice with a negative step is not a view in PyTorch; index with arange(n - 1, -1, -1)")
    if isinstance(part, (float, np.floating, str)):
        raise IndexError(f"indices are ints, slices, None, ..., lists or tensors of ints or bools; got {part!r}")
    return part


def axes_taken(part: Any) -> int:
    """How many axes of x a part of its index stands for."""
    if part is None or part is Ellipsis:
        return 0
    return int(part.ndim) if is_array(part) and part.dtype.kind == "b" else 1


def int_apart_from_arrays(parts: list[Any]) -> bool:
    """Whether a slice or None separates an int from arrays, as in x[0, :, i]. NumPy treats the 0 as an array and moves the
    axes of the arrays to the front; PyTorch means x[0][:, i].
    """
    kinds = "".join(["a" if is_array(p) else "s" if p is None or isinstance(p, slice) else "i" for p in parts])
    return "i" in kinds and "s" in kinds.strip("s")


def unravelled(parts: list[Any], x: Any) -> Any:
    """The same index as arrays, one for each axis of x. It is found by indexing the positions 0, 1, ... of x: first with the
    ints and slices, then with the arrays.
    """
    first: list[Any] = []
    then: list[Any] = []
    for part in parts:
        if is_array(part):
            first += [slice(None)] * axes_taken(part)
            then.append(part)
        else:
            first.append(part)
            if part is None or isinstance(part, slice):
                then.append(slice(None))
    places = array_module(x).arange(x.size).reshape(x.shape)[tuple(first)][tuple(then)]
    return array_module(x).unravel_index(places, x.shape)
