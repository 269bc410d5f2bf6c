"""The categorical distribution: one of n classes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..axes import Size
from ..creation import arange, full
from ..functional.random import multinomial
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property, logits_to_probs, one_of, probs_to_logits, values_first

__all__ = ["Categorical"]


class Categorical(Distribution):
    """An integer 0 ... n - 1, where the last axis of `probs` has n weights, not negative, which are divided by their sum; or
    of `logits` n log-probabilities up to a constant.
    https://pytorch.org/docs/stable/distributions.html#categorical
    >>> Categorical(tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[Any] = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given, x = one_of(probs, logits), logits if probs is None else probs
        if x.dim() < 1:
            raise ValueError(f"`{given}` parameter must be at least one-dimensional.")
        self._param: Tensor = x - x.logsumexp(-1, keepdim=True) if probs is None else x / x.sum(-1, keepdim=True)
        vars(self)[given] = self._param
        self._num_events = self._param.shape[-1]
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Tensor:
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Tensor:
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Size:
        """The shape of probs and logits."""
        return self._param.shape

    @property
    def mean(self) -> Tensor:
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype, device=self.probs.device)

    @property
    def variance(self) -> Tensor:
        return self.mean

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        sample_shape = Size(sample_shape)
        rows = self.probs.detach().reshape(-1, self._num_events)
        return multinomial(rows, sample_shape.numel(), True).T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        index, logits = value.long().unsqueeze(-1), self.logits
        if index.shape[:-1] != self._batch_shape:
            index, logits = broadcast_all(index, logits)
            index = index[..., :1]
        return logits.gather(-1, index).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = self.logits.clamp(min=float(np.finfo(self.logits.dtype).min))  # -inf times 0 would be nan
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return values_first(arange(self._num_events, device=self._param.device), self._batch_shape, expand)
