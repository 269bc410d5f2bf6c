"""Parametrizations that come ready: weight and spectral normalization, and orthogonal matrices. See parametrize.py."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import eye, randn, zeros_like
from tinygrad_lite.functional.lu import geqrf, householder_product
from tinygrad_lite.functional.solving import matrix_exp, solve
from tinygrad_lite.grad_mode import no_grad

from .. import functional as F
from ..module import Module
from .norms import as_matrix, norm_except, outputs_of
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    """g, v -> g · v / ‖v‖, where the norm is that of each slice along `dim`."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Make a weight g · v / ‖v‖: its length g (`original0`) and its direction v (`original1`) are trained apart.

    The norm is that of each slice along `dim`, or of all numbers for None. A state_dict of the older nn.utils.weight_norm can
    be loaded. Salimans & Kingma 2016;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html

    >>> from tinygrad_lite import nn
    >>> list(weight_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    register_parametrization(module, name, _WeightNorm(-1 if dim is None else dim), unsafe=True)

    def renamed(module: Module, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        old = [f"{prefix}{name}{part}" for part in ("_g", "_v")]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(renamed)
    return module


class _SpectralNorm(Module):
    """W -> W / σ, where σ = uᵀ W v; in training, u and v come nearer to the singular vectors at each call. A vector is divided
    by its length.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        if not -weight.ndim <= dim < weight.ndim:
            what = f"[-{weight.ndim}, {weight.ndim - 1}] but got {dim}"
            raise IndexError(f"Dimension out of range (expected to be in range of {what})")
        if n_power_iterations <= 0:
            what = f"got n_power_iterations={n_power_iterations}"
            raise ValueError(f"Expected n_power_iterations to be positive, but {what}")
        self.dim, self.eps = dim % weight.ndim, eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            for name, n in zip(("_u", "_v"), matrix.shape):
                self.register_buffer(name, F.normalize(matrix.new_empty(n).normal_(0, 1), dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _power_method(self, matrix: Tensor, n: int) -> None:
        with no_grad():
            for _ in range(n):
                self._u.copy_(F.normalize(matrix @ self._v, dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.T @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next forward may come before this one's backward
        found: Tensor = weight / (u @ (matrix @ v))
        return found

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Make a weight W / σ, with its largest singular value σ: the layer then lengthens no vector.

    In training, each use of the weight improves the estimate of σ by `n_power_iterations` steps. ValueError if there is no such
    weight. Miyato et al. 2018;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html

    >>> from tinygrad_lite import linalg, nn
    >>> layer = spectral_norm(nn.Linear(2, 3), n_power_iterations=20)
    >>> round(linalg.norm(layer.weight, 2).item(), 4)
    1.0
    """
    weight = _weight_of(module, name)
    norm = _SpectralNorm(weight, n_power_iterations, outputs_of(module) if dim is None else dim, eps)
    register_parametrization(module, name, norm)
    return module


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _Orthogonal(Module):
    """Any matrix -> one with orthonormal columns, or rows if it has fewer of them."""

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        self.shape, self.orthogonal_map, self.trivial = weight.shape, orthogonal_map, use_trivialization
        if use_trivialization:  # the matrix to begin with: the map then gives how to turn it, at first not at all
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        wide = x.shape[-2] < x.shape[-1]
        x = x.mT if wide else x
        n, k = x.shape[-2:]
        q: Tensor
        if self.orthogonal_map == "householder":
            a = x.tril(-1)
            q = householder_product(a, 2.0 / (1.0 + (a * a).sum(dim=-2)))
            q = q * x.detach().diagonal(dim1=-2, dim2=-1).trunc().unsqueeze(-2)  # of 1 and -1
        else:
            x = x.tril()
            if n != k:  # the first columns of a square matrix
                x = functional.cat([x, x.new_zeros((*x.shape[:-2], n, n - k))], -1)
            a, one = x - x.mT, eye(n, dtype=x.dtype, device=x.device)
            q = matrix_exp(a) if self.orthogonal_map == "matrix_exp" else solve(one - 0.5 * a, one + 0.5 * a)
            q = q[..., :k]
        if self.trivial:
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, q: Tensor) -> Tensor:
        if q.shape != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}.")
        given, wide = q, q.shape[-2] < q.shape[-1]
        q = q.mT if wide else q
        n, k = q.shape[-2:]
        if not self.trivial:
            if self.orthogonal_map != "householder":
                what = "It is not possible to assign to the matrix exponential or the Cayley parametrizations"
                raise NotImplementedError(f"{what} when use_trivialization=False.")
            a, tau = geqrf(q)
            signs = a.diagonal(dim1=-2, dim2=-1).sign()
            signs = signs.where(tau != 0, -signs)
            a = _with_diagonal(a, signs)
            return a.mT if wide else a
        if n != k:
            q = functional.cat([q, randn(*q.shape[:-2], n, n - k, dtype=q.dtype, device=q.device)], -1)
            self.base = _orthogonalized(q)
        else:
            self.base = q.clone() if _is_orthogonal(q) else _orthogonalized(q)
        return _with_diagonal(zeros_like(given), -1.0)


def _with_diagonal(x: Tensor, values: Any) -> Tensor:
    """A copy of a matrix, with other numbers on its diagonal."""
    x = x.clone()
    diagonal = x.diagonal(dim1=-2, dim2=-1)
    diagonal.copy_(values if isinstance(values, Tensor) else diagonal.new_full(diagonal.shape, values))
    return x


def _is_orthogonal(q: Tensor) -> bool:
    n, k = q.shape[-2:]
    one = eye(k, dtype=q.dtype, device=q.device)
    return bool(((q.mT @ q - one).abs() <= 10 * n * float(np.finfo(q.dtype).eps) + 1e-5 * one).all())


def _orthogonalized(x: Tensor) -> Tensor:
    """Q of x = Q R, where R has a positive diagonal."""
    a, tau = geqrf(x)
    return householder_product(a, tau) * a.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


def orthogonal(module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True) -> M:
    """Make the columns of a weight orthonormal, or its rows if there are fewer of them, and keep them so in training.

    `orthogonal_map` says how it is computed from the parameter x: "matrix_exp", e^A for A = x - xᵀ of its lower triangle (the
    default for square ones); "cayley", (1 - A/2)⁻¹ (1 + A/2); "householder", a product of reflections (the default for
    others). With use_trivialization the result is multiplied by a matrix `base`, where training begins. ValueError for another
    name, or for a weight of fewer than two dimensions. Lezcano-Casado 2019;
    https://pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html

    >>> from tinygrad_lite import nn
    >>> w = orthogonal(nn.Linear(3, 2)).weight
    >>> (w @ w.T).detach().round(decimals=4).abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        what = 'orthogonal_map has to be one of "matrix_exp", "cayley", "householder"'
        raise ValueError(f"{what}. Got: {orthogonal_map}")
    register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)
    return module
