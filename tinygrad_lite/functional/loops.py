"""A Python function called for each number, in place: slow, and without derivatives, but it can be any function."""

from __future__ import annotations

from collections.abc import Callable
from operator import setitem
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import array_module, put
from ..inplace import write

__all__: list[str] = []
METHODS = ["apply_", "map_", "map2_"]


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each number x by callable(x).
    >>> tensor([1.0, 2.0]).apply_(lambda x: x + 1)
    tensor([2., 3.])
    """
    return _called("apply_", self, (), callable)


def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each number x by callable(x, y), with the number y at its place in another tensor, which is broadcast."""
    return _called("map_", self, (tensor,), callable)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """As map_(), with two other tensors."""
    return _called("map2_", self, (x, y), callable)


def _called(what: str, x: Tensor, others: tuple[Tensor, ...], function: Callable[..., Any]) -> Tensor:
    if any([y.requires_grad for y in (x, *others)]):
        raise RuntimeError(f"{what}: no gradient flows through a Python function of numbers; use x.detach().{what}()")
    for y in others:
        if y.dtype != x.dtype:
            raise TypeError(f"{what}: dtypes {x.dtype} and {y.dtype} differ; cast one: y.to(x.dtype)")
    given = [np.broadcast_to(put(y.array, "cpu"), x.array.shape).ravel().tolist() for y in (x, *others)]
    out = np.array([function(*numbers) for numbers in zip(*given)], x.dtype).reshape(x.array.shape)
    write(x.array, setitem, ..., array_module(x.array).asarray(out))
    return x
