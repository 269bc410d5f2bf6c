"""PyTorch's torch.special: special functions under the names that they have in SciPy.

Many have another name in tinygrad_lite too (erf, lgamma, softmax, ...), where their derivatives and docstrings are. The Bessel
functions other than I0 and I1 have no derivatives, as in PyTorch: their results do not require grad.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._tensor import Tensor
from .dtypes import get_default_dtype
from .functional.logarithmic import logit, xlogy
from .functional.neural import log_softmax, softmax
from .functional.reduction import logsumexp
from .functional.rounding import round
from .functional.special import mvlgamma as multigammaln
from .functional.special import polygamma
from .operands import Number, as_array, not_a_tensor
from .ops import special as ops
from .ops.error_function import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .ops.logarithmic import exp2, expm1, log1p
from .ops.neural.activation import sigmoid as expit
from .ops.special import digamma, entr, i0, i0e, i1, i1e, scipy_for, xlog1py
from .ops.special import digamma as psi
from .ops.special import igamma as gammainc
from .ops.special import igammac as gammaincc
from .ops.special import lgamma as gammaln
from .ops.trigonometric import sinc
from .suggest import missing_from, names_in

# fmt: off
__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "log1p", "log_ndtr", "log_softmax", "logit",
    "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln", "ndtr",
    "ndtri", "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "sinc", "softmax",
    "spherical_bessel_j0", "xlog1py", "xlogy", "zeta",
]
# fmt: on


def _without_derivative(name: str, what: str, values: Callable[[Any, Any], Any]) -> Callable[[Tensor], Tensor]:
    def function(input: Tensor) -> Tensor:
        x = input.array if input.array.dtype.kind == "f" else input.array.astype(get_default_dtype())
        return Tensor._of(as_array(values(scipy_for(x), x)).astype(x.dtype, copy=False))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{what}, without a derivative: the result does not require grad."
    return function


airy_ai = _without_derivative("airy_ai", "The Airy function Ai", lambda scipy, x: scipy.airy(x)[0])
bessel_j0 = _without_derivative("bessel_j0", "The Bessel function J0", lambda scipy, x: scipy.j0(x))
bessel_j1 = _without_derivative("bessel_j1", "The Bessel function J1", lambda scipy, x: scipy.j1(x))
bessel_y0 = _without_derivative("bessel_y0", "The Bessel function Y0", lambda scipy, x: scipy.y0(x))
bessel_y1 = _without_derivative("bessel_y1", "The Bessel function Y1", lambda scipy, x: scipy.y1(x))
modified_bessel_i0 = _without_derivative("modified_bessel_i0", "The modified Bessel function I0", lambda scipy, x: scipy.i0(x))
modified_bessel_i1 = _without_derivative("modified_bessel_i1", "The modified Bessel function I1", lambda scipy, x: scipy.i1(x))
modified_bessel_k0 = _without_derivative("modified_bessel_k0", "The modified Bessel function K0", lambda scipy, x: scipy.k0(x))
modified_bessel_k1 = _without_derivative("modified_bessel_k1", "The modified Bessel function K1", lambda scipy, x: scipy.k1(x))
scaled_modified_bessel_k0 = _without_derivative("scaled_modified_bessel_k0", "e^x K0(x)", lambda scipy, x: scipy.k0e(x))
scaled_modified_bessel_k1 = _without_derivative("scaled_modified_bessel_k1", "e^x K1(x)", lambda scipy, x: scipy.k1e(x))
spherical_bessel_j0 = _without_derivative("spherical_bessel_j0", "sin x / x, which is 1 at 0", lambda scipy, x: _sine_by_x(x))


def _sine_by_x(x: Any) -> Any:
    """SciPy's spherical_jn(0, x) takes 37 ms for 1,000,000 numbers, and 20 µs for 16."""
    out = np.sin(x) / x  # nan at 0 and inf
    return np.where(x == 0, 1, np.where(np.isinf(x), 0, out))


def zeta(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Hurwitz' zeta function, Σ 1 / (other + k)^input over k = 0, 1, ...; differentiable in `other` only.
    TypeError for two numbers.
    >>> zeta(tensor([2.0, 4.0]), 1)
    tensor([1.6449, 1.0823])
    """
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise not_a_tensor("zeta", other)
    return ops.zeta(input, other)


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
