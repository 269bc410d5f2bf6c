"""Joining and repeating: several tensors as one, and one tensor several times, mostly composed of cat, expand and indexing.

Unlike the results of views.py, those of flip, roll, tile and repeat have memory of their own, as in PyTorch.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from operator import index as as_int
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import Dim, axes_of, axis_of, size_of, sizes_by_name
from ..backend import array_module
from ..operands import all_tensors, same_dtype
from ..ops import arrangement, indexing
from ..ops import shape as shapes
from .shape import cat, expand, flatten, reshape, stack, transpose, unsqueeze

# fmt: off
__all__ = [
    "concat", "concatenate", "hstack", "vstack", "row_stack", "dstack", "column_stack", "atleast_1d", "atleast_2d",
    "atleast_3d", "block_diag", "meshgrid", "cartesian_prod", "combinations", "flip", "fliplr", "flipud", "roll", "rot90",
    "tile", "repeat_interleave",
]
# fmt: on
METHODS = ["repeat"]
Tensors = Sequence[Tensor]


def concat(tensors: Tensors, dim: int = 0) -> Tensor:
    """As cat()."""
    return cat(tensors, dim)


def concatenate(tensors: Tensors, dim: int = 0) -> Tensor:
    """As cat()."""
    return cat(tensors, dim)


def hstack(tensors: Tensors) -> Tensor:
    """Side by side: joined along axis 1, or along axis 0 if they are 1-D.
    >>> hstack((tensor([1, 2]), tensor([3])))
    tensor([1, 2, 3])
    """
    xs = _given("hstack", tensors)
    xs = [unsqueeze(x, 0) if not x.array.ndim else x for x in xs]
    return cat(xs, 0 if xs[0].array.ndim == 1 else 1)


def vstack(tensors: Tensors) -> Tensor:
    """One above the other: joined along axis 0; a 1-D tensor is a row.
    >>> vstack((tensor([1, 2]), tensor([3, 4])))
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([_atleast_2d(x) for x in _given("vstack", tensors)], 0)


def row_stack(tensors: Tensors) -> Tensor:
    """As vstack()."""
    return vstack(tensors)


