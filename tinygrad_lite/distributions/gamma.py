"""The gamma distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..creation import as_tensor
from . import constraints
from .distribution import Distribution
from .implicit import StandardGamma
from .utils import broadcast_all

__all__ = ["Gamma"]


class Gamma(Distribution):
    """Density rate^a x^(a-1) e^(-rate x) / Γ(a) for x > 0, where a is `concentration`.
    https://pytorch.org/docs/stable/distributions.html#gamma
    >>> Gamma(2.0, 4.0).mean
    tensor(0.5000)
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate**2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        x: Tensor = StandardGamma.apply(self.concentration.expand(shape)) / self.rate.expand(shape)
        array = x.array
        array[array < np.finfo(array.dtype).tiny] = np.finfo(array.dtype).tiny  # so that log x is finite
        return x

    def log_prob(self, value: Any) -> Tensor:
        x: Tensor = as_tensor(value, dtype=self.rate.dtype, device=self.rate.device)
        self._check(x)
        a, rate = self.concentration, self.rate
        return a.xlogy(rate) + (a - 1).xlogy(x) - rate * x - a.lgamma()

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    def cdf(self, value: Tensor) -> Tensor:
        self._check(value)
        return self.concentration.igamma(self.rate * value)
