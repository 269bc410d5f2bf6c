"""Relatives of the gamma function, with PyTorch's arguments."""

from __future__ import annotations

from math import log, pi

from .._tensor import Tensor
from ..backend import array_module
from ..dtypes import get_default_dtype
from ..ops import special
from .reduction import sum as sum_over
from .shape import unsqueeze

__all__ = ["polygamma", "mvlgamma"]
IN_PLACE = ["mvlgamma"]


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of digamma. RuntimeError for negative n.
    >>> polygamma(1, tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    return special.polygamma(input, n=n)


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """log Γ_p(x) = p (p - 1) / 4 · log π + Σ log Γ(x - k/2) over k = 0 ... p - 1, the gamma function of p x p matrices.
    RuntimeError if p < 1.
    >>> mvlgamma(tensor([3.0, 4.0]), 2)
    tensor([1.5502, 3.5651])
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    x = input if input.array.dtype.kind == "f" else input.to(get_default_dtype())
    steps = Tensor._of(array_module(x.array).arange(p, dtype=x.dtype) * -0.5)
    return sum_over(special.lgamma(unsqueeze(x, -1) + steps), -1) + p * (p - 1) / 4 * log(pi)
