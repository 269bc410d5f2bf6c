"""Special functions: the gamma function and its relatives, the Bessel functions I, and x log x without the nan at 0.

The values are SciPy's, from scipy.special, which is imported when it is first needed; on the GPU from cupyx.scipy.special.
The error function and the normal distribution are in error_function.py.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import factorial, pi
from typing import Any, Never

import numpy as np

from ..apply import op, tensors_only
from ..backend import Array, array_module
from .arithmetic import sign
from .choice import masked, where
from .exponential import exp, log

__all__ = ["lgamma", "digamma", "i0", "igamma", "igammac"]
IN_PLACE = [*__all__, "polygamma"]
METHODS = ["polygamma"]  # the function is polygamma(n, x): functional/special.py

SCIPY: dict[str, Any] = {}


def scipy_for(*operands: Any) -> Any:
    """scipy.special, or its twin for CuPy's arrays."""
    first = next((x for x in operands if hasattr(x, "dtype")), None)
    name = "scipy.special" if first is None or isinstance(first, (np.ndarray, np.generic)) else "cupyx.scipy.special"
    if name not in SCIPY:
        SCIPY[name] = import_module(name)
    return SCIPY[name]


PIECE = 1 << 15
FEW = 64  # up to here one call of SciPy takes less time than the many passes of ours


def in_pieces(function: Callable[..., Array], *xs: Any) -> Any:
    """function(*xs) for a function of many passes, element by element, 32,768 numbers at a time: what a pass leaves is in the
    cache for the next. Tensors and CuPy's arrays go through it as a whole.
    """
    x = xs[0]
    if not isinstance(x, np.ndarray):
        return function(*xs)
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    if x.size <= PIECE:
        return function(*xs).astype(dtype, copy=False)
    out, flat = array_module(x).empty(x.shape, dtype), [x.reshape(-1) for x in xs]
    into = out.reshape(-1)
    for start in range(0, x.size, PIECE):
        into[start : start + PIECE] = function(*[x[start : start + PIECE] for x in flat])
    return out


CACHED = 1 << 17  # numbers that stay in the cache while several passes go over them

