"""Gamma and Dirichlet random numbers as functions of their parameters, so that gradients flow through them.

A draw x has a fixed value of F(x; a), the distribution function: so dx/da = -(∂F/∂a) / f(x; a), with the density f (implicit
reparameterisation, Figurnov, Mohamed & Mnih 2018). ∂F/∂a has no closed form. PyTorch approximates dx/da to about three
digits, by a Taylor series for small x, a saddle point expansion for large parameters (Rice 1973), and a rational function
between them, whose coefficients were fitted (Pyro). The same formulas are here, so that the same seed gives the same gradients.
There are no second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..autograd.function import Function, once_differentiable
from ..backend import Array, put
from ..functional.random import _sample_dirichlet, _standard_gamma
from ..ops.special import digamma


class StandardGamma(Function):
    """A gamma random number of scale 1 for each shape parameter."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Tensor:
        x = _standard_gamma(concentration)
        ctx.save_for_backward(x, concentration)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:
        x, concentration = ctx.saved_tensors
        return g * _on_cpu(gamma_slope, x, concentration)


class StandardDirichlet(Function):
    """A Dirichlet random vector for each vector of concentrations."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Tensor:
        x = _sample_dirichlet(concentration)
        ctx.save_for_backward(x, concentration)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:
        x, concentration = ctx.saved_tensors
        total = concentration.sum(-1, keepdim=True).expand_as(concentration)
        return _on_cpu(dirichlet_slope, x, concentration, total) * (g - (x * g).sum(-1, keepdim=True))


def _on_cpu(slope: Callable[..., Array], x: Tensor, *parameters: Tensor) -> Tensor:
    """A slope, computed in float64, in the dtype and on the device of x."""
    arrays = [y.cpu().array.astype(np.float64) for y in (x, *parameters)]
    out = slope(*[y.ravel() for y in arrays]).reshape(arrays[0].shape)
    return Tensor._of(put(out.astype(x.dtype), x.device))


def _by_case(cases: list[tuple[Array, Callable[..., Array]]], *inputs: Array) -> Array:
    """For each element the function of the first case that is true of it."""
    out, left = np.empty_like(inputs[0]), np.ones(inputs[0].shape, bool)
    for true, function in cases:
        here = left & true
        out[here] = function(*[x[here] for x in inputs])
        left &= ~here
    return out


def _finite(x: Array) -> Array:
    return np.where(np.isnan(x), 0.0, x)


F32 = np.float32  # PyTorch compares with float32 numbers


def gamma_slope(x: Array, a: Array) -> Array:
    """dx/da of a draw x from Gamma(a)."""
    near = (float(F32(0.9)) * a <= x) & (x <= float(F32(1.1)) * a)
    large = a > 8
    cases = [(x < float(F32(0.8)), _gamma_small), (large & near, _gamma_near), (large, _gamma_far), (~large, _gamma_between)]
    return _by_case(cases, x, a)


def _gamma_small(x: Array, a: Array) -> Array:
    numerator, b = 1.0, a
    first, second = 1 / a, 1 / (a * a)
    for i in range(1, 6):
        numerator, b = numerator * (-x / i), b + 1
        first, second = first + numerator / b, second + numerator / (b * b)
    power = x**a
    slope_of_cdf = (np.log(x) - digamma(a)) * (power * first) - power * second
    return _finite(-slope_of_cdf / (x ** (a - 1) * np.exp(-x)))


def _gamma_near(x: Array, a: Array) -> Array:
    first = 1 + 24 * a * (1 + 12 * a)
    second = 1440 * (a * a) + 6 * x * (53 - 120 * x) - 65 * x * x / a + a * (107 + 3600 * x)
    return first * second / (1244160 * (a * a) * (a * a))


def _gamma_far(x: Array, a: Array) -> Array:
    root, log = np.sqrt(8 * a), np.log(x / a)
    rest = root / (a - x) + np.sign(x - a) * (x - a - a * log) ** -1.5
    inner = log * rest - np.sqrt(2 / a) * (a + x) / ((a - x) * (a - x))
    return -(1 + 1 / (12 * a) * (1 + 1 / (24 * a))) * (x * inner) / root


# fmt: off
GAMMA = np.array([
    [[0.16009398, -0.094634809, 0.025146376, -0.0030648343], [1, 0.32668115, 0.10406089, 0.0014179084]],
    [[0.53487893, 0.1298071, 0.065735949, -0.0015649758], [0.16639465, 0.020070113, -0.0035938915, -0.00058392623]],
    [[0.040121004, -0.0065914022, -0.0026286047, -0.0013441777], [0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07]],
])  # [power of log x/a, numerator or denominator, power of log a]
DIRICHLET = np.array([
    [[[1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
      [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
      [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013]],
     [[0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
      [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
      [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05]],
     [[-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
      [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
      [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05]]],
    [[[1, -0.02924021934, -0.04438342661, 0.007285809825],
      [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
      [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149]],
     [[0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
      [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
      [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05]],
     [[0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
      [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
      [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06]]],
])  # [numerator or denominator, power of u, power of v, power of w]: see _beta_between
# fmt: on


def _powers(x: Array, n: int) -> Array:
    return x ** np.arange(n)[:, None]


def _gamma_between(x: Array, a: Array) -> Array:
    numerator, denominator = np.einsum("ikj,in,jn->kn", GAMMA, _powers(np.log(x / a), 3), _powers(np.log(a), 4))
    return np.exp(numerator / denominator)


def dirichlet_slope(x: Array, a: Array, total: Array) -> Array:
    """dx/da / (1 - x) of a draw x from Beta(a, total - a), which is one component of a Dirichlet vector."""
    b, boundary = total - a, total * x * (1 - x)
    cases = [
        ((x <= 0.5) & (boundary < 2.5), _beta_small),
        ((x >= 0.5) & (boundary < 0.75), _beta_near_1),
        ((a > 6) & (b > 6), _beta_large),
        (np.ones(x.shape, bool), _beta_between),
    ]
    return _by_case(cases, x, a, b, total)


def _beta_small(x: Array, a: Array, b: Array, total: Array) -> Array:
    factor = digamma(a) - digamma(a + b) - np.log(x)
    numerator, series = 1.0, 1 / a * (factor + 1 / a)
    for i in range(1, 11):
        numerator = numerator * (i - b) * x / i
        series = series + numerator / (a + i) * (factor + 1 / (a + i))
    return _finite(x * (1 - x) ** -b * series)


def _beta_near_1(x: Array, a: Array, b: Array, total: Array) -> Array:
    """By the series of the other parameter at 1 - x, which is small."""
    x, a, b = 1 - x, b, a
    factor = digamma(a + b) - digamma(b)
    numerator, product, slope, series = 1.0, 1.0, 0.0, factor / a
    for i in range(1, 9):
        numerator = numerator * (-x / i)
        slope, product = slope * (b - i) + product, product * (b - i)
        series = series + numerator / (a + i) * (slope + factor * product)
    return -_finite(-((1 - x) ** (1 - b)) * series)


def _beta_large(x: Array, a: Array, b: Array, total: Array) -> Array:
    total = a + b
    mean, deviation = a / total, np.sqrt(a * b / (total + 1)) / total
    near = (mean - 0.1 * deviation <= x) & (x <= mean + 0.1 * deviation)  # the expansion has a pole at the mean
    return _by_case([(near, _beta_at_mean), (~near, _beta_off_mean)], x, a, b)


def _beta_at_mean(x: Array, a: Array, b: Array) -> Array:
    total, b2 = a + b, b * b
    inner = (453 + 1620 * b * (1 - x) - 455 * x) * b + a * (8 * (1 - x) * (135 * b - 11))
    inner = (43 + 20 * (16 + 27 * b) * x) * b2 * b + a * (3 * (59 + 180 * b - 90 * x) * b2 + a * inner)
    polynomial = 47 * x * b2 * b2 + a * inner
    numerator = (1 + 12 * a) * (1 + 12 * b) / (total * total)
    return numerator / (1 - x) * polynomial / (12960 * a * a * a * b2 * (1 + 12 * total))


def _stirling(x: Array) -> Array:
    return 1 + 1 / (12 * x) + 1 / (288 * x * x)


def _beta_off_mean(x: Array, a: Array, b: Array) -> Array:
    total = a + b
    distance = a * (x - 1) + b * x
    first = 2 * (a * a) * (x - 1) + a * b * (x - 1) - x * (b * b)
    first = first / (np.sqrt(2 * a / b) * total**1.5 * distance * distance)
    log = np.log(a / (total * x))
    fourth = (b * np.log(b / (total * (1 - x))) + a * log) ** -1.5
    inner = first + 0.5 * log * (np.sqrt(8 * a * b / total) / distance + np.where(x < a / total, fourth, -fourth))
    return _stirling(a) * _stirling(b) / _stirling(total) * (-x / np.sqrt(2 * a * b / total)) * inner


def _beta_between(x: Array, a: Array, b: Array, total: Array) -> Array:
    u = np.log(x)
    v = np.log(a) - u
    w = np.log(total) - v
    numerator, denominator = np.einsum("kijl,in,jn,ln->kn", DIRICHLET, _powers(u, 3), _powers(v, 3), _powers(w, 4))
    return numerator / denominator * (x * (digamma(total) - digamma(a)) / b)
