"""Sorting: sort, topk, median, mode, quantile and their kin.

Each finds an index without gradient, then gathers with it: gather has the derivative. Equal numbers stay in their order, in
ascending and in descending order (a stable sort), and nan is larger than every number, as in PyTorch. PyTorch's choice among
equal numbers is not specified in topk, kthvalue, median and mode; here topk, kthvalue and median take the first ones, mode the
last one.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..axes import axis_of, numpy_names
from ..backend import Array, array_module
from ..grad_mode import mode as grad_mode
from ..ops import choice, indexing, selection
from ..ops import shape as shapes
from ..printing import as_result_of

__all__ = ["sort", "argsort", "msort", "topk", "kthvalue", "median", "nanmedian", "mode", "quantile", "nanquantile"]


class Ranked(NamedTuple):
    """What sort, topk, kthvalue, median, nanmedian and mode return: values, and their positions along the dim."""

    values: Tensor
    indices: Tensor


# One class for each function, so that it prints under that name.
RETURNS: dict[str, type[Ranked]] = {
    name: as_result_of(name)(type(name, (Ranked,), {"__slots__": (), "__module__": __name__}))
    for name in ("sort", "topk", "kthvalue", "median", "nanmedian", "mode")
}


# Which number comes where: arrays, along the last axis


def order(x: Array, descending: bool = False) -> Array:
    """The positions of the numbers along the last axis in sorted order: a stable argsort, with nan as the largest.
    NumPy's stable argsort takes 81 ms for a million float32 numbers, its unstable one 13 ms, but np.sort of int64 only 2.5 ms.
    So a key of at most 32 bits and the position are packed into an int64, and that is sorted: 5 ms. (PyTorch: 72 ms.)
    """
    n = x.shape[-1] if x.ndim else 1
    if x.size < 500 or not isinstance(x, np.ndarray):
        if not descending:
            return np.argsort(x, -1, kind="stable")
        return n - 1 - np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1]
    key = key_of(x)
    if descending:
        key = ~key
    if key.dtype.itemsize <= 2:  # NumPy has a radix sort for these
        return np.argsort(key, -1, kind="stable")
    if key.dtype.itemsize == 8:
        low, high = int(key.min()), int(key.max())
        if high - low >= 1 << 31:
            return argsort_of_wide(key)
        key = key - low
    packed = key.astype(np.int64)
    packed <<= 32
    packed |= np.arange(n)
    packed.sort(-1)
    packed &= 0xFFFFFFFF
    return packed


def key_of(x: Array) -> Array:
    """Integers in the order of the numbers: those of a float are its bits, with all but the sign flipped if it is negative."""
    if x.dtype.kind != "f":
        return x
    x = x.astype(np.float32) if x.dtype == np.float16 else x
    bits = f"i{x.dtype.itemsize}"
    key = (x + 0).view(bits)  # -0 + 0 is 0: both zeros are equal
    key ^= (key >> (8 * x.dtype.itemsize - 1)) & np.iinfo(bits).max
    missing = x != x
    if missing.any():
        key[missing] = np.iinfo(bits).max
    return key


def argsort_of_wide(key: Array) -> Array:
    """A stable argsort of int64 by the unstable one, which is six times as fast. Where equal keys follow each other, their
    positions are sorted, by another sort of (number of the run, position)."""
    index = np.argsort(key, -1)
    key = np.take_along_axis(key, index, -1)
    new = key[..., 1:] != key[..., :-1]
    if not new.all():
        index[..., 1:] |= np.cumsum(new, -1) << 32
        index.sort(-1)
        index &= 0xFFFFFFFF
    return index


def contiguous(x: Array) -> Array:
    """x, or a copy if it does not lie row by row in memory. (np.ascontiguousarray would refuse arrays of the GPU.)"""
    return x if x.flags.c_contiguous else x.copy()


def lead(what: str, x: Tensor, dim: Any) -> tuple[int, Array]:
    """The axis, and the array with that axis last; a 0-d one gets an axis."""
    axis = axis_of(dim, x.array.ndim, what)
    array = x.array.reshape(1) if not x.array.ndim else x.array
    return axis, (contiguous(np.moveaxis(array, axis, -1)) if axis < array.ndim - 1 else array)


def picked(what: str, x: Tensor, axis: int, index: Array, keepdim: bool = True) -> Any:
    """(values, indices) of x for an index whose last axis stands for `axis`; without keepdim it has one number there."""
    if not x.array.ndim:
        out = selection.pick(x, places=index[:1].reshape(()))
        return RETURNS[what](out, Tensor._of(index[:1].reshape(())))
    index = contiguous(np.moveaxis(index, -1, axis) if axis < x.array.ndim - 1 else index)
    values = indexing.gather(x, index=index, axis=axis)
    if not keepdim:
        shape = (*index.shape[:axis], *index.shape[axis + 1 :])
        values, index = shapes.reshape(values, shape=shape), index.reshape(shape)
    return RETURNS[what](values, Tensor._of(index))


# Whole tensors in order


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = False) -> Ranked:
    """(values, indices): x in ascending or descending order along a dim, and where the numbers were. nan is the largest. The
    sort is always stable: equal numbers stay in their order.
    >>> values, indices = tensor([3.0, 1.0, 2.0]).sort()
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    axis, x = lead("sort", input, dim)
    return picked("sort", input, axis, order(x, descending))  # type: ignore[no-any-return]


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = False) -> Tensor:
    """The indices of sort(): where the smallest number along a dim is, the next, and so on.
    >>> tensor([3.0, 1.0, 2.0]).argsort()
    tensor([1, 2, 0])
    """
    axis, x = lead("argsort", input, dim)
    index = order(x, descending)
    return Tensor._of(contiguous(np.moveaxis(index, -1, axis)) if input.array.ndim else index.reshape(()))


