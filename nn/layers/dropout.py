"""Dropout: a layer that is random in training and does nothing in eval()."""

from __future__ import annotations

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, x · mask / (1 - p), where each element of the mask is 0 with probability p, else 1. In eval(), x itself.

    ValueError unless 0 <= p <= 1. Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html

    >>> from tinygrad_lite import ones
    >>> Dropout(0.5).eval()(ones(2))
    tensor([1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
