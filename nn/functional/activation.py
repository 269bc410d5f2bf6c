"""Activations: what a layer does with each of its numbers, or with all numbers along an axis. The shape stays the same."""

from __future__ import annotations

import warnings
from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.ops.exponential import tanh
from tinygrad_lite.ops.neural.activation import relu as _relu

__all__ = ["relu", "tanh", "softmax", "log_softmax"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0). `inplace` is accepted as in PyTorch: the result is the same, but x itself is not changed.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    >>> from tinygrad_lite import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input)


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along `dim`, without overflow.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> from tinygrad_lite import tensor
    >>> softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([0., 1.])
    """
    return functional.softmax(input, _dim(dim, input.ndim, "softmax"), dtype)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along `dim`: finite also where softmax underflows to 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html

    >>> from tinygrad_lite import tensor
    >>> log_softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    return functional.log_softmax(input, _dim(dim, input.ndim, "log_softmax"), dtype)


def _dim(dim: int | None, ndim: int, what: str) -> int:
    """`dim`, or the axis that PyTorch takes without one, with PyTorch's warning."""
    if dim is None:
        warnings.warn(f"{what}: implicit dimension choice is deprecated; give dim=", UserWarning, stacklevel=3)
        return 0 if ndim in (0, 1, 3) else 1
    return dim
