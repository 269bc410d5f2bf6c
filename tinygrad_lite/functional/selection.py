"""Selection by index: take, gather and select read numbers at given positions; put, scatter, index_* and masked_* write, add or
combine them there.

An index is checked before anything is computed, and is then one array of places in the flattened tensor (gather, scatter,
take, put), or a tuple as in x[index] (index_select, index_add, masked_*). ops/selection.py and ops/indexing.py compute.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import axis_of
from ..backend import array_module
from ..inplace import in_place, recorded
from ..operands import NUMBERS, as_array, as_tensor_like, explained, unsigned
from ..ops import choice, selection
from ..ops import indexing as indexing_ops
from ..ops.indexing import add_at, places_along
from ..ops.selection import at
from ..ops.shape import expand, reshape
from .indexing import index_of

# fmt: off
__all__ = [
    "gather", "scatter", "scatter_add", "scatter_reduce", "take", "take_along_dim", "put", "index_select", "index_add",
    "index_copy", "index_fill", "index_put", "index_reduce", "masked_fill", "masked_select", "masked_scatter", "select_scatter",
    "slice_scatter", "diagonal_scatter",
]
IN_PLACE = [
    "scatter", "scatter_add", "scatter_reduce", "put", "index_copy", "index_fill", "index_put", "index_reduce",
    "masked_scatter",
]
METHODS = ["index_add_", "masked_fill_"]
# fmt: on
EITHER_INT = ("int64", "int32")


# Checks. Each says what is wrong before anything is computed.


def _index(what: str, x: Tensor, index: Any, dtypes: tuple[str, ...] = EITHER_INT, kind: type[Exception] = RuntimeError) -> Any:
    """The array of an index. TypeError if it is no Tensor, `kind` if it has another dtype than these."""
    if not isinstance(index, Tensor):
        raise TypeError(f"{what}: the index must be a Tensor of {dtypes[0]}, got {type(index).__name__}; use tensor([...])")
    if index.array.dtype.name not in dtypes and (index.array.size or what != "gather"):
        raise kind(f"{what}: the index must be {' or '.join(dtypes)}, got {index.dtype}; cast it: index.long()")
    return array_module(x.array).asarray(index.array)


def _in_range(what: str, index: Any, n: int, kind: type[Exception], negative: bool = True) -> Any:
    """The index with negative positions counted from the end; `kind` if a position does not exist."""
    if not index.size:
        return index.astype(np.int64, copy=False)
    if index.dtype == np.int64 and index.view(np.uint64).max() < n:  # a negative one would be a huge number
        return index
    low, high = int(index.min()), int(index.max())
    if low < (-n if negative else 0) or high >= n:
        wrong = high if high >= n else low
        also = f" (negative ones from {-n})" if negative else "; negative positions are not counted from the end here"
        raise kind(f"{what}: position {wrong} is out of range for a size of {n}{also}")
    return index + n * (index < 0) if low < 0 else index.astype(np.int64, copy=False)


def _same_dtype(what: str, x: Tensor, source: Any) -> None:
    if not isinstance(source, Tensor):
        raise TypeError(f"{what}: the source must be a Tensor, got {type(source).__name__}; use tensor(...)")
    if source.array.dtype != x.array.dtype:
        raise RuntimeError(f"{what}: the tensor is {x.dtype} and the source {source.dtype}; cast one: source.to(x.dtype)")


def _places(what: str, x: Tensor, dim: int, index: Any, source: Tensor | None = None) -> Any:
    """Where in the flattened x a gather or a scatter along a dim reads or writes, in the shape of the index."""
    index, shape = _index(what, x, index), x.array.shape or (1,)
    axis = axis_of(dim, len(shape), what)
    if not index.size:
        return index.astype(np.int64)
    sizes = index.shape or (1,)
    if len(sizes) != len(shape):
        raise RuntimeError(f"{what}: the index of shape {list(sizes)} must have as many dimensions as {list(shape)}")
    if any([n > m for i, (n, m) in enumerate(zip(sizes, shape)) if i != axis]):
        raise RuntimeError(
            f"{what}: the index of shape {list(sizes)} is larger than {list(shape)} along another dim than {dim}"
        )
    if source is not None:
        given = source.array.shape or (1,)
        axis_of(dim, len(given), what)
        if len(given) != len(sizes):
            raise RuntimeError(f"{what}: the index of shape {list(sizes)} must have as many dimensions as src, {list(given)}")
        if any([n > m for n, m in zip(sizes, given)]):
            raise RuntimeError(f"{what}: the index of shape {list(sizes)} is larger than src, {list(given)}")
    return places_along(_in_range(what, index, shape[axis], RuntimeError, negative=False), axis, shape)


def _part(source: Tensor, places: Any) -> Tensor:
    """The beginning of a source along each axis, in the shape of the places: scatter uses no more of it."""
    if source.array.shape == places.shape:
        return source
    if not places.ndim or not source.array.ndim or not places.size:
        source = reshape(source, shape=(-1,))[: places.size]
        return reshape(source, shape=places.shape)
    return indexing_ops.getitem(source, index=tuple(map(slice, places.shape)), once=True)


# Along one dim, an index for each number


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """out[i, j] = x[index[i, j], j] for dim 0, x[i, index[i, j]] for dim 1, and so on: the index picks along one dim.
    Its shape is that of the result; along other dims it may be shorter than x. The gradient is never sparse here.
    >>> gather(tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tensor([[1], [0]]))
    tensor([[2.],
            [3.]])
    """
    return selection.pick(input, places=_places("gather", input, dim, index))


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """gather() with an index that broadcasts and may be negative, such as the one that argsort returns; without a dim, of the
    flattened tensor.
    >>> x = tensor([[3.0, 1.0, 2.0]])
    >>> take_along_dim(x, tensor([[2, 0, 1]]), 1)
    tensor([[2., 3., 1.]])
    """
    index = _index("take_along_dim", input, indices, ("int64",))
    flat = dim is None
    if dim is None:
        input, index, dim = reshape(input, shape=(-1,)), index.reshape(-1), 0
    x = input.array
    if x.ndim != index.ndim:
        raise RuntimeError(f"take_along_dim: the tensor has {x.ndim} dimensions and the indices {index.ndim}; they must agree")
    axis, n = axis_of(dim, x.ndim, "take_along_dim"), x.shape[dim] if x.ndim else 1
    try:
        rest = np.broadcast_shapes(*[tuple(1 if i == axis else k for i, k in enumerate(a.shape)) for a in (x, index)])
    except ValueError as error:
        raise explained("take_along_dim", error, x, index) from error
    input = expand(input, shape=(*rest[:axis], n, *rest[axis + 1 :])) if x.ndim else input
    index = np.broadcast_to(index, (*rest[:axis], index.shape[axis], *rest[axis + 1 :])) if x.ndim else index
    index = _in_range("take_along_dim", index, n, RuntimeError, negative=not flat)
    return selection.pick(input, places=places_along(index, axis, input.array.shape or (1,)))


def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """A copy of x with x[index[i, j], j] = src[i, j] for dim 0, and so on; `src` is a tensor, or a number for all places.
    If a place comes twice, the last number stays. With reduce="add" or "multiply", they are added or multiplied instead.
    >>> zeros(2, 3).scatter(1, tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if (src is None) == (value is None):
        raise TypeError("scatter: give src, a tensor, or value, a number")
    src = value if src is None else src
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"scatter: reduce is 'add' or 'multiply', got {reduce!r}; scatter_reduce has the others")
    if isinstance(src, Tensor):
        _same_dtype("scatter", input, src)
        places = _places("scatter", input, dim, index, src)
        src = _part(src, places)
    else:
        places = _places("scatter", input, dim, index)
        src = as_number("scatter", src, input)
    if reduce is None:
        return selection.replace(input, src, places=places)
    y = src if isinstance(src, Tensor) else Tensor._of(array_module(places).full(places.shape, src, input.dtype))
    return _combined("scatter", input, places, y, "sum" if reduce == "add" else "prod", True)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of x with src[i, j] added to x[index[i, j], j] for dim 0, and so on; a place may come repeatedly.
    >>> zeros(3).scatter_add(0, tensor([0, 0, 2]), tensor([1.0, 2.0, 3.0]))
    tensor([3., 0., 3.])
    """
    _same_dtype("scatter_add", input, src)
    places = _places("scatter_add", input, dim, index, src)
    return _combined("scatter_add", input, places, _part(src, places), "sum", True)


def scatter_reduce(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """Like scatter_add, with the sum, "prod", "mean", "amax" or "amin" of the numbers of a place; that of x is one of them
    unless `include_self` is false. Equal largest numbers share the gradient equally.
    >>> x = tensor([1.0, 5.0])
    >>> x.scatter_reduce(0, tensor([0, 0, 1]), tensor([2.0, 3.0, 4.0]), "amax")
    tensor([3., 5.])
    """
    _same_dtype("scatter_reduce", input, src)
    places = _places("scatter_reduce", input, dim, index, src)
    return _combined("scatter_reduce", input, places, _part(src, places), reduce, include_self)


def _combined(what: str, x: Tensor, places: Any, y: Tensor, reduce: str, include: bool) -> Tensor:
    """x with the numbers of y, at their places, summed, multiplied, averaged, or the largest or smallest chosen."""
    if not places.size:
        return x.clone()
    if reduce in ("amax", "max", "amin", "min"):
        return selection.extreme_at(x, y, places=places, largest="max" in reduce, include=include)
    if reduce == "prod":
        return selection.product_at(x, y, places=places, include=include)
    if reduce not in ("sum", "mean"):
        raise RuntimeError(f"{what}: reduce is 'sum', 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    if reduce == "mean" and x.array.dtype == np.bool_:
        raise NotImplementedError(f"{what}: bools have no mean; cast them first: x.float()")
    start = x if include else selection.replace(x, 0, places=places)
    if x.array.dtype == np.bool_:  # 1 + 1 is 1: any of them
        return Tensor._of(as_array(start.array | indexing_ops.added_at(y.array, places, x.array.shape)))
    total = selection.accumulate(start, y, places=places)
    if reduce == "sum":
        return total
    ones = array_module(places).ones(places.shape, x.dtype)
    n = indexing_ops.added_at(ones, places, x.array.shape) + (1 if include else 0)
    n = np.maximum(n, 1).astype(x.dtype)
    return total / n if x.array.dtype.kind == "f" else Tensor._of(as_array(total.array // n))


# In the flattened tensor


def take(input: Tensor, index: Tensor) -> Tensor:
    """x.flatten()[index], in the shape of the index; negative positions count from the end.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).take(tensor([0, -1]))
    tensor([1., 4.])
    """
    places = _index("take", input, index, ("int64",))
    if places.size and not input.array.size:
        raise IndexError("take: the tensor is empty; there is nothing to take")
    return selection.pick(input, places=_in_range("take", places, input.array.size, IndexError))


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of x with x.flatten()[index] = source; with accumulate, += instead, also where a position comes repeatedly.
    >>> zeros(2, 2).put(tensor([1, -1]), tensor([5.0, 6.0]))
    tensor([[0., 5.],
            [0., 6.]])
    """
    places = _index("put", input, index, ("int64",))
    _same_dtype("put", input, source)
    if source.array.size != places.size:
        raise IndexError(f"put: {places.size} positions and {source.array.size} numbers; their number must be the same")
    places = _in_range("put", places, input.array.size, IndexError)
    source = reshape(source, shape=places.shape)
    if accumulate:
        return _combined("put", input, places, source, "sum", True)
    return selection.replace(input, source, places=places)


