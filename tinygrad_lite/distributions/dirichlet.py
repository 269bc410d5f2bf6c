"""The Dirichlet distribution: random probabilities."""

from __future__ import annotations

from typing import Any, ClassVar

from .._tensor import Tensor
from ..functional.choice import where
from . import constraints
from .distribution import Distribution
from .implicit import StandardDirichlet
from .utils import one_hot

__all__ = ["Dirichlet"]


class Dirichlet(Distribution):
    """Vectors x of probabilities, of density Γ(Σa) Π x^(a-1) / Γ(a), where the last axis of `concentration` has the a.
    https://pytorch.org/docs/stable/distributions.html#dirichlet
    >>> Dirichlet(tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, keepdim=True)
        corner = one_hot(mode.argmax(-1), mode.shape[-1], mode)
        return where((self.concentration < 1).all(-1).unsqueeze(-1), corner, mode)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total**2 * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        x: Tensor = StandardDirichlet.apply(self.concentration.expand(self._extended_shape(sample_shape)))
        return x

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        a = self.concentration
        return (a - 1.0).xlogy(value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        a, total = self.concentration, self.concentration.sum(-1)
        digammas = (a.shape[-1] - total) * total.digamma() + ((a - 1.0) * a.digamma()).sum(-1)
        return a.lgamma().sum(-1) - total.lgamma() - digammas