def msort(input: Tensor) -> Tensor:
    """x in ascending order along the first dim: x.sort(0).values.
    >>> tensor([[2.0, 1.0], [1.0, 3.0]]).msort()
    tensor([[1., 1.],
            [2., 3.]])
    """
    return sorted_values(input, 0)


def sorted_values(x: Tensor, dim: int) -> Tensor:
    """The values of sort(x, dim). Without a gradient no index is needed, and the sort is ten times as fast."""
    if (x.requires_grad and grad_mode.enabled) or not x.array.ndim:
        return sort(x, dim).values
    return Tensor._of(np.sort(x.array, dim))


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Ranked:
    """(values, indices) of the k largest x along a dim, the largest first; or of the k smallest. They are always in order,
    sorted or not.
    >>> tensor([3.0, 1.0, 2.0]).topk(2).values
    tensor([3., 2.])
    """
    axis, x = lead("topk", input, dim)
    n = x.shape[-1]
    if input.array.dtype == np.bool_:
        raise RuntimeError("topk: bools have only two values; cast them first: x.int()")
    if not 0 <= k <= n:
        raise RuntimeError(f"topk: k is {k}, and there are {n} numbers along dim {dim} of shape {list(input.shape)}")
    if not input.array.ndim:
        return picked("topk", input, axis, array_module(x).zeros(1, np.int64))  # type: ignore[no-any-return]
    if n < 64 or k > n // 8 or not x.size:
        return picked("topk", input, axis, order(x, largest)[..., :k])  # type: ignore[no-any-return]
    if k == 0:
        return picked("topk", input, axis, array_module(x).zeros((*x.shape[:-1], 0), np.int64))  # type: ignore[no-any-return]
    near = np.argpartition(x, n - k if largest else k - 1, -1)  # finds the k in a fraction of the time of a sort
    near = np.sort(near[..., n - k :] if largest else near[..., :k], -1)
    index = np.take_along_axis(near, order(np.take_along_axis(x, near, -1), largest), -1)
    return picked("topk", input, axis, index)  # type: ignore[no-any-return]


# One number of each row


def _rows(what: str, input: Tensor, dim: Any) -> tuple[int, Array]:
    axis, x = lead(what, input, dim)
    if not x.shape[-1]:
        raise IndexError(f"{what}: dim {dim} of shape {list(input.shape)} has no numbers")
    return axis, x


def _no_bools(what: str, x: Tensor) -> None:
    if x.array.dtype == np.bool_:
        raise NotImplementedError(f"{what}: bools have only two values; cast them first: x.int()")


