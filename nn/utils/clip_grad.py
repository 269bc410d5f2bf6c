"""Clip gradients: make them smaller where they are too large, between backward() and step()."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from math import inf
from operator import imul
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, put
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.inplace import write
from tinygrad_lite.operands import as_array
from tinygrad_lite.ops.reduction import sum as sum_over

__all__ = ["clip_grad_norm_", "clip_grad_norm", "clip_grads_with_norm_", "get_total_norm", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """g ← g · max_norm / norm, in place, for all gradients if their norm together is larger than max_norm.

    Returns the norm before, (Σ |g|^p)^(1/p) over all numbers of all gradients with p = norm_type, as a 0-d Tensor. With
    error_if_nonfinite, a norm that is inf or nan is a RuntimeError, and nothing is changed. `foreach`, PyTorch's choice of how
    it is computed, changes nothing. Pascanu et al. 2013;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_norm_(x, 1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    held = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(held), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(held, max_norm, total)
    return total


def clip_grad_norm(*args: Any, **options: Any) -> Tensor:
    """clip_grad_norm_, under its old name, with PyTorch's FutureWarning."""
    warnings.warn("clip_grad_norm is the old name of clip_grad_norm_: use clip_grad_norm_", FutureWarning, stacklevel=2)
    return clip_grad_norm_(*args, **options)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all numbers of all tensors, as a 0-d Tensor; the options are those of clip_grad_norm_().

    https://pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html

    >>> from tinygrad_lite import tensor
    >>> get_total_norm([tensor([3.0]), tensor([4.0])])
    tensor(5.)
    """
    held, p = [tensors] if isinstance(tensors, Tensor) else list(tensors), float(norm_type)
    if not held:
        return Tensor._of(np.zeros((), np.float32))
    first = held[0].array
    norms = [put(norm(x.array, p), device_of(first)) for x in held]
    total = norm(array_module(first).stack(norms), p)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped; "
            f"look for nan and inf in the gradients, or scale them by this norm anyway with error_if_nonfinite=False"
        )
    return Tensor._of(total)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """g ← g · max_norm / total_norm, in place, for all gradients, if total_norm is larger than max_norm.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grads_with_norm_(x, 1.0, tensor(10.0)); x.grad
    tensor([0.3000, 0.4000])
    """
    factor = as_array(np.minimum(max_norm / (total_norm.array + 1e-6), 1))
    for g in _gradients(parameters):
        write(g.array, imul, put(factor, device_of(g.array)).astype(g.dtype, copy=False))


def norm(x: Array, p: float = 2.0) -> Array:
    """(Σ |x|^p)^(1/p), or the largest |x| for p = inf, as a 0-d array of x's dtype; float16 is computed in float32.

    >>> norm(np.array([300, 400], np.float16)).item()
    500.0
    """
    size = np.absolute(x.astype(float32) if x.dtype == float16 else x)
    if p == inf:
        return as_array(size.max()).astype(x.dtype) if size.size else array_module(x).zeros((), x.dtype)
    total = sum_over(size * size if p == 2 else size**p, axis=tuple(range(x.ndim)))
    return as_array(np.sqrt(total) if p == 2 else total ** (1 / p)).astype(x.dtype)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """g ← min(max(g, -clip_value), clip_value), in place, for every number of all gradients.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([3.0, 0.1], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_value_(x, 1.0); x.grad
    tensor([1.0000, 0.1000])
    """
    clip_value = float(clip_value)
    for g in _gradients(parameters):
        write(g.array, lambda x: np.clip(x, -clip_value, clip_value, out=x))
