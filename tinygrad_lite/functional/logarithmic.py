"""Logarithms of sums and products, for operands of PyTorch's kinds."""

from __future__ import annotations

from .._tensor import Tensor
from ..operands import Number, as_tensor_like, not_a_tensor
from ..ops import logarithmic
from ..ops.choice import clip
from .numbers import floats

__all__ = ["logaddexp", "logaddexp2", "xlogy", "logit"]
IN_PLACE = ["xlogy", "logit"]


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(e^x + e^y), without overflow. RuntimeError for integers.
    >>> logaddexp(tensor([1000.0]), tensor([0.0]))
    tensor([1000.])
    """
    floats("logaddexp", input, other)
    return logarithmic.logaddexp(input, other)


def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """log2(2^x + 2^y), without overflow. RuntimeError for integers."""
    floats("logaddexp2", input, other)
    return logarithmic.logaddexp2(input, other)


def xlogy(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """x · log y, and 0 where x is 0, unless y is nan. One of the two may be a number.
    >>> xlogy(tensor([0.0, 2.0]), tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise not_a_tensor("xlogy", input)
    like = input if isinstance(input, Tensor) else other
    return logarithmic.xlogy(as_tensor_like(input, like), as_tensor_like(other, like))  # type: ignore[arg-type]


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid. With eps, x is first limited to [eps, 1 - eps]; without, nan outside [0, 1].
    >>> tensor([0.0, 0.5]).logit(), tensor([0.0, 0.5]).logit(eps=0.1)
    (tensor([-inf, 0.]), tensor([-2.1972,  0.0000]))
    """
    if eps is not None:
        input = clip(input, min=eps, max=1 - eps)
    return logarithmic.logit(input)
