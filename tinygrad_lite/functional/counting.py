"""Counting and searching: unique, bincount, histograms, isin, searchsorted, nonzero, and whether tensors are equal or close.

The results are counts, positions and bools, which have no derivatives, so these are plain functions of arrays.
"""

from __future__ import annotations

from math import isfinite, prod
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..axes import Dim, axes_of, axis_of, size_of
from ..backend import Array, array_module
from ..dtypes import get_default_dtype, result_type
from ..operands import all_tensors, as_array, explained
from .sorting import contiguous, order

__all__ = [
    "unique", "unique_consecutive", "bincount", "histc", "histogram", "histogramdd", "count_nonzero", "allclose", "isclose",
    "equal", "isin", "searchsorted", "bucketize", "nonzero", "nonzero_static", "argwhere", "unravel_index",
]  # fmt: skip


# Different values


def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different values of x, in ascending order; with a dim, its different slices. With return_inverse, also where in the
    result each x is; with return_counts, how often each comes. Each nan is different from all others.
    >>> unique(tensor([3, 1, 3]), return_inverse=True, return_counts=True)
    (tensor([1, 3]), tensor([1, 0, 1]), tensor([1, 2]))
    """
    return _different("unique", input, return_inverse, return_counts, dim)


def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """x with each run of equal values replaced by one of them; otherwise like unique.
    >>> unique_consecutive(tensor([1, 1, 2, 1]), return_counts=True)
    (tensor([1, 2, 1]), tensor([2, 1, 1]))
    """
    return _different("unique_consecutive", input, return_inverse, return_counts, dim)


def _different(what: str, input: Tensor, inverse: bool, counts: bool, dim: int | None) -> Any:
    x, n = input.array, input.array.size
    sort = what == "unique"
    if dim is None:
        shape, rows = x.shape, x.reshape(-1)
        index = order(rows) if sort and inverse else None
        rows = np.sort(rows) if sort and index is None else rows if index is None else rows[index]
        new = rows[1:] != rows[:-1]
    else:
        if not x.ndim:
            raise IndexError(f"{what}: a 0-d tensor has no dim {dim}; leave dim out")
        axis = axis_of(dim, x.ndim, what)
        if 0 in (*x.shape[:axis], *x.shape[axis + 1 :]):
            raise RuntimeError(f"{what}: the slices of shape {list(x.shape)} along dim {dim} are empty; none can be chosen")
        rows = np.moveaxis(x, axis, 0)
        shape, n = rows.shape[:1], len(rows)
        flat = rows.reshape(n, prod(rows.shape[1:]))
        index = np.lexsort(flat.T[::-1]) if sort else None
        flat, rows = (flat, rows) if index is None else (flat[index], rows[index])
        new = (flat[1:] != flat[:-1]).any(1)
    xp = array_module(x)
    first = xp.flatnonzero(xp.concatenate([xp.ones(min(n, 1), bool), new]))  # where each run of equal values begins
    values = rows[first]
    out = [values if dim is None else contiguous(np.moveaxis(values, 0, axis))]
    if inverse:
        number = xp.concatenate([xp.zeros(min(n, 1), np.int64), np.cumsum(new)])
        places = xp.empty_like(number)
        places[index if index is not None else slice(None)] = number
        out.append(places.reshape(shape))
    if counts:
        out.append(np.diff(first, append=n))
    return Tensor._of(out[0]) if len(out) == 1 else tuple(map(Tensor._of, out))


# Histograms


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often 0, 1, 2, ... come in a vector of integers; with weights, the sum of the weights of each.
    >>> tensor([0, 2, 2]).bincount()
    tensor([1, 0, 2])
    """
    x = input.array
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f"bincount: counts integers, got {input.dtype}; cast it: x.long()")
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength must be at least 0, got {minlength}")
    if x.ndim != 1 or (x.size and int(x.min()) < 0):
        raise RuntimeError(f"bincount: needs a vector of integers that are at least 0, got shape {list(x.shape)}")
    if weights is None or not x.size:
        return Tensor._of(np.bincount(x, minlength=minlength).astype(np.int64, copy=False))
    if weights.array.shape != x.shape:
        raise RuntimeError(f"bincount: {list(weights.shape)} weights for {list(x.shape)} numbers; there must be one for each")
    out = np.bincount(x, weights.array, minlength)
    return Tensor._of(out.astype(np.float32 if weights.dtype == np.float32 else np.float64, copy=False))