# Whole slices along one dim


def _slices(
    what: str, x: Tensor, dim: int, index: Any, kind: type[Exception], negative: bool = False, dtypes: Any = EITHER_INT
) -> tuple[Tensor, int, Any]:
    """The tensor with at least one dim, the axis, and the index as a checked array of one dim."""
    index = _index(what, x, index, dtypes, IndexError if what == "index_fill" else RuntimeError)
    axis = axis_of(dim, x.array.ndim, what)
    if index.ndim > 1:
        raise (RuntimeError if what == "index_fill" else IndexError)(
            f"{what}: the index must have one dimension, not {index.ndim}"
        )
    x = x if x.array.ndim else reshape(x, shape=(1,))
    return x, axis, _in_range(what, index.reshape(-1), x.array.shape[axis], kind, negative)


def _source(what: str, x: Tensor, axis: int, index: Any, source: Any, kind: type[Exception]) -> Tensor:
    """The source of index_add, index_copy or index_reduce, checked: x with as many slices along the axis as the index has."""
    _same_dtype(what, x, source)
    given = source.array.shape or (1,)
    expected = (*x.array.shape[:axis], index.size, *x.array.shape[axis + 1 :])
    words = f"{what}: the source has shape {list(given)}, expected {list(expected)}, one slice for each position in the index"
    if len(given) != len(expected) or given[axis] != index.size:
        raise kind(words)
    if given != expected:
        raise RuntimeError(words)
    return source if source.array.ndim else reshape(source, shape=(1,))


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of x at some positions along a dim: x[:, index] for dim 1. A copy.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).index_select(1, tensor([1, 1]))
    tensor([[2., 2.],
            [4., 4.]])
    """
    x, axis, positions = _slices("index_select", input, dim, index, RuntimeError)
    if not input.array.ndim:
        if positions.size != 1:
            raise RuntimeError(f"index_select: a 0-d tensor has one number, and the index has {positions.size}")
        return indexing_ops.getitem(x, index=(0, ...), once=True).clone()
    return selection.select(x, index=positions, axis=axis)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """A copy of x with x[index[i]] += alpha * source[i] for dim 0, and so on; a position may come repeatedly.
    >>> zeros(2, 2).index_add(0, tensor([1, 1]), ones(2, 2))
    tensor([[0., 0.],
            [2., 2.]])
    """
    x, axis, positions = _slices("index_add", input, dim, index, RuntimeError)
    source = _scaled(_source("index_add", x, axis, positions, source, RuntimeError), alpha)
    out = selection.added(x, source, index=at(axis, positions))
    return out if input.array.ndim else reshape(out, shape=())


def _scaled(source: Tensor, alpha: Any) -> Tensor:
    if alpha == 1:
        return source
    if source.array.dtype.kind == "f":
        return source * alpha  # type: ignore[no-any-return]
    return Tensor._of(as_array(source.array * np.asarray(alpha).astype(source.dtype)))


def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """index_add(), in the memory of x."""
    simple = self.array.ndim and self.array.flags.c_contiguous and not recorded(self, source)
    if not simple or not isinstance(source, Tensor) or np.may_share_memory(self.array, source.array):
        return in_place("index_add", self, (index, source), partial(_added, dim=dim, alpha=alpha))
    x, axis, positions = _slices("index_add", self, dim, index, RuntimeError)
    source = _scaled(_source("index_add", x, axis, positions, source, RuntimeError), alpha)
    add = partial(selection.added, index=at(axis, positions))
    return in_place("index_add", self, (source,), add, lambda x, y: add_at(x, at(axis, positions), y))


def _added(x: Tensor, index: Tensor, source: Tensor, *, dim: int, alpha: Any) -> Tensor:
    return index_add(x, dim, index, source, alpha=alpha)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of x with x[index[i]] = source[i] for dim 0, and so on.
    >>> zeros(2, 2).index_copy(0, tensor([1]), ones(1, 2))
    tensor([[0., 0.],
            [1., 1.]])
    """
    x, axis, positions = _slices("index_copy", input, dim, index, IndexError, dtypes=("int64",))
    if isinstance(source, Tensor) and not source.array.ndim and positions.size == 1 and x.array.size == x.array.shape[axis]:
        source = reshape(source, shape=(1,) * x.array.ndim)
    out = indexing_ops.setitem(x, _source("index_copy", x, axis, positions, source, IndexError), index=at(axis, positions))
    return out if input.array.ndim else reshape(out, shape=())


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy of x with x[index] = value for dim 0, and so on; the value is a number or a 0-d tensor.
    >>> zeros(2, 2).index_fill(1, tensor([-1]), 5.0)
    tensor([[0., 5.],
            [0., 5.]])
    """
    x, axis, positions = _slices("index_fill", input, dim, index, IndexError, negative=True, dtypes=("int64",))
    positions = np.unique(positions) if isinstance(value, Tensor) else positions  # so that its gradient counts each place once
    out = indexing_ops.setitem(x, as_number("index_fill", value, x), index=at(axis, positions))
    return out if input.array.ndim else reshape(out, shape=())


def index_reduce(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """Like index_add, with the "prod", "mean", "amax" or "amin" of the slices of a position; that of x is one of them unless
    `include_self` is false.
    >>> ones(2).index_reduce(0, tensor([0, 0]), tensor([2.0, 3.0]), "prod")
    tensor([6., 1.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce: reduce is 'prod', 'mean', 'amax' or 'amin', got {reduce!r}; index_add sums")
    x, axis, positions = _slices("index_reduce", input, dim, index, IndexError)
    source = _source("index_reduce", x, axis, positions, source, RuntimeError)
    along = positions.reshape((-1,) + (1,) * (x.array.ndim - axis - 1))
    places = places_along(np.broadcast_to(along, source.array.shape), axis, x.array.shape)
    out = _combined("index_reduce", x, places, source, reduce, include_self)
    return out if input.array.ndim else reshape(out, shape=())


# x[index] and masks


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of x with x[indices] = values; with accumulate, += instead, also where a position comes repeatedly. `indices` is
    a tuple or list of integer or bool tensors.
    >>> zeros(3).index_put((tensor([0, 0]),), tensor([1.0, 2.0]), accumulate=True)
    tensor([3., 0., 0.])
    """
    if not isinstance(indices, (tuple, list)) or not all(isinstance(part, Tensor) for part in indices):
        raise TypeError("index_put: the indices must be a tuple of Tensors, one for each dim that is indexed")
    _same_dtype("index_put", input, values)
    index, basic = index_of(tuple(indices), input.array)
    if not accumulate:
        return indexing_ops.setitem(input, values, index=index)
    if basic:  # numbers only: one place
        shape = input.array[index].shape
        places = array_module(input.array).arange(input.array.size).reshape(input.array.shape)[index]
        return _combined("index_put", input, places, expand(values, shape=shape), "sum", True)
    try:
        values = expand(values, shape=input.array[index].shape)
    except (ValueError, IndexError) as error:
        raise explained("index_put", error, input.array, values.array) from error
    return selection.added(input, values, index=index)


def as_number(what: str, value: Any, x: Tensor) -> Any:
    """A value to write into x: a number that fits its dtype, or a 0-d Tensor in its dtype. RuntimeError for any other."""
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise RuntimeError(f"{what}: the value must be a number or a 0-d tensor, got one of shape {list(value.shape)}")
        return value.to(x.dtype)
    if isinstance(value, complex):
        raise RuntimeError(f"{what}: the value {value} is complex and does not fit into {x.dtype}")
    if type(value) not in NUMBERS:
        value = as_tensor_like(value, x).item()
    kind = x.array.dtype.kind
    if kind == "f":
        if np.isfinite(value) and abs(value) > np.finfo(x.array.dtype).max:
            raise RuntimeError(f"{what}: the value {value} does not fit into {x.dtype}")
        return float(value)
    if kind == "b":
        return bool(value)
    value, bounds = unsigned(int(value), x.array.dtype), np.iinfo(x.array.dtype)
    if not bounds.min <= value <= bounds.max:
        raise RuntimeError(f"{what}: the value {value} does not fit into {x.dtype}")
    return value


def _mask(what: str, x: Tensor, mask: Any) -> tuple[Tensor, Any]:
    """The tensor and the mask in their common shape."""
    if not isinstance(mask, Tensor):
        raise TypeError(f"{what}: the mask must be a bool Tensor, got {type(mask).__name__}")
    if mask.array.dtype != np.bool_:
        raise RuntimeError(f"{what}: the mask must be a bool Tensor, got {mask.dtype}; compare first: mask != 0")
    chosen = array_module(x.array).asarray(mask.array)
    if chosen.shape == x.array.shape:
        return x, chosen
    try:
        shape = np.broadcast_shapes(x.array.shape, chosen.shape)
    except ValueError as error:
        raise explained(what, error, x.array, chosen) from error
    return (x if x.array.shape == shape else expand(x, shape=shape)), np.broadcast_to(chosen, shape)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """x with the value, a number or a 0-d tensor, where the mask is true. Both broadcast; the dtype is that of x.
    >>> tensor([1.0, 2.0]).masked_fill(tensor([True, False]), -1.0)
    tensor([-1.,  2.])
    """
    x, kept = _mask("masked_fill", input, mask)
    return choice.where(Tensor._of(kept), _filling(value, x), x)


def _filling(value: Any, x: Tensor) -> Tensor:
    value = as_number("masked_fill", value, x)
    return value if isinstance(value, Tensor) else Tensor._of(array_module(x.array).asarray(value, dtype=x.dtype))


def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """masked_fill(), in the memory of x."""
    x, kept = _mask("masked_fill", self, mask)
    if recorded(self, value) or x is not self or np.may_share_memory(x.array, kept):
        return in_place("masked_fill", self, (mask, value), masked_fill)

    def write(x: Any, kept: Any, value: Any) -> None:
        array_module(x).copyto(x, value, where=kept)

    return in_place("masked_fill", self, (Tensor._of(kept), _filling(value, x)), masked_fill, write)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The numbers of x where the mask is true, in one dimension. Both broadcast.
    >>> tensor([1.0, 2.0, 3.0]).masked_select(tensor([True, False, True]))
    tensor([1., 3.])
    """
    x, kept = _mask("masked_select", input, mask)
    if not kept.ndim:
        return reshape(indexing_ops.getitem(x, index=(kept,), once=True), shape=(-1,))
    return indexing_ops.getitem(x, index=(kept,), once=True)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy of x with the first numbers of the source, in their order, where the mask is true.
    >>> zeros(3).masked_scatter(tensor([True, False, True]), tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 2.])
    """
    x, kept = _mask("masked_scatter", input, mask)
    _same_dtype("masked_scatter", x, source)
    n = int(kept.sum())
    if source.array.size < n:
        raise RuntimeError(f"masked_scatter: the mask has {n} true places and the source only {source.array.size} numbers")
    first = indexing_ops.getitem(reshape(source, shape=(-1,)), index=(slice(n),), once=True)
    return indexing_ops.setitem(x, first, index=(kept,))


# The inverse of a view: x with other numbers in the part that the view shows


def _embedded(what: str, x: Tensor, src: Tensor, index: Any) -> Tensor:
    if not isinstance(src, Tensor):
        raise TypeError(f"{what}: src must be a Tensor, got {type(src).__name__}")
    expected = x.array[index].shape
    if src.array.shape != expected:
        raise RuntimeError(f"{what}: src has shape {list(src.shape)}, and the part of x that it replaces {list(expected)}")
    return indexing_ops.setitem(x, src.to(x.dtype), index=index)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of x with x[index] = src for dim 0, and so on.
    >>> zeros(2, 2).select_scatter(ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    axis = axis_of(dim, input.array.ndim, "select_scatter")
    n = input.array.shape[axis]
    if not -n <= index < n:
        raise IndexError(f"select_scatter: index {index} is out of range for dim {dim} of size {n}")
    return _embedded("select_scatter", input, src, (*at(axis, int(index)), ...))


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of x with x[start:end:step] = src for dim 0, and so on.
    >>> zeros(3).slice_scatter(ones(1), 0, 1, 2)
    tensor([0., 1., 0.])
    """
    if step < 1:
        raise RuntimeError(f"slice_scatter: the step must be positive, got {step}")
    axis = axis_of(dim, input.array.ndim, "slice_scatter")
    return _embedded("slice_scatter", input, src, at(axis, slice(start, end, step)))


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of x with src on a diagonal of its matrices; the diagonal is the last dim of src.
    >>> zeros(2, 2).diagonal_scatter(ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    ndim = input.array.ndim
    a, b = axis_of(dim1, ndim, "diagonal_scatter"), axis_of(dim2, ndim, "diagonal_scatter")
    if a == b:
        raise RuntimeError(f"diagonal_scatter: dim1 and dim2 are the same, {dim1}; a diagonal needs two")
    x = input.array
    places = np.diagonal(array_module(x).arange(x.size).reshape(x.shape), offset, a, b)
    if src.array.shape != places.shape:
        raise RuntimeError(f"diagonal_scatter: src has shape {list(src.shape)}, and the diagonal {list(places.shape)}")
    return selection.replace(input, src.to(input.dtype), places=places)
