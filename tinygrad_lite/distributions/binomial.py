"""The binomial distribution: how many of n coins are heads."""

from __future__ import annotations

from typing import Any, ClassVar

from .._tensor import Tensor
from ..axes import Size
from ..creation import arange
from ..functional.random import binomial
from ..grad_mode import no_grad
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property, logits_to_probs, one_of, probs_to_logits, values_first

__all__ = ["Binomial"]


class Binomial(Distribution):
    """The successes among `total_count` trials, each with probability `probs`; or with logits = log p - log(1 - p).
    https://pytorch.org/docs/stable/distributions.html#binomial
    >>> Binomial(10, tensor([0.0, 1.0])).sample()
    tensor([ 0., 10.])
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        given = one_of(probs, logits)
        count, self._param = broadcast_all(total_count, logits if probs is None else probs)
        self.total_count = count.to(self._param.dtype)
        vars(self)[given] = self._param
        super().__init__(self._param.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

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
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        n, x = self.total_count, self.logits
        # k log p + (n - k) log(1 - p), in logits x: k x - n max(x, 0) - n log(1 + e^-|x|). The first line is max(x, 0), with
        # derivative ½ at 0.
        positive = (x.clamp(min=0) + x - x.clamp(max=0)) / 2
        rest = n * positive + n * (-x.abs()).exp().log1p() - (n + 1).lgamma()
        return value * x - (value + 1).lgamma() - (n - value + 1).lgamma() - rest

    def _only_count(self, what: str) -> int:
        count = int(self.total_count.max())
        if not bool(self.total_count.min() == count):
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{what}`.")
        return count

    def entropy(self) -> Tensor:
        self._only_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(1 + self._only_count("enumerate_support"), dtype=self._param.dtype, device=self._param.device)
        return values_first(values, self._batch_shape, expand)