def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """How many x lie in each of `bins` parts of equal width between min and max; the last one includes max. If both are equal,
    the least and the largest x are taken. x outside are not counted.
    >>> tensor([1.0, 2.0, 2.5, 4.0]).histc(3)
    tensor([1., 2., 1.])
    """
    x = input.array
    if x.dtype.kind != "f":
        raise NotImplementedError(f"histc: needs floats, got {input.dtype}; cast it: x.float()")
    if min > max:
        raise RuntimeError(f"histc: max must be larger than min, got min {min} and max {max}")
    x = x.reshape(-1)
    low, high = _bounds("histc", x, (min, max) if min != max else None)
    _checked_bins("histc", bins)
    x = x[(x >= low) & (x <= high)]
    place = ((x - x.dtype.type(low)) * x.dtype.type(bins) / x.dtype.type(high - low)).astype(np.int64)
    return Tensor._of(np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(input.dtype))


def _bounds(what: str, x: Array, given: Any) -> tuple[Any, Any]:
    """The range of a histogram, given or that of x; 0 to 1 for no x. One number is widened by a half to both sides."""
    if given is not None:
        low, high = given
    else:
        low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0 if what == "histc" else 1.0)
    if not (isfinite(low) and isfinite(high)):
        raise RuntimeError(f"{what}: the range from {low} to {high} is not finite")
    if low > high:
        raise RuntimeError(f"{what}: the range must not begin at {low} and end at {high}")
    low, high = x.dtype.type(low), x.dtype.type(high)
    return (low, high) if low < high else (low - x.dtype.type(0.5), high + x.dtype.type(0.5))


def _checked_bins(what: str, bins: Any) -> int:
    if bins < 1:
        raise RuntimeError(f"{what}: there must be at least one bin, got {bins}")
    return int(bins)


class Histogram(NamedTuple):
    """What histogram returns: the counts or densities, and the edges of the bins."""

    hist: Tensor
    bin_edges: Any

    def __repr__(self) -> str:
        """As PyTorch prints it."""
        edges = f"({', '.join(map(repr, self.bin_edges))})" if isinstance(self.bin_edges, tuple) else repr(self.bin_edges)
        name = "histogramdd" if isinstance(self.bin_edges, tuple) else "histogram"
        return f"torch.return_types.{name}(\nhist={self.hist!r},\nbin_edges={edges})"


def histogram(input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False) -> Histogram:
    """(hist, bin_edges): how many x lie in each bin; `bins` is their number or a vector of their edges. Each bin includes its
    lower edge, the last one its upper edge too. With density, the areas of the bars add to 1.
    >>> hist, edges = tensor([1.0, 2.0, 2.5, 4.0]).histogram(3)
    >>> hist, edges
    (tensor([1., 2., 1.]), tensor([1., 2., 3., 4.]))
    """
    x = input.array.reshape(-1, 1)
    if weight is not None and weight.array.shape != input.array.shape:
        raise RuntimeError(f"histogram: one weight for each number, got {list(weight.shape)} for {list(input.shape)}")
    hist, edges = _histogram("histogram", x, [bins], range, weight, density)
    return Histogram(Tensor._of(hist), Tensor._of(edges[0].copy()))  # of histogramdd, they are the given tensors'


