"""What the distributions share: parameters brought to one shape, and probabilities as logits and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, overload

import numpy as np

from .._tensor import Tensor
from ..creation import empty, tensor
from ..dtypes import get_default_dtype
from ..functional.views import broadcast_tensors
from ..grad_mode import enable_grad
from ..ops.neural.activation import sigmoid

EULER = 0.57721566490153286060  # the Euler-Mascheroni constant


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape. Numbers get the dtype of the first tensor, or the default dtype.
    ValueError for anything else.
    """
    if not all(isinstance(x, (Tensor, int, float)) for x in values):
        kinds = ", ".join(type(x).__name__ for x in values)
        raise ValueError(f"the parameters of a distribution must all be numbers or Tensors, got {kinds}")
    like = next((x for x in values if isinstance(x, Tensor)), None)
    options = {"dtype": get_default_dtype()} if like is None else {"dtype": like.dtype, "device": like.device}
    return broadcast_tensors(*[x if isinstance(x, Tensor) else tensor(x, **options) for x in values])


def one_of(probs: Any, logits: Any) -> str:
    """Which of the two was given: "probs" or "logits". ValueError for both or none."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return "logits" if probs is None else "probs"


def standard_normal(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Normal random numbers N(0, 1), with the dtype and device of another tensor."""
    return empty(shape, dtype=like.dtype, device=like.device).normal_()


def sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last `dim` axes."""
    return value if dim == 0 else value.reshape((*value.shape[:-dim], -1)).sum(-1)


def one_hot(index: Tensor, n: int, like: Tensor) -> Tensor:
    """1 at the place `index` of a new last axis of n places, else 0, in the dtype of another tensor."""
    return (index.unsqueeze(-1) == tensor(range(n), device=index.device)).to(like.dtype)


def values_first(values: Tensor, batch_shape: tuple[int, ...], expand: bool) -> Tensor:
    """The values of enumerate_support(): along the first axis, with an axis of size 1, or expanded, for each of the batch."""
    values = values.reshape((-1,) + (1,) * len(batch_shape))
    return values.expand((-1, *batch_shape)) if expand else values


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """softmax of log-probabilities, or for one probability of two, sigmoid of log p - log(1 - p)."""
    return sigmoid(logits) if is_binary else logits.softmax(-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities at least an epsilon away from 0 and 1, so that their logarithms are finite."""
    eps = float(np.finfo(probs.dtype).eps)
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """log p, or for one probability of two log p - log(1 - p)."""
    p = clamp_probs(probs)
    return p.log() - (-p).log1p() if is_binary else p.log()


class lazy_property:
    """A method whose value is computed when it is first asked for, and then kept as an attribute."""

    def __init__(self, wrapped: Callable[[Any], Tensor]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    @overload
    def __get__(self, instance: None, kind: Any = None) -> lazy_property: ...
    @overload
    def __get__(self, instance: object, kind: Any = None) -> Tensor: ...
    def __get__(self, instance: object, kind: Any = None) -> lazy_property | Tensor:
        if instance is None:
            return self
        with enable_grad():  # it is kept, and may be asked for with gradients later
            value = self.wrapped(instance)
        vars(instance)[self.wrapped.__name__] = value
        return value
