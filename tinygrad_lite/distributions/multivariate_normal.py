"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .._tensor import Tensor
from ..axes import Size
from ..creation import eye
from ..functional.decomposition import linalg_cholesky
from ..functional.joining import flip
from ..functional.solving import cholesky_inverse, solve_triangular
from ..functional.views import broadcast_shapes
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]


def mahalanobis(L: Tensor, x: Tensor) -> Tensor:
    """xᵀ (L Lᵀ)⁻¹ x, for the vectors along the last axis of x and lower triangular L."""
    if L.dim() == 2:  # all vectors are solved for at once
        return (solve_triangular(L, x.reshape(-1, x.shape[-1]).T, upper=False) ** 2).sum(0).reshape(x.shape[:-1])
    return (solve_triangular(L, x.unsqueeze(-1), upper=False) ** 2).sum((-2, -1))


def half_log_det(L: Tensor) -> Tensor:
    """½ log det L Lᵀ, for lower triangular L."""
    return L.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(Distribution):
    """N(loc, C) of vectors, where exactly one of covariance_matrix C, precision_matrix C⁻¹, and scale_tril L is given, the
    lower triangular matrix for which L Lᵀ = C.
    https://pytorch.org/docs/stable/distributions.html#multivariatenormal
    >>> MultivariateNormal(zeros(2), eye(2)).log_prob(zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: Any = constraints.real_vector
    has_rsample = True
    _unexpanded = ("_L",)  # so that one matrix for all of the batch is solved with once

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = [(name, x) for name, x in matrices.items() if x is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = Size(broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        vars(self)[name] = matrix.expand((*batch_shape, -1, -1))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args)
        if name == "scale_tril":
            self._L = matrix
        elif name == "covariance_matrix":
            self._L = linalg_cholesky(matrix)
        else:  # with P = C⁻¹ = U Uᵀ and U upper triangular, C = U⁻ᵀ U⁻¹, so L = U⁻ᵀ
            U = flip(linalg_cholesky(flip(matrix, (-2, -1))), (-2, -1))
            identity = eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
            self._L = solve_triangular(U.mT, identity, upper=False)

    def _of_batch(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        return self._of_batch(self._L)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        return self._of_batch(self._L @ self._L.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        return self._of_batch(cholesky_inverse(self._L))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return (self._L**2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        x = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._L @ x.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        norm = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (norm + mahalanobis(self._L, value - self.loc)) - half_log_det(self._L)

    def entropy(self) -> Tensor:
        H = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(self._L)
        return H.expand(self._batch_shape)
