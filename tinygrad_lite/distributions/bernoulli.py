"""The Bernoulli distribution: one coin."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .._tensor import Tensor
from ..axes import Size
from ..creation import arange
from ..functional.choice import where
from ..functional.random import bernoulli
from ..grad_mode import no_grad
from ..ops.neural.loss import bce_with_logits
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property, logits_to_probs, one_of, probs_to_logits, values_first

__all__ = ["Bernoulli"]


class Bernoulli(Distribution):
    """1 with probability `probs`, else 0; or with logits = log p - log(1 - p).
    https://pytorch.org/docs/stable/distributions.html#bernoulli
    >>> Bernoulli(tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    arg_constraints: ClassVar[Any] = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = one_of(probs, logits)
        (self._param,) = broadcast_all(logits if probs is None else probs)
        vars(self)[given] = self._param
        super().__init__(self._param.shape, validate_args=validate_args)

    @lazy_property
    def logits(self) -> Tensor:
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """The shape of probs and logits."""
        return self._param.shape

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return where(self.probs == 0.5, math.nan, (self.probs >= 0.5).to(self.probs.dtype))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        logits, value = broadcast_all(self.logits, value)
        return -bce_with_logits(logits, value)

    def entropy(self) -> Tensor:
        return bce_with_logits(self.logits, self.probs)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return values_first(arange(2, dtype=self._param.dtype, device=self._param.device), self._batch_shape, expand)
