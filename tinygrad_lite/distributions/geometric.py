"""The geometric distribution: failures before the first success."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..creation import zeros_like
from ..functional.choice import where
from ..grad_mode import no_grad
from ..ops.neural.loss import bce_with_logits
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property, logits_to_probs, one_of, probs_to_logits

__all__ = ["Geometric"]


class Geometric(Distribution):
    """Probability (1 - p)^k p of k = 0, 1, 2, ... failures, where p is `probs`, above 0; or with logits = log p - log(1 - p).
    https://pytorch.org/docs/stable/distributions.html#geometric
    >>> Geometric(0.25).mean
    tensor(3.)
    """

    arg_constraints: ClassVar[Any] = {"probs": constraints.unit_interval, "logits": constraints.real}
    support: Any = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = one_of(probs, logits)
        (param,) = broadcast_all(logits if probs is None else probs)
        vars(self)[given] = param
        super().__init__(param.shape, validate_args=validate_args)
        if self._validate_args and probs is not None and not bool((param > 0).all()):
            raise ValueError(
                f"Expected parameter probs ({type(param).__name__} of shape {tuple(param.shape)}) of distribution {self!r} "
                f"to be positive but found invalid values:\n{param.detach()[param <= 0]}"
            )

    @lazy_property
    def logits(self) -> Tensor:
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        p = self.probs
        with no_grad():
            u = p.new_empty(self._extended_shape(sample_shape)).uniform_(float(np.finfo(p.dtype).tiny), 1)
            return (u.log() / (-p).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        value, probs = broadcast_all(value, self.probs)
        probs = where((probs == 1) & (value == 0), 0.0, probs)
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        return bce_with_logits(self.logits, self.probs) / self.probs
