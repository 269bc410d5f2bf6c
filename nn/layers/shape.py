"""Layers that give their input another shape, and Identity, which changes nothing."""

from __future__ import annotations

from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor

from ..module import Module

__all__ = ["Flatten", "Identity"]


class Flatten(Module):
    """The axes from start_dim to end_dim as one; by default all but the first, the batch: (N, ...) -> (N, product of the rest).

    https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html

    >>> from tinygrad_lite import zeros
    >>> Flatten()(zeros(2, 1, 28, 28)).shape
    torch.Size([2, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return functional.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """x itself, whatever arguments the layer is made with. https://pytorch.org/docs/stable/generated/torch.nn.Identity.html

    >>> from tinygrad_lite import ones
    >>> x = ones(2)
    >>> Identity(54, unused=True)(x) is x
    True
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        return input