def pieces(x: Array) -> list[slice]:
    """Parts of an array along its first axis, of about CACHED numbers each; on a GPU the array as a whole."""
    n = max(len(x), 1)
    step = max(1, CACHED * n // max(x.size, 1)) if isinstance(x, np.ndarray) else n
    return [slice(start, start + step) for start in range(0, n, step)]


def not_implemented(what: str) -> Never:
    """The error for a derivative that PyTorch does not have either, because it has no simple form."""
    raise NotImplementedError(f"the derivative for {what!r} is not implemented, as in PyTorch; detach() that input")


# Gamma

@op(x=lambda g, x: g * digamma(x))
def lgamma(x: Array) -> Array:
    """log |Γ(x)|, where Γ(n) = (n - 1)!; inf at 0, -1, -2, ...
    >>> tensor([1.0, 5.0]).lgamma()
    tensor([0.0000, 3.1781])
    """
    return scipy_for(x).gammaln(np.maximum(x, -3e38))  # inf at -inf too, as in PyTorch; SciPy has -inf there

@op(x=lambda g, x: g * trigamma(x))
def digamma(x: Array) -> Array:
    """The derivative of log Γ(x); ∓inf at ±0, nan at -1, -2, ...
    >>> tensor([1.0, 2.0]).digamma()
    tensor([-0.5772,  0.4228])
    """
    # SciPy's takes 0.6 µs for a number near the root 1.46, and 25 times as long as PyTorch's for normal numbers; for 16 numbers
    # it takes 5 µs, the many passes of ours 40.
    return in_pieces(_digamma, x) if isinstance(x, np.ndarray) and x.size > FEW else scipy_for(x).digamma(x)

@op(x=lambda g, x: g * polygamma(x, n=2))
def trigamma(x: Array) -> Array:
    """The derivative of digamma, Σ 1 / (x + k)² over k = 0, 1, ..."""
    # As in digamma: ten times as fast as SciPy's zeta(2, x).
    if not isinstance(x, np.ndarray):
        return scipy_for(x).polygamma(1, x)
    if x.size <= FEW and x.dtype.kind == "f" and (x > 0).all():  # for x < 0 SciPy's is nan
        return scipy_for(x).zeta(2.0, x.astype(np.float64)).astype(x.dtype)
    return in_pieces(_trigamma, x)

@op(x=lambda g, x, n: g * polygamma(x, n=n + 1))
def polygamma(x: Array, *, n: int) -> Array:
    """The n-th derivative of digamma, (-1)^(n+1) n! ζ(n+1, x) for n >= 1.
    >>> tensor([1.0, 2.0]).polygamma(1)
    tensor([1.6449, 0.6449])
    """
    if n < 2:
        return trigamma(x) if n else digamma(x)
    return zeta(n + 1.0, x) * ((-1.0) ** (n + 1) * factorial(n))

@op(x=lambda g: not_implemented("zeta: input"),
    q=lambda g, x, q: g * (-x * zeta(x + 1, q)))
def zeta(x: Array, q: Array) -> Array:
    """Hurwitz' zeta function, Σ 1 / (q + k)^x over k = 0, 1, ...; differentiable in q only."""
    return scipy_for(x, q).zeta(x, q)

@op(a=lambda g: not_implemented("igamma: input"),
    x=lambda g, a, x: g * exp((a - 1) * log(x) - x - lgamma(a)))
@tensors_only
def igamma(a: Array, x: Array) -> Array:
    """The share of Γ(a) = ∫ t^(a-1) e^-t dt that comes from 0 < t < x: from 0 at x = 0 to 1; differentiable in x only.
    >>> tensor([1.0, 1.0]).igamma(tensor([0.0, 1.0]))
    tensor([0.0000, 0.6321])
    """
    return scipy_for(a, x).gammainc(a, x)

@op(a=lambda g: not_implemented("igammac: input"),
    x=lambda g, a, x: -g * exp((a - 1) * log(x) - x - lgamma(a)))
@tensors_only
def igammac(a: Array, x: Array) -> Array:
    """1 - igamma(a, x), without cancellation; differentiable in x only."""
    return scipy_for(a, x).gammaincc(a, x)


# Bessel functions: I0 and I1 grow like e^|x|, I0e and I1e are these times e^-|x|

@op(x=lambda g, x: g * i1(x))
def i0(x: Array) -> Array:
    """The modified Bessel function I0, Σ (x/2)^2k / k!² over k = 0, 1, ...
    >>> tensor([0.0, 1.0]).i0()
    tensor([1.0000, 1.2661])
    """
    return scipy_for(x).i0(x)

@op(x=lambda g, x, out: g * (i1e(x) - sign(x) * out))
def i0e(x: Array) -> Array:
    """e^-|x| I0(x)."""
    return scipy_for(x).i0e(x)

@op(x=lambda g, x, out, s: g * where(s == x, i0(s) - out / s, 0.5),
    s=lambda x: without_0(x))
def i1(x: Array) -> Array:
    """The modified Bessel function I1, the derivative of I0. Its derivative at 0 is ½, and, as in PyTorch, at nan."""
    return scipy_for(x).i1(x)

@op(x=lambda g, x, out, s: g * where(s == x, i0e(s) - out * (sign(s) + 1 / s), 0.5),
    s=lambda x: without_0(x))
def i1e(x: Array) -> Array:
    """e^-|x| I1(x)."""
    return scipy_for(x).i1e(x)


def without_0(x: Any) -> Any:
    """x, with 1 for 0 and nan."""
    return where((x < 0) | (x > 0), x, 1.0)


# x log x

@op(x=lambda g, x: g * (-1 - log(x)))
def entr(x: Array) -> Array:
    """-x log x, the entropy of a probability: 0 at 0, -inf for negative x."""
    return np.where(x < 0, -np.inf, masked(x * -np.log(x), x != 0))

@op(x=lambda g, x, y: masked(xlog1py(g, y), ~((x == 0) & (y <= -1))),
    y=lambda g, x, y: g * x / (y + 1))
def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y); 0 where x = 0, unless y is nan."""
    log = np.log1p(y) if hasattr(y, "dtype") else float(np.log1p(y))  # a Python number stays weak
    return masked(x * log, (x != 0) | np.isnan(y))


# The two gamma functions that are too slow in SciPy: for z > 10 by a series in 1/z, whose coefficients are Bernoulli's numbers;
# for smaller x by what x + 10 gives. Computed in float64, as SciPy does.

DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
TRIGAMMA = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    out = x * coefficients[-1]
    for c in coefficients[-2::-1]:
        out += c
        out *= x
    return out


def _digamma(x: Array) -> Array:
    x = x.astype(np.float64)
    left = x < 0
    if left.any():  # ψ(x) = ψ(1 - x) - π / tan(πx)
        out, y = np.empty_like(x), x[left]
        out[~left] = _digamma(x[~left])
        out[left] = _digamma(1 - y) - pi / np.tan(pi * (y - np.trunc(y)))
        out[left & (np.trunc(x) == x)] = np.nan
        return out
    near = np.minimum(x, 1e100)  # Σ 1 / (x + k) over k < 10, in pairs (k, 9 - k); beyond, it is 0 beside the rest
    w = near * (near + 9)
    steps = 1 / w
    for c in (8, 14, 18, 20):
        steps += 1 / (w + c)
    z = x + 10
    return np.log(z) - 0.5 / z - _series(DIGAMMA, 1 / (z * z)) - steps * (2 * near + 9)


def _trigamma(x: Array) -> Array:
    x = x.astype(np.float64)
    left = x < 0.5
    if left.any():  # ψ'(x) = π² / sin²(πx) - ψ'(1 - x)
        out, y = np.empty_like(x), x[left]
        out[~left] = _trigamma(x[~left])
        out[left] = (pi / np.sin(pi * (y - np.rint(y)))) ** 2 - _trigamma(1 - y)
        return out
    steps = 1 / (x * x)
    for k in range(1, 10):
        steps += 1 / (x + k) ** 2
    z = x + 10
    return steps + (1 + 0.5 / z + _series(TRIGAMMA, 1 / (z * z))) / z
