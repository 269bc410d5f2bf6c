"""How near two vectors are: the cosine of the angle between them, and their distance."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ..operands import all_tensors, same_dtype
from ..ops import choice
from .reduction import sum
from .shape import expand
from .statistics import norm

__all__ = ["cosine_similarity", "pairwise_distance"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x · y / (‖x‖ ‖y‖) along `dim`, where a norm counts as eps if it is less. The tensors broadcast.
    >>> cosine_similarity(tensor([[1.0, 0.0]]), tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    all_tensors("cosine_similarity", (x1, x2))
    if x1.dtype.kind != "f" and x2.dtype.kind != "f":
        raise RuntimeError(f"cosine_similarity: expected floating point inputs, got {x1.dtype} and {x2.dtype}")
    x1, x2 = same_dtype(x1, x2)
    size = np.broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = expand(x1, size), expand(x2, size)
    return sum(_unit(x1, dim, eps) * _unit(x2, dim, eps), dim)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    """x / max(‖x‖, eps), but with the gradient of ‖x‖ where that is less than eps, as in PyTorch."""
    length = norm(x, 2, dim, keepdim=True)
    held = length.detach()
    return x / (length + (choice.clip(held, min=eps, max=np.inf) - held))


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x - y + eps‖, the p-norm along the last dimension. The tensors broadcast.
    >>> pairwise_distance(tensor([[3.0, 4.0]]), tensor([[0.0, 0.0]]))
    tensor([5.0000])
    """
    all_tensors("pairwise_distance", (x1, x2))
    return norm(x1 - x2 + eps, p, -1, keepdim=keepdim)
