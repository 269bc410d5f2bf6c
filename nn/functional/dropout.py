"""Dropout: random zeros against overfitting."""

from __future__ import annotations

from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty_like
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.functional.random import bernoulli_

__all__ = ["dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """x · mask / (1 - p), where each element of the mask is 0 with probability p, else 1: the expected value stays x.

    x itself if not training. The mask is PyTorch's for the same seed of the default generator. With
    `inplace`, the result is written to the memory of x. ValueError unless 0 <= p <= 1.
    Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    >>> from tinygrad_lite import ones
    >>> sorted(set(dropout(ones(100), 0.5).tolist())), dropout(ones(2), training=False)
    ([0.0, 2.0], tensor([1., 1.]))
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1 or not input.array.size:
        return input.mul_(0.0) if inplace else input * 0.0
    mask = bernoulli_(empty_like(input), 1 - p)
    mask.array *= _ratio(mask.dtype, 1 - p)
    return input.mul_(mask) if inplace else input * mask


def _ratio(dtype: Any, keep: float) -> Any:
    """1 / keep, rounded as PyTorch's division in this dtype; that of float16 is computed in float32."""
    kind = float32.type if dtype == float16 else dtype.type
    return dtype.type(kind(1) / kind(keep))