def histogramdd(points: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False) -> Histogram:
    """(hist, bin_edges) of points, whose coordinates lie along the last dim: hist has a dim for each coordinate. `bins` is a
    number for all of them, or a list with a number, or a vector of edges, for each; `range` is (low, high, low, high, ...).
    >>> histogramdd(tensor([[0.0, 1.0], [1.0, 0.0]]), [2, 2]).hist
    tensor([[0., 1.],
            [1., 0.]])
    """
    x = points.array
    if x.ndim < 2:
        raise RuntimeError(f"histogramdd: needs points along the last of two dims or more, got shape {list(x.shape)}")
    x = x.reshape(-1, x.shape[-1])
    bins = [bins] * x.shape[1] if isinstance(bins, int) else list(bins)
    if len(bins) != x.shape[1]:
        raise RuntimeError(f"histogramdd: {len(bins)} bins for points of {x.shape[1]} coordinates; give one for each")
    if weight is not None and weight.array.shape != points.array.shape[:-1]:
        raise RuntimeError(f"histogramdd: one weight for each point, got {list(weight.shape)} for {list(points.shape)}")
    hist, edges = _histogram("histogramdd", x, bins, range, weight, density)
    return Histogram(Tensor._of(hist), tuple(map(Tensor._of, edges)))


def _histogram(
    what: str, x: Array, bins: list[Any], range: Any, weight: Tensor | None, density: bool
) -> tuple[Array, list[Array]]:
    """The histogram of the rows of x: for each coordinate, its edges and the bin of each row; then one count for all."""
    if x.dtype.name not in ("float32", "float64"):
        raise NotImplementedError(f"{what}: needs float32 or float64, got {x.dtype}; cast it: x.float()")
    if range is not None and len(range) != 2 * len(bins):
        raise RuntimeError(f"{what}: range needs {2 * len(bins)} numbers, a low and a high one for each, got {len(range)}")
    if weight is not None and weight.dtype != x.dtype:
        raise RuntimeError(f"{what}: the weights are {weight.dtype} and the tensor {x.dtype}; cast one")
    xp = array_module(x)
    places, inside, edges = xp.zeros(len(x), np.int64), xp.ones(len(x), bool), []
    for i, given in enumerate(bins):
        column = contiguous(x[:, i])
        limits = None if range is None else (float(range[2 * i]), float(range[2 * i + 1]))
        edge, place = _binned(what, column, given, limits)
        with np.errstate(invalid="ignore"):
            inside &= (column >= edge[0]) & (column <= edge[-1])
        places = places * (len(edge) - 1) + place
        edges.append(edge)
    shape = [len(edge) - 1 for edge in edges]
    weights = None if weight is None else weight.array.reshape(-1)[inside]
    hist = np.bincount(places[inside], weights, prod(shape)).reshape(shape).astype(x.dtype)
    if density:
        hist = hist / hist.sum()
        for i, edge in enumerate(edges):
            hist = hist / np.diff(edge).reshape((-1,) + (1,) * (len(edges) - i - 1))
    return hist, edges


