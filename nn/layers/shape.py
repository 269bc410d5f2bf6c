"""Layers that give their input another shape, and Identity, which changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.functional.views import unflatten

from ..module import Module

__all__ = ["Flatten", "Unflatten", "Identity"]


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


class Unflatten(Module):
    """One axis as several, of which one size may be -1: (N, 6) with dim 1 and (2, 3) as (N, 2, 3). A view.

    TypeError for sizes that are not ints and for names of axes, NotImplementedError for a dim with a name.
    https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html

    >>> from tinygrad_lite import zeros
    >>> Unflatten(1, (1, 28, 28))(zeros(2, 784)).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        if isinstance(dim, str):
            raise NotImplementedError(f"Unflatten: axes have no names here; give dim {dim!r} as a number")
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of ints, got {type(unflattened_size).__name__}")
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(f"Unflatten: unflattened_size must be a tuple of ints, got {type(size).__name__} at {i}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


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
