"""The Kullback-Leibler divergence of two distributions, by a formula for each pair of classes.

A pair without a formula of its own takes that of the nearest classes that its classes inherit from. register_kl adds formulas.
Where p has values outside of the support of q, the divergence is infinite.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..creation import full_like
from ..functional.choice import where
from ..functional.solving import solve_triangular
from ..ops.neural.activation import softplus
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .log_normal import LogNormal
from .multivariate_normal import MultivariateNormal, half_log_det, mahalanobis
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .poisson import Poisson
from .uniform import Uniform
from .utils import EULER, sum_rightmost

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Tensor]
FORMULAS: dict[tuple[type, type], Formula] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """A decorator for a function of (p, q) that kl_divergence is to use for these classes and what inherits from them.
    https://pytorch.org/docs/stable/distributions.html#torch.distributions.kl.register_kl
    """
    for kind in (type_p, type_q):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"register_kl: expected a subclass of Distribution, got {kind}")

    def register(formula: Formula) -> Formula:
        FORMULAS[type_p, type_q] = formula
        return formula

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q), the expected value under p of log p(x) - log q(x). NotImplementedError for a pair without a formula.
    https://pytorch.org/docs/stable/distributions.html#torch.distributions.kl.kl_divergence
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    P, Q = type(p).__mro__, type(q).__mro__
    found = [(P.index(a), Q.index(b)) for a, b in FORMULAS if a in P and b in Q]
    if not found:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}; see register_kl"
        )
    i, j = min(found)
    k, m = min(found, key=lambda place: place[::-1])
    formula = FORMULAS[P[i], Q[j]]
    if formula is not FORMULAS[P[k], Q[m]]:
        warnings.warn(
            f"Ambiguous kl_divergence({type(p).__name__}, {type(q).__name__}). "
            f"Please register_kl({P[i].__name__}, {Q[m].__name__})",
            RuntimeWarning,
            stacklevel=2,
        )
    return formula(p, q)


def _x_log_x(x: Tensor) -> Tensor:
    return x.xlogy(x)


# Two of one kind


@register_kl(Bernoulli, Bernoulli)
def _(p: Bernoulli, q: Bernoulli) -> Tensor:
    def soft(x: Tensor) -> Tensor:
        return softplus(x, beta=1.0, threshold=20.0)

    ones = p.probs * (soft(-q.logits) - soft(-p.logits))
    ones = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, ones))
    zeros = (1 - p.probs) * (soft(q.logits) - soft(p.logits))
    return ones + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, zeros))


@register_kl(Beta, Beta)
def _(p: Beta, q: Beta) -> Tensor:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    norms = c.lgamma() + d.lgamma() + (a + b).lgamma() - (a.lgamma() + b.lgamma() + (c + d).lgamma())
    return norms + (a - c) * a.digamma() + (b - d) * b.digamma() + (c + d - (a + b)) * (a + b).digamma()


@register_kl(Binomial, Binomial)
def _(p: Binomial, q: Binomial) -> Tensor:
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return where(p.total_count > q.total_count, math.inf, kl)


@register_kl(Categorical, Categorical)
def _(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, terms)).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _(p: Cauchy, q: Cauchy) -> Tensor:
    return ((p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2).log() - (4 * p.scale * q.scale).log()


@register_kl(Dirichlet, Dirichlet)
def _(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b, total = p.concentration, q.concentration, p.concentration.sum(-1)
    norms = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return norms + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    norms = b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma()
    return norms + (a - b) * a.digamma() + (q.rate - p.rate) * (a / p.rate)


@register_kl(Geometric, Geometric)
def _(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _(p: Gumbel, q: Gumbel) -> Tensor:
    ratio, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    return -ratio.log() + shift + ratio * EULER + ((1 + ratio).lgamma() - shift).exp() - (1 + EULER)


@register_kl(HalfNormal, HalfNormal)
@register_kl(LogNormal, LogNormal)
def _(p: Any, q: Any) -> Tensor:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _(p: Independent, q: Independent) -> Tensor:
    n = p.reinterpreted_batch_ndims
    if n != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents of different reinterpreted_batch_ndims is not implemented")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), n)


@register_kl(Laplace, Laplace)
def _(p: Laplace, q: Laplace) -> Tensor:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL between two MultivariateNormals: the event shapes {p.event_shape} and {q.event_shape} are different"
        )
    trace = (solve_triangular(q._L, p._L, upper=False) ** 2).sum((-2, -1))
    rest = trace + mahalanobis(q._L, q.loc - p.loc) - p.event_shape[0]
    return half_log_det(q._L) - half_log_det(p._L) + 0.5 * rest


@register_kl(Normal, Normal)
def _(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(Poisson, Poisson)
def _(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _(p: Uniform, q: Uniform) -> Tensor:
    kl = ((q.high - q.low) / (p.high - p.low)).log()
    return where((q.low > p.low) | (q.high < p.high), math.inf, kl)


# Two of different kinds: the expected value under p of -log q, less the entropy of p


@register_kl(Bernoulli, Poisson)
def _(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, Exponential)
def _(p: Beta, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _(p: Beta, q: Gamma) -> Tensor:
    a, b = p.concentration1, q.concentration
    mean_log = a.digamma() - (a + p.concentration0).digamma()
    return -p.entropy() + b.lgamma() - b * q.rate.log() - (b - 1) * mean_log + q.rate * p.mean


@register_kl(Beta, Normal)
def _(p: Beta, q: Normal) -> Tensor:
    mean, variance = p.mean, q.scale**2
    square = (mean * (1 - mean) / (p.concentration1 + p.concentration0 + 1) + mean**2) * 0.5
    return -p.entropy() + 0.5 * (variance * 2 * math.pi).log() + (square - q.loc * mean + q.loc**2 * 0.5) / variance


@register_kl(Beta, Uniform)
def _(p: Beta, q: Uniform) -> Tensor:
    return where((q.low > 0) | (q.high < 1), math.inf, -p.entropy() + (q.high - q.low).log())


@register_kl(Exponential, Gamma)
def _(p: Exponential, q: Gamma) -> Tensor:
    ratio, b = q.rate / p.rate, q.concentration
    return -b * ratio.log() + ratio + b.lgamma() + b * EULER - (1 + EULER)


@register_kl(Exponential, Gumbel)
def _(p: Exponential, q: Gumbel) -> Tensor:
    product, shift = p.rate * q.scale, q.loc / q.scale
    return product.log() - 1 - shift + shift.exp() * product / (product + 1) + product.reciprocal()


@register_kl(Exponential, Normal)
def _(p: Exponential, q: Normal) -> Tensor:
    variance, square = q.scale**2, p.rate**2
    rest = square.reciprocal() - q.loc / p.rate + q.loc**2 * 0.5
    return 0.5 * (square * variance * 2 * math.pi).log() - 1 + rest / variance


@register_kl(Gamma, Exponential)
def _(p: Gamma, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _(p: Gamma, q: Gumbel) -> Tensor:
    a, product, shift = p.concentration, p.rate * q.scale, q.loc / q.scale
    rest = product.log() + a / product + shift.exp() * (1 + product.reciprocal()) ** -a - shift
    return (a - 1) * a.digamma() - a.lgamma() - a + rest


@register_kl(Gamma, Normal)
def _(p: Gamma, q: Normal) -> Tensor:
    a, variance, square = p.concentration, q.scale**2, p.rate**2
    rest = 0.5 * (a**2 + a) / square - q.loc * a / p.rate + 0.5 * q.loc**2
    return 0.5 * (square * variance * 2 * math.pi).log() - a - a.lgamma() + (a - 1) * a.digamma() + rest / variance


@register_kl(Gumbel, Normal)
def _(p: Gumbel, q: Normal) -> Tensor:
    ratio = p.scale / q.scale
    square = (math.pi * ratio * 0.5) ** 2 / 3 + ((p.loc + p.scale * EULER - q.loc) / q.scale) ** 2 * 0.5
    return -(ratio / math.sqrt(2 * math.pi)).log() + square - (EULER + 1)


@register_kl(Laplace, Normal)
def _(p: Laplace, q: Normal) -> Tensor:
    variance = q.scale**2
    ratio = p.scale**2 / variance
    rest = 0.5 * p.loc**2 - p.loc * q.loc + 0.5 * q.loc**2
    return -0.5 * (2 * ratio / math.pi).log() + ratio + rest / variance - 1


@register_kl(Normal, Gumbel)
def _(p: Normal, q: Gumbel) -> Tensor:
    square, shift = (p.scale / q.scale) ** 2, (p.loc - q.loc) / q.scale
    return -square.log() * 0.5 + shift + (0.5 * square - shift).exp() - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Normal, Laplace)
def _(p: Normal, q: Laplace) -> Tensor:
    shift = p.loc - q.loc
    z = shift / p.scale
    distance = math.sqrt(2 / math.pi) * p.scale * (-0.5 * z**2).exp() + shift * (math.sqrt(0.5) * z).erf()
    return -(p.scale / q.scale).log() + distance / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@register_kl(Uniform, Beta)
def _(p: Uniform, q: Beta) -> Tensor:
    width, a, b = p.high - p.low, q.concentration1, q.concentration0
    heads = (a - 1) * (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    tails = (b - 1) * (_x_log_x(1 - p.high) - _x_log_x(1 - p.low) + width) / width
    kl = tails + a.lgamma() + b.lgamma() - (a + b).lgamma() - width.log() - heads
    return where((p.high > 1) | (p.low < 0), math.inf, kl)


@register_kl(Uniform, Exponential)
def _(p: Uniform, q: Exponential) -> Tensor:
    return where(p.low < 0, math.inf, q.rate * p.mean - ((p.high - p.low) * q.rate).log())


@register_kl(Uniform, Gamma)
def _(p: Uniform, q: Gamma) -> Tensor:
    width, b = p.high - p.low, q.concentration
    rest = (1 - b) * (_x_log_x(p.high) - _x_log_x(p.low) - width) / width + q.rate * p.mean
    return where(p.low < 0, math.inf, -width.log() + b.lgamma() - b * q.rate.log() + rest)


@register_kl(Uniform, Gumbel)
def _(p: Uniform, q: Gumbel) -> Tensor:
    ratio, high, low = q.scale / (p.high - p.low), (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Normal)
def _(p: Uniform, q: Normal) -> Tensor:
    width = p.high - p.low
    square = width**2 / 12 + ((p.high + p.low - 2 * q.loc) / 2) ** 2
    return (math.sqrt(math.pi * 2) * q.scale / width).log() + 0.5 * square / q.scale**2


# The values of p are not all in the support of q


def _always_infinite(name: str) -> Formula:
    """A divergence that is infinite, in the shape of a parameter of p."""

    def formula(p: Any, q: Any) -> Tensor:
        return full_like(getattr(p, name), math.inf)

    return formula


_PARTS = (Beta, Exponential, Gamma, Uniform)  # these are not on all real numbers
_OUTSIDE: list[tuple[type, str, tuple[type, ...]]] = [
    (Exponential, "rate", (Beta, Uniform)),
    (Gamma, "concentration", (Beta, Uniform)),
    (Gumbel, "loc", _PARTS),
    (Laplace, "loc", _PARTS),
    (Normal, "loc", _PARTS),
    (Poisson, "rate", (Bernoulli, Binomial)),
]
for _kind, _name, _others in _OUTSIDE:
    for _other in _others:
        register_kl(_kind, _other)(_always_infinite(_name))
