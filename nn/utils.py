"""Functions on a model's parameters: clip their gradients, flatten them into one vector."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from operator import imul
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, put
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.inplace import write
from tinygrad_lite.operands import as_array
from tinygrad_lite.ops.reduction import sum as sum_over
from tinygrad_lite.suggest import missing_from, names_in

__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """g ← g · max_norm / norm, in place, for all gradients if their norm together is larger than max_norm.

    Returns the norm before, (Σ |g|^p)^(1/p) over all numbers of all gradients with p = norm_type, as a 0-d Tensor. With
    error_if_nonfinite, a norm that is inf or nan is a RuntimeError, and nothing is changed. Pascanu et al. 2013;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_norm_(x, 1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    gradients = _gradients(parameters)
    if not gradients:
        return Tensor._of(np.zeros((), np.float32))
    first, p = gradients[0].array, float(norm_type)
    norms = [put(norm(g.array, p), device_of(first)) for g in gradients]
    total = norm(array_module(first).stack(norms), p)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped; "
            f"look for nan and inf in the gradients, or scale them by this norm anyway with error_if_nonfinite=False"
        )
    factor = max_norm / (float(total) + 1e-6)
    if not factor >= 1:
        for g in gradients:
            write(g.array, imul, factor)
    return Tensor._of(total)


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


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """g ← min(max(g, -clip_value), clip_value), in place, for every number of all gradients.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([3.0, 0.1], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> clip_grad_value_(x, 1.0); x.grad
    tensor([1.0000, 0.1000])
    """
    for g in _gradients(parameters):
        write(g.array, lambda x: np.clip(x, -clip_value, clip_value, out=x))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, flattened and concatenated into one vector; gradients flow back through it.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html

    >>> from tinygrad_lite import nn
    >>> parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    torch.Size([9])
    """
    vector: Tensor = functional.cat([p.reshape(-1) for p in parameters])
    return vector


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