def _binned(what: str, x: Array, bins: Any, limits: Any) -> tuple[Array, Array]:
    """The edges, and for each x the number of the bin whose lower edge is the last one that is not above it."""
    if isinstance(bins, Tensor):
        edge = bins.array
        if edge.ndim != 1 or edge.dtype != x.dtype:
            raise RuntimeError(f"{what}: the edges must be a {x.dtype} vector, got {edge.dtype} of shape {list(edge.shape)}")
        _checked_bins(what, edge.size - 1)
        place: Array = np.searchsorted(edge, x, "right") - 1
    else:
        n = _checked_bins(what, bins)
        low, high = _bounds(what, x, limits)
        step, at = float((high - low) / x.dtype.type(n)), np.arange(n + 1)
        # From both ends, and rounded once, as PyTorch's linspace.
        edge = np.where(at < (n + 1) // 2, float(low) + step * at, float(high) - step * (n - at))
        edge = array_module(x).asarray(edge.astype(x.dtype))
        with np.errstate(invalid="ignore", over="ignore"):
            position = np.clip((x - low) * x.dtype.type(n) / (high - low), 0, n - 1)
        place = np.where(position == position, position, 0).astype(np.int64)
        place[x < edge[place]] -= 1  # rounded to a neighbour
        place[x >= edge[place + 1]] += 1
    return edge, np.clip(place, 0, len(edge) - 2)


def count_nonzero(input: Tensor, dim: Dim = None) -> Tensor:
    """How many x are not 0, along a dim, several, or in all. nan is not 0.
    >>> tensor([[1, 0], [2, 3]]).count_nonzero(0)
    tensor([2, 1])
    """
    return Tensor._of(as_array((input.array != 0).sum(axes_of(dim, input.array.ndim, "count_nonzero"), dtype=np.int64)))


# Equality


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """|x - y| <= atol + rtol * |y|, element by element; equal numbers, inf too, are close.
    >>> tensor([1.0, 2.0]).isclose(tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    all_tensors("isclose", (input, other))
    x, y = input.array, other.array
    if x.dtype != y.dtype:
        raise RuntimeError(f"isclose: {x.dtype} and {y.dtype} do not match; cast one: y.to(x.dtype)")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol and atol must be at least 0, got {rtol} and {atol}")
    try:
        close = x == y
    except ValueError as error:
        raise explained("isclose", error, x, y) from error
    if equal_nan and x.dtype.kind == "f":
        close |= (x != x) & (y != y)
    if rtol or atol:
        wide = x.dtype if x.dtype.kind == "f" else get_default_dtype()
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(np.subtract(x, y, dtype=x.dtype if x.dtype != np.bool_ else np.int64))
            close |= np.isfinite(distance) & (distance <= atol + np.abs(rtol * y.astype(wide, copy=False)))
    return Tensor._of(as_array(close))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all numbers are close; see isclose.
    >>> tensor([1.0]).allclose(tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same numbers. nan is not equal to nan.
    >>> tensor([1, 2]).equal(tensor([1, 2]))
    True
    """
    all_tensors("equal", (input, other))
    return input.array.shape == other.array.shape and bool((input.array == other.array).all())


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each of the elements is one of the test elements; with invert, whether it is none of them. One of the two may be
    a number.
    >>> isin(tensor([1, 2, 3]), tensor([2, 4]))
    tensor([False,  True, False])
    """
    given = [x.array if isinstance(x, Tensor) else x for x in (elements, test_elements)]
    if not (isinstance(elements, Tensor) or isinstance(test_elements, Tensor)) or any(
        not isinstance(x, (int, float, np.generic, np.ndarray)) and not hasattr(x, "dtype") for x in given
    ):
        kinds = f"{type(elements).__name__} and {type(test_elements).__name__}"
        raise TypeError(f"isin: expected two Tensors, or a Tensor and a number, got {kinds}")
    if any(getattr(x, "dtype", None) == np.bool_ for x in given):
        raise RuntimeError("isin: bools have only two values; cast them first: x.int()")
    dtype = result_type(*given)
    xp = array_module(next(x.array for x in (elements, test_elements) if isinstance(x, Tensor)))
    x, y = [xp.asarray(part).astype(dtype) for part in given]
    return Tensor._of(as_array(np.isin(x, y, assume_unique=assume_unique, invert=invert)))


# Positions


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where numbers are to be inserted so that a sorted sequence stays sorted: before equal ones, or behind them with
    right=True or side="right". With several dims, each row of `input` in its row. `sorter` is an unsorted sequence's argsort.
    >>> searchsorted(tensor([1, 3, 5]), tensor([3, 6]))
    tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    if side == "left" and right:
        raise RuntimeError("searchsorted: side='left' and right=True contradict each other; give one of them")
    rows = sorted_sequence.array
    x = input.array if isinstance(input, Tensor) else array_module(rows).asarray(input)
    if (not isinstance(input, Tensor) and rows.ndim != 1) or not rows.ndim:
        raise RuntimeError(f"searchsorted: a number needs a sequence of one dim, got shape {list(rows.shape)}")
    if rows.ndim > 1 and rows.shape[:-1] != x.shape[:-1]:
        shapes = f"{list(rows.shape)} and {list(x.shape)}"
        raise RuntimeError(f"searchsorted: the sequence needs one dim, or the rows of the numbers; got shapes {shapes}")
    if np.bool_ in (rows.dtype, x.dtype):
        raise NotImplementedError("searchsorted: bools have only two values; cast them first: x.int()")
    if sorter is not None:
        rows = _by_sorter(rows, sorter)
    where: Any = "right" if right or side == "right" else "left"
    if rows.ndim == 1:
        out = as_array(np.searchsorted(rows, x, where))
    else:
        lead = prod(x.shape[:-1])
        pairs = zip(rows.reshape(lead, rows.shape[-1]), x.reshape(lead, x.shape[-1]))
        found = [np.searchsorted(row, part, where) for row, part in pairs]
        out = array_module(rows).stack(found).reshape(x.shape) if found else array_module(rows).zeros(x.shape, np.int64)
    return Tensor._of(out.astype(np.int32 if out_int32 else np.int64, copy=False))


def _by_sorter(rows: Array, sorter: Tensor) -> Array:
    """The sequence in the order of its sorter."""
    index = sorter.array
    if index.dtype != np.int64:
        raise RuntimeError(f"searchsorted: the sorter must be int64, got {sorter.dtype}; cast it: sorter.long()")
    if index.shape != rows.shape:
        raise RuntimeError(f"searchsorted: the sorter has shape {list(index.shape)} and the sequence {list(rows.shape)}")
    if index.size and not 0 <= int(index.min()) <= int(index.max()) < rows.shape[-1]:
        raise RuntimeError(f"searchsorted: the sorter has a position that is not in the sequence, of {rows.shape[-1]} numbers")
    return np.take_along_axis(rows, index, -1)


def bucketize(values: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """In which of the intervals between sorted boundaries each number lies: searchsorted(boundaries, values).
    >>> bucketize(tensor([0.5, 1.0, 2.5]), tensor([1.0, 2.0]))
    tensor([0, 0, 2])
    """
    all_tensors("bucketize", (boundaries,))
    if boundaries.array.ndim != 1:
        raise RuntimeError(f"bucketize: the boundaries must have one dimension, got shape {list(boundaries.shape)}")
    return searchsorted(boundaries, values, out_int32=out_int32, right=right)


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The positions of the x that are not 0: a row of them for each; or, as a tuple, an index for each dim, such that
    x[x.nonzero(as_tuple=True)] are these x.
    >>> tensor([[1, 0], [0, 2]]).nonzero()
    tensor([[0, 0],
            [1, 1]])
    """
    x = input.array
    if as_tuple:
        return tuple(map(Tensor._of, np.nonzero(x if x.ndim else x.reshape(1))))
    return Tensor._of(np.argwhere(x))


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The first `size` rows of x.nonzero(); rows of `fill_value` follow if there are fewer.
    >>> nonzero_static(tensor([0, 1, 1]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: size must not be negative, got {size}")
    found = np.argwhere(input.array)[:size]
    out = array_module(found).full((size, input.array.ndim), fill_value)
    out[: len(found)] = found
    return Tensor._of(out)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For positions in a tensor of this shape, counted row by row, the index along each axis. Positions wrap around.
    >>> unravel_index(tensor([5, 2]), (2, 3))
    (tensor([1, 0]), tensor([2, 2]))
    """
    if not isinstance(indices, Tensor):
        raise TypeError(f"unravel_index: expected a Tensor of positions, got {type(indices).__name__}")
    if indices.array.dtype.kind not in "iu":
        raise TypeError(f"unravel_index: positions are integers, got {indices.dtype}")
    sizes = size_of((shape,)) if isinstance(shape, int) else size_of((tuple(shape),))
    if min(sizes, default=0) < 0:
        raise ValueError(f"unravel_index: a size cannot be negative, got {list(sizes)}")
    rest, found = indices.array.astype(np.int64), []
    for n in reversed(sizes):
        found.append(Tensor._of(as_array(rest % n)))
        rest = rest // n
    return tuple(reversed(found))


def argwhere(input: Tensor) -> Tensor:
    """The positions of the x that are not 0, a row for each: x.nonzero().
    >>> tensor([0, 3, 4]).argwhere()
    tensor([[1],
            [2]])
    """
    return nonzero(input)  # type: ignore[no-any-return]
