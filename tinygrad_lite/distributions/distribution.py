"""Distribution: what all distributions have in common.

A distribution holds parameters of shape `batch_shape`: that many distributions of the same kind, independent of each other.
One draw from each has shape `event_shape`, which is () for numbers and (n,) for vectors. So sample(sample_shape) has shape
sample_shape + batch_shape + event_shape, and log_prob(value) has one number for each event.
"""

from __future__ import annotations

import warnings
from typing import Any

from .._tensor import Tensor
from ..axes import Size
from ..grad_mode import no_grad
from .constraints import is_dependent
from .utils import lazy_property


class Distribution:
    """The base class. Subclasses set their parameters, then call __init__ with the shapes. With validate_args (the default,
    unless Python runs with -O), a parameter that breaks `arg_constraints`, or a value outside `support`, is a ValueError.
    https://pytorch.org/docs/stable/distributions.html#torch.distributions.distribution.Distribution
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__
    _unexpanded: tuple[str, ...] = ()  # attributes that expand() leaves as they are

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their parameters and values if they are not told by validate_args."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected a bool, got {value!r}")
        Distribution._validate_args = value

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()

    def _validate_parameters(self) -> None:
        try:
            wanted = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Set it to {{}}, or pass validate_args=False.", stacklevel=4
            )
            return
        for name, constraint in wanted.items():
            lazy = name not in vars(self) and isinstance(getattr(type(self), name, None), lazy_property)
            if is_dependent(constraint) or lazy:
                continue
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) "
                    f"of distribution {self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def arg_constraints(self) -> Any:
        """The constraint that each parameter must meet, by its name."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The constraint that the values meet."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The value at which the density, or the probability, is largest."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with a larger batch_shape: each parameter is a view."""
        batch_shape, n = Size(batch_shape), len(self._batch_shape)
        new = object.__new__(type(self)) if _instance is None else _instance
        for name, x in vars(self).items():
            if name in self._unexpanded:
                pass
            elif isinstance(x, Distribution):
                x = x.expand(batch_shape + x.batch_shape[n:])
            elif isinstance(x, Tensor) and x.shape[:n] == self._batch_shape:
                x = x.expand(batch_shape + x.shape[n:])
            vars(new)[name] = x
        new._batch_shape = batch_shape
        return new

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Random values, through which no gradient flows."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Random values as a function of the parameters, through which gradients flow (the reparameterisation trick)."""
        raise NotImplementedError

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of all values up to this one."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which the probability is this: the inverse of cdf."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, along the first axis; with expand, for each of the batch."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The expected value of -log_prob."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """e to the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _check(self, value: Any) -> None:
        if self._validate_args:
            self._validate_sample(value)

    def _validate_sample(self, value: Any) -> None:
        """ValueError unless the value is a Tensor, fits the shapes, and is in the support."""
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, got {type(value).__name__}")
        shape = value.shape
        if shape[len(shape) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {shape} vs {self._event_shape}.")
        expected = self._batch_shape + self._event_shape
        if any(i not in (1, j) and j != 1 for i, j in zip(reversed(shape), reversed(expected))):
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(f"{type(self)} does not define `support`; pass validate_args=False.", stacklevel=4)
            return
        if not bool(support.check(value).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        given = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        shown = [f"{name}: {x if x.numel() == 1 else x.size()}" for name, x in given.items()]
        return f"{type(self).__name__}({', '.join(shown)})"