def dstack(tensors: Tensors) -> Tensor:
    """In depth: joined along axis 2, a matrix being one layer.
    >>> dstack((tensor([1, 2]), tensor([3, 4])))
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat([_atleast_3d(x) for x in _given("dstack", tensors)], 2)


def column_stack(tensors: Tensors) -> Tensor:
    """Side by side: joined along axis 1; a 1-D tensor is a column.
    >>> column_stack((tensor([1, 2]), tensor([3, 4])))
    tensor([[1, 3],
            [2, 4]])
    """
    xs = _given("column_stack", tensors)
    return cat([reshape(x, (-1 if x.array.size else 0, 1)) if x.array.ndim < 2 else x for x in xs], 1)


def _given(what: str, tensors: Tensors) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{what}: expected a list or tuple of Tensors, got one Tensor")
    if not len(tensors):
        raise RuntimeError(f"{what}: expected at least one Tensor")
    all_tensors(what, tensors)
    return list(tensors)


def atleast_1d(*tensors: Any) -> Any:
    """The tensors with at least one axis: a 0-d tensor gets one. One tensor gives a tensor, several a tuple."""
    return _each("atleast_1d", tensors, lambda x: x if x.array.ndim else unsqueeze(x, 0))


def atleast_2d(*tensors: Any) -> Any:
    """The tensors with at least two axes: a 1-D tensor becomes a row. One tensor gives a tensor, several a tuple."""
    return _each("atleast_2d", tensors, _atleast_2d)


def atleast_3d(*tensors: Any) -> Any:
    """The tensors with at least three axes: a matrix becomes one layer, shape (2, 3) is (2, 3, 1). One tensor gives a tensor,
    several a tuple.
    """
    return _each("atleast_3d", tensors, _atleast_3d)


def _each(what: str, tensors: tuple[Any, ...], function: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    all_tensors(what, xs)
    return tuple([function(x) for x in xs])


def _atleast_2d(x: Tensor) -> Tensor:
    return x if x.array.ndim > 1 else reshape(x, (1, x.array.size))


def _atleast_3d(x: Tensor) -> Tensor:
    return x if x.array.ndim > 2 else unsqueeze(_atleast_2d(x), 2)


def block_diag(*tensors: Any) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere; a 1-D tensor is a row, a 0-d tensor 1 by 1.
    >>> block_diag(tensor([[1, 2]]), tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    all_tensors("block_diag", tensors)
    if any(x.array.ndim > 2 for x in tensors):
        raise RuntimeError("block_diag: expected tensors of at most two dimensions")
    xs = same_dtype(*[_atleast_2d(x) for x in tensors]) if tensors else [reshape(Tensor([]), (1, 0))]
    width, at, rows = sum([x.array.shape[1] for x in xs]), 0, []
    for x in xs:
        rows.append(shapes.pad(x, axis=1, start=at, size=width))
        at += x.array.shape[1]
    return cat(rows)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of all points of a grid, from those along each axis. indexing="ij": the first tensor varies along axis 0;
    "xy": along axis 1, as in plots. Without `indexing` it is "ij", with a warning as in PyTorch. Views.
    >>> meshgrid(tensor([1, 2]), tensor([3, 4]), indexing="xy")
    (tensor([[1, 2],
            [1, 2]]), tensor([[3, 3],
            [4, 4]]))
    """
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    all_tensors("meshgrid", xs)
    if indexing is None:
        words = "meshgrid: in an upcoming release of PyTorch indexing must be given"
        warnings.warn(f"{words}; write indexing='ij' for what it is without, or indexing='xy'", UserWarning, stacklevel=2)
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be 'ij' or 'xy', got {indexing!r}")
    if not xs or any(x.array.ndim > 1 for x in xs):
        raise RuntimeError(
            f"meshgrid: expected at least one tensor, all 0-d or 1-D, got {[x.array.ndim for x in xs]} dimensions"
        )
    if len({x.dtype for x in xs}) > 1:
        raise RuntimeError(f"meshgrid: expected tensors of one dtype, got {', '.join(str(x.dtype) for x in xs)}")
    swap = indexing == "xy" and len(xs) > 1
    order = [xs[1], xs[0], *xs[2:]] if swap else xs
    sizes = tuple([x.array.size for x in order])
    grids = [expand(reshape(x, (1,) * i + (x.array.size,) + (1,) * (len(xs) - i - 1)), sizes) for i, x in enumerate(order)]
    return (grids[1], grids[0], *grids[2:]) if swap else tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one number of each 1-D tensor, as rows; of one tensor, the tensor itself.
    >>> cartesian_prod(tensor([1, 2]), tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    all_tensors("cartesian_prod", tensors)
    if not tensors or any(x.array.ndim != 1 for x in tensors):
        raise RuntimeError("cartesian_prod: expected at least one tensor, all 1-D")
    if len(tensors) == 1:
        return tensors[0]  # type: ignore[no-any-return]
    return stack([flatten(grid) for grid in meshgrid(*tensors, indexing="ij")], 1)


def combinations(tensor: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to choose r numbers of a 1-D tensor, as rows, in the order of itertools.combinations.
    >>> combinations(tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if tensor.array.ndim != 1:
        raise RuntimeError(f"combinations: expected a 1-D tensor, got {tensor.array.ndim} dimensions")
    if r < 0:
        raise RuntimeError(f"combinations: r must not be negative, got {r}")
    if r == 0:
        return shapes.clone(tensor[:0])
    n = int(tensor.array.size)
    if r == 2:
        chosen = np.stack(np.triu_indices(n, 0 if with_replacement else 1), 1)
    else:
        choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
        chosen = np.fromiter(itertools.chain.from_iterable(choose(range(n), r)), np.int64).reshape(-1, r)
    return indexing.getitem(tensor, index=(array_module(tensor.array).asarray(chosen),), once=False)


# Turned and moved: copies


@sizes_by_name
def flip(input: Tensor, *dims: Any) -> Tensor:
    """The order along the axes reversed. A copy.
    >>> tensor([[1, 2], [3, 4]]).flip(0, 1)
    tensor([[4, 3],
            [2, 1]])
    """
    given = size_of(dims)
    axes = axes_of(given, input.array.ndim, "flip") if given else ()
    return arrangement.flip(input, axes=axes)


def fliplr(input: Tensor) -> Tensor:
    """Left and right exchanged: axis 1 in reverse order. A copy."""
    if input.array.ndim < 2:
        raise RuntimeError(f"fliplr: expected a tensor of two dimensions or more, got {input.array.ndim}")
    return arrangement.flip(input, axes=(1,))


def flipud(input: Tensor) -> Tensor:
    """Up and down exchanged: axis 0 in reverse order. A copy."""
    if input.array.ndim < 1:
        raise RuntimeError("flipud: expected a tensor of one dimension or more")
    return arrangement.flip(input, axes=(0,))


def roll(input: Tensor, shifts: int | Sequence[int], dims: Dim = None) -> Tensor:
    """The numbers moved along the axes by `shifts`; what leaves at one end comes in at the other. Without dims, the tensor is
    rolled as if it were flat. A copy.
    >>> tensor([1, 2, 3, 4]).roll(1)
    tensor([4, 1, 2, 3])
    """
    by = size_of((shifts,) if not isinstance(shifts, (list, tuple)) else (tuple(shifts),))
    along = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not by or (along and len(by) != len(along)):
        raise RuntimeError(f"roll: shifts {list(by)} and dims {list(along)} must have the same length")
    if not along:
        if len(by) != 1:
            raise RuntimeError(f"roll: without dims, one shift is expected, got {list(by)}")
        flat = arrangement.roll(flatten(input), shifts=by, axes=(0,))
        return reshape(flat, input.array.shape)
    ndim = input.array.ndim
    if not ndim:
        raise IndexError("roll: a 0-d tensor has no axes to roll along; leave out dims")
    return arrangement.roll(input, shifts=by, axes=tuple([axis_of(dim, ndim, "roll") for dim in along]))


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by k quarter turns in the plane of two axes, from the first towards the second. A copy.
    >>> tensor([[1, 2], [3, 4]]).rot90()
    tensor([[2, 4],
            [1, 3]])
    """
    ndim = input.array.ndim
    if len(dims) != 2 or ndim < 2:
        raise RuntimeError(f"rot90: expected two dims and a tensor of two dimensions or more, got {list(dims)} and {ndim}")
    if abs(dims[0] - dims[1]) in (0, ndim):
        raise RuntimeError(f"rot90: the dims {list(dims)} must be two different axes")
    i, j = [axis_of(dim, ndim, "rot90") for dim in dims]
    k = as_int(k) % 4
    turned = arrangement.flip(input, axes=((), (j,), (i, j), (i,))[k])
    return transpose(turned, i, j) if k % 2 else turned


# Repeated: copies


@sizes_by_name
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """The tensor laid side by side, repeats[i] times along axis i; further repeats stand for new axes in front. A copy.
    >>> tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times, shape = size_of(repeats), input.array.shape
    new = len(times) - len(shape)
    if new < 0:
        raise RuntimeError(f"repeat: {len(times)} repeats for a tensor of {len(shape)} dimensions; give at least one for each")
    if min(times, default=1) < 0:
        raise RuntimeError(f"repeat: a repeat cannot be negative, got {list(times)}")
    shape = (1,) * new + shape
    apart = reshape(input, tuple([n for size in shape for n in (1, size)]))
    wide = expand(apart, tuple([n for many, size in zip(times, shape) for n in (many, size)]))
    return shapes.reshape(shapes.clone(wide), shape=tuple([many * size for many, size in zip(times, shape)]))


@sizes_by_name
def tile(input: Tensor, *dims: Any) -> Tensor:
    """The tensor laid side by side, dims[i] times along axis i, counted from the last axis. A copy.
    >>> tensor([[1], [2]]).tile(2)
    tensor([[1, 1],
            [2, 2]])
    """
    times = size_of(dims)
    return repeat(input, (1,) * (input.array.ndim - len(times)) + times)


def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each slice of an axis several times in succession: `repeats` times, or as often as a tensor says for each. Without dim,
    the tensor is flat. repeat_interleave(repeats) alone gives the positions that are repeated. A copy.
    >>> tensor([1, 2]).repeat_interleave(2), tensor([1, 2]).repeat_interleave(tensor([1, 3]))
    (tensor([1, 1, 2, 2]), tensor([1, 2, 2, 2]))
    """
    if repeats is None:
        if input.array.ndim != 1:
            raise RuntimeError(f"repeat_interleave: repeats must be a 1-D tensor, got {input.array.ndim} dimensions")
        return Tensor._of(arrangement.run_of(_checked(input, int(input.array.size), output_size)))
    x = input if dim is not None else flatten(input)
    axis = axis_of(0 if dim is None else dim, x.array.ndim, "repeat_interleave")
    if not x.array.ndim:
        x = reshape(x, (1,))
    shape = x.array.shape
    if isinstance(repeats, Tensor):
        if repeats.array.size == 1:
            repeats = _checked(repeats, 1, None).item()
        else:
            return arrangement.repeat_each(x, repeats=_checked(repeats, shape[axis], output_size), axis=axis)
    many = as_int(repeats)
    if many < 0:
        raise RuntimeError(f"repeat_interleave: repeats must not be negative, got {many}")
    if output_size is not None and output_size != many * shape[axis]:
        raise RuntimeError(f"repeat_interleave: output_size {output_size} is not {many * shape[axis]}")
    wide = expand(unsqueeze(x, axis + 1), (*shape[: axis + 1], many, *shape[axis + 1 :]))
    return shapes.reshape(shapes.clone(wide), shape=(*shape[:axis], many * shape[axis], *shape[axis + 1 :]))


def _checked(repeats: Tensor, n: int, output_size: int | None) -> Any:
    """The array of n repeats. RuntimeError if there are others, or they do not sum to output_size."""
    r = repeats.array
    if r.dtype not in (np.int64, np.int32):
        raise NotImplementedError(f"repeat_interleave: repeats must be int32 or int64, got {r.dtype}; cast it: repeats.long()")
    if r.ndim > 1 or r.size != n:
        raise RuntimeError(f"repeat_interleave: repeats must be 0-d or 1-D with {n} numbers, got shape {list(r.shape)}")
    if r.size and r.min() < 0:
        raise RuntimeError("repeat_interleave: repeats must not be negative")
    if output_size is not None and output_size != r.sum():
        raise RuntimeError(f"repeat_interleave: output_size {output_size} is not {r.sum()}, the sum of repeats")
    return r.reshape(-1)