@numpy_names
def kthvalue(
    input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, axis: int | None = None, keepdims: bool = False
) -> Ranked:
    """(values, indices) of the k-th smallest x along a dim, counted from 1.
    >>> tensor([3.0, 1.0, 2.0]).kthvalue(2).values
    tensor(2.)
    """
    place, x = lead("kthvalue", input, dim)
    _no_bools("kthvalue", input)
    if not x.shape[-1]:
        raise IndexError(f"kthvalue: there are no numbers along dim {dim}")
    if not 1 <= k <= x.shape[-1]:
        raise RuntimeError(f"kthvalue: k is {k}, and there are {x.shape[-1]} numbers along dim {dim}; it counts from 1")
    return picked("kthvalue", input, place, order(x)[..., k - 1 : k], keepdim)  # type: ignore[no-any-return]


@numpy_names
def median(
    input: Tensor, dim: int | None = None, keepdim: bool | None = None, *, axis: int | None = None, keepdims: bool = False
) -> Any:
    """The number in the middle; of an even number of them, the lower one of the two. nan if one is nan. With a dim: (values,
    indices) along it. Without one, equal numbers share the gradient.
    >>> tensor([4.0, 1.0, 3.0, 2.0]).median()
    tensor(2.)
    """
    return _middle("median", input, dim, keepdim)


@numpy_names
def nanmedian(
    input: Tensor, dim: int | None = None, keepdim: bool | None = None, *, axis: int | None = None, keepdims: bool = False
) -> Any:
    """The median of the numbers that are not nan; nan if all are. See median.
    >>> tensor([4.0, float("nan"), 3.0]).nanmedian()
    tensor(3.)
    """
    return _middle("nanmedian", input, dim, keepdim)


