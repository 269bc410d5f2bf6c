"""The Gumbel distribution: the largest of many numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..creation import full_like
from . import constraints
from .distribution import Distribution
from .uniform import Uniform
from .utils import EULER, broadcast_all

__all__ = ["Gumbel"]


class Gumbel(Distribution):
    """loc - scale · log(-log u) of a number u that is uniform in (0, 1).
    https://pytorch.org/docs/stable/distributions.html#gumbel
    >>> Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        kind = np.finfo(self.loc.dtype)
        low, high = full_like(self.loc, float(kind.tiny)), full_like(self.loc, 1 - float(kind.eps))
        self.base_dist = Uniform(low, high, validate_args=validate_args)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev**2

    def _of_uniform(self, u: Tensor) -> Tensor:
        return self.loc - self.scale * (-u.log()).log()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self._of_uniform(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        return self.base_dist.cdf((-((self.loc - value) / self.scale).exp()).exp())

    def icdf(self, value: Tensor) -> Tensor:
        return self._of_uniform(self.base_dist.icdf(value))

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + EULER)
