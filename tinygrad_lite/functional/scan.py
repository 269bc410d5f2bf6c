"""Scans along an axis: running sums, products, log-sum-exps, and the largest or smallest number so far with its position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import axis_of, numpy_names
from ..backend import array_module
from ..dtypes import int64
from ..inplace import in_place
from ..operands import as_array
from ..ops import scan as ops
from ..ops import shape as shapes
from .reduction import EXTREMUM, Extremum
from .shape import reshape

__all__ = ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"]
METHODS = ["cumsum_", "cumprod_"]


def _along(op: Callable[..., Tensor], x: Tensor, dim: int, dtype: Any, what: str) -> Tensor:
    axis = axis_of(dim, x.array.ndim, what)
    if dtype is not None or x.array.dtype.kind != "f":
        x = x.to(int64 if dtype is None else dtype)
    if x.array.dtype == np.bool_:
        raise NotImplementedError(f"{what}: the result cannot be bool; give another dtype, or none for int64")
    if x.array.shape[axis : axis + 1] in ((), (1,)):
        return shapes.clone(x)  # of one number there is nothing to add up
    return op(x, axis=axis)


@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along an axis: out[i] = x[0] + ... + x[i]. Integers and bools are summed in int64.
    >>> tensor([1.0, 2.0, 3.0]).cumsum(0)
    tensor([1., 3., 6.])
    """
    return _along(ops.cumsum, input, dim, dtype, "cumsum")


@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along an axis: out[i] = x[0] · ... · x[i]. Integers and bools are multiplied in int64.
    >>> tensor([1.0, 2.0, 3.0]).cumprod(0)
    tensor([1., 2., 6.])
    """
    return _along(ops.cumprod, input, dim, dtype, "cumprod")


@numpy_names
def cumsum_(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Replace x by its running sum along an axis, in the memory of x and in its dtype."""
    return in_place("cumsum", self, (), lambda x: cumsum(x, dim, dtype=x.dtype if dtype is None else dtype))


@numpy_names
def cumprod_(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Replace x by its running product along an axis, in the memory of x and in its dtype."""
    return in_place("cumprod", self, (), lambda x: cumprod(x, dim, dtype=x.dtype if dtype is None else dtype))


@numpy_names
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log (e^x[0] + ... + e^x[i]) along an axis, without overflow. NotImplementedError for integers: cast them first.
    >>> tensor([1000.0, 1000.0]).logcumsumexp(0)
    tensor([1000.0000, 1000.6932])
    """
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"logcumsumexp: not defined for {input.dtype}; cast to float first: x.float()")
    return _along(ops.logcumsumexp, input, dim, None, "logcumsumexp")


@numpy_names
def cummax(input: Tensor, dim: int) -> Extremum:
    """The largest number so far along an axis, and its position: the last one if there are several. The first nan stays.
    >>> tensor([1.0, 3.0, 2.0]).cummax(0)
    torch.return_types.cummax(
    values=tensor([1., 3., 3.]),
    indices=tensor([0, 1, 1]))
    """
    return _so_far(np.maximum, input, dim, "cummax")


@numpy_names
def cummin(input: Tensor, dim: int) -> Extremum:
    """The smallest number so far along an axis, and its position; see cummax."""
    return _so_far(np.minimum, input, dim, "cummin")


def _so_far(choose: Any, input: Tensor, dim: int, what: str) -> Extremum:
    x = input.array
    axis = axis_of(dim, x.ndim, what)
    if not x.ndim:
        values, index = _so_far(choose, reshape(input, (1,)), 0, what)
        return EXTREMUM[what](reshape(values, ()), reshape(index, ()))
    found = (x == ops.accumulated(choose, x, axis)) | (x != x)
    places = array_module(x).arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    index = ops.accumulated(np.maximum, as_array(found * places), axis)
    return EXTREMUM[what](ops.held(input, index=index, axis=axis), Tensor._of(index))
