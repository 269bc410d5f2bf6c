"""Softmax and its logarithm along an axis, without overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..axes import axis_of
from ..ops.neural import softmax as ops
from .shape import reshape

__all__ = ["softmax", "log_softmax"]


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along an axis, without overflow.
    >>> tensor([0.0, 0.0, 1000.0]).softmax(0)
    tensor([0., 0., 1.])
    """
    return _along(ops.softmax, input, dim, dtype, "softmax")


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along an axis: the logarithm of softmax, finite even where softmax underflows to 0.
    >>> tensor([0.0, 1000.0]).log_softmax(0)
    tensor([-1000.,     0.])
    """
    return _along(ops.log_softmax, input, dim, dtype, "log_softmax")


def _along(op: Callable[..., Tensor], x: Tensor, dim: int, dtype: Any, what: str) -> Tensor:
    if dtype is not None:
        x = x.to(dtype)
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: not defined for {x.dtype}; cast to float first: x.float()")
    if not x.array.ndim:
        axis_of(dim, 0, what)
        return reshape(op(reshape(x, (1,)), axis=0), ())
    return op(x, axis=axis_of(dim, x.array.ndim, what))