def _middle(what: str, input: Tensor, dim: int | None, keepdim: bool | None) -> Any:
    _no_bools(what, input)
    if dim is None:
        if keepdim is not None:
            raise TypeError(f"{what}: keepdim needs a dim")
        return _middle_of_all(what, input)
    axis, x = _rows(what, input, dim)
    n = x.shape[-1]
    index = order(x)
    missing = (x != x).sum(-1, keepdims=True) if x.dtype.kind == "f" else 0
    if not np.any(missing):
        index = index[..., (n - 1) // 2 : (n + 1) // 2]
    else:  # the nans are behind, the first one at n - missing
        present = n - missing
        middle = np.maximum((present - 1) // 2, 0)
        middle = middle if what == "nanmedian" else np.where(missing > 0, present, middle)
        index = np.take_along_axis(index, middle, -1)
    return picked(what, input, axis, index, bool(keepdim))


def _middle_of_all(what: str, input: Tensor) -> Tensor:
    x, n = input.array, input.array.size
    if not n:
        empty = nan if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        return Tensor._of(array_module(x).full((), empty, x.dtype)) + input.sum().to(input.dtype)
    missing = int((x != x).sum()) if x.dtype.kind == "f" else 0
    rank = (n - 1) // 2 if not missing else (n - missing - 1) // 2 if what == "nanmedian" and missing < n else n - 1
    return selection.ranked(input, rank=rank)


@numpy_names
def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, axis: int | None = None, keepdims: bool = False) -> Ranked:
    """(values, indices) of the most frequent number along a dim; of several such numbers, the smallest.
    >>> tensor([2.0, 1.0, 3.0, 2.0]).mode().values
    tensor(2.)
    """
    place, x = _rows("mode", input, dim)
    index = order(x)
    numbers = np.take_along_axis(x, index, -1)
    new = array_module(x).ones(x.shape, bool)  # where a run of equal numbers begins
    new[..., 1:] = numbers[..., 1:] != numbers[..., :-1]
    begin = np.flatnonzero(new)
    end = np.concatenate([begin[1:], begin[:1] + x.size])
    length = array_module(x).zeros(x.size, np.int64)  # at the end of each run
    length[end - 1] = end - begin
    length = length.reshape(x.shape)
    index = np.take_along_axis(index, np.argmax(length, -1)[..., None], -1)  # the first of the longest runs
    return picked("mode", input, place, index, keepdim)  # type: ignore[no-any-return]


# Quantiles

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@numpy_names
def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    axis: int | None = None,
    keepdims: bool = False,
) -> Tensor:
    """The number below which a part q of all x lies, along a dim or of all: q = 0.5 is the middle. Between two numbers it is
    interpolated: "linear", "lower", "higher", "midpoint" or "nearest". A vector q adds a dim in front. nan if an x is nan.
    >>> tensor([1.0, 2.0, 3.0, 4.0]).quantile(0.5)
    tensor(2.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@numpy_names
def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    axis: int | None = None,
    keepdims: bool = False,
) -> Tensor:
    """The quantile of the numbers that are not nan; nan if all are. See quantile.
    >>> tensor([1.0, float("nan"), 3.0]).nanquantile(0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(what: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Tensor:
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"{what}: interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}")
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(f"{what}: needs float32 or float64, got {input.dtype}; cast it: x.float()")
    q = _checked_q(what, input, q)
    ndim = input.array.ndim
    axis = None if dim is None else axis_of(dim, ndim, what)
    if not input.array.size:
        raise RuntimeError(f"{what}: the tensor of shape {list(input.shape)} is empty")
    kept = list(input.shape) if axis is not None else [1] * ndim
    if ndim and axis is not None:
        kept[axis] = 1
    rows = (
        shapes.reshape(input, shape=(-1,))
        if axis is None or not ndim
        else shapes.permute(input, axes=(*[i for i in range(ndim) if i != axis], axis))
    )
    flat = shapes.reshape(q, shape=(-1,))
    out = _between_ranks(what, sorted_values(rows, -1), flat, interpolation)  # the last axis is that of q
    out = shapes.permute(out, axes=(out.array.ndim - 1, *range(out.array.ndim - 1)))
    without = [n for i, n in enumerate(input.shape) if i != axis] if axis is not None and ndim else []
    return shapes.reshape(out, shape=(*q.shape, *(kept if keepdim else without)))


def _checked_q(what: str, input: Tensor, q: Any) -> Tensor:
    """q as a Tensor of no or one dim, between 0 and 1."""
    if not isinstance(q, Tensor):
        if isinstance(q, bool) or not isinstance(q, (int, float, np.generic)):
            raise TypeError(f"{what}: q must be a number or a Tensor, got {type(q).__name__}; use tensor([0.25, 0.75])")
        q = Tensor._of(array_module(input.array).asarray(q, dtype=input.dtype))
    checked: Tensor = q
    if q.array.ndim > 1:
        raise RuntimeError(f"{what}: q must have no or one dimension, got shape {list(q.shape)}")
    if q.array.dtype != input.array.dtype:
        raise RuntimeError(f"{what}: q is {q.dtype} and the tensor {input.dtype}; cast one: q.to(x.dtype)")
    if not ((q.array >= 0) & (q.array <= 1)).all():
        raise RuntimeError(f"{what}: q must lie between 0 and 1")
    return checked


def _between_ranks(what: str, x: Tensor, q: Tensor, interpolation: str) -> Tensor:
    """The numbers at the ranks q * (n - 1) of sorted rows; between two of them if a rank is no integer."""
    n = x.array.shape[-1]
    missing = (x.array != x.array).sum(-1, keepdims=True)
    if what == "nanquantile":
        ranks = q * Tensor._of((n - 1 - missing).astype(x.dtype))
        ranks = choice.where(Tensor._of(ranks.array < 0), 0.0, ranks)
    else:
        ranks = choice.where(Tensor._of(missing > 0), float(n - 1), q * float(n - 1))
    place = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}.get(interpolation, np.floor)(ranks.array)
    axis = x.array.ndim - 1
    below = indexing.gather(x, index=place.astype(np.int64), axis=axis)
    if interpolation not in ("linear", "midpoint"):
        return below
    above = indexing.gather(x, index=np.ceil(ranks.array).astype(np.int64), axis=axis)
    weight = ranks - Tensor._of(place) if interpolation == "linear" else Tensor._of(np.full_like(place, 0.5))
    step = above - below
    return choice.where(Tensor._of(weight.array < 0.5), below + weight * step, above - step * (1 - weight))
