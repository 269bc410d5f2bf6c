"""Special functions: what the rows of cases/ do not show. Accuracy, names, dtypes, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
import torch

import tinygrad_lite as tl
from tinygrad_lite import special

X = np.r_[np.linspace(-16, 16, 20001), 1e-30, 1e-40, 1e38, -1e38, 0.0, -0.0, np.inf, -np.inf, np.nan].astype("f4")


def ulps(y: Any, exact: Any) -> float:
    """The largest error, in units of the last place, where the result is a normal number."""
    exact = np.asarray(exact, "f8")
    np.testing.assert_array_equal(np.isnan(y), np.isnan(exact))
    there = np.isfinite(exact) & (np.abs(exact) > 1.2e-38 if y.dtype == np.float32 else exact != 0)
    return float((np.abs(y - exact)[there] / np.abs(exact)[there]).max() / np.finfo(y.dtype).eps)


@pytest.mark.parametrize(("name", "most"), [("erf", 2), ("erfc", 4), ("ndtr", 4)])
def test_many_float32_numbers_are_as_exact_as_few(name: str, most: float) -> None:
    function = getattr(special, name)
    many = function(tl.from_numpy(X)).numpy()
    assert ulps(many, getattr(scipy.special, name)(X.astype("f8"))) < most
    few = np.concatenate([function(tl.from_numpy(part)).numpy() for part in np.split(X, range(300, X.size, 300))])
    np.testing.assert_allclose(many, few, rtol=most * 1.2e-7, atol=1e-38)
    np.testing.assert_array_equal(function(tl.from_numpy(X).reshape(2, -1).T).numpy(), many.reshape(2, -1).T)


@pytest.mark.parametrize("name", ["digamma", "trigamma"])
def test_the_gamma_functions_are_scipys(name: str) -> None:
    x = np.r_[np.linspace(-4.97, 30, 3001), np.logspace(-150, 300, 201), 1.4616321449683622, np.inf]
    ours = (special.digamma(tl.from_numpy(x)) if name == "digamma" else special.polygamma(1, tl.from_numpy(x))).numpy()
    theirs = scipy.special.digamma(x) if name == "digamma" else scipy.special.polygamma(1, x)
    np.testing.assert_allclose(ours, theirs, rtol=4e-15, atol=4e-15)
    single = x[:3001].astype("f4")
    np.testing.assert_allclose(
        special.digamma(tl.from_numpy(single)).numpy(), scipy.special.digamma(single.astype("f8")), rtol=1.2e-7
    )


def test_the_derivative_of_log_ndtr_is_exact_far_out() -> None:
    x = tl.tensor([-1e8, -1e3, 500.0], dtype=tl.float64, requires_grad=True)
    (slope,) = tl.autograd.grad(special.log_ndtr(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(slope.tolist(), [1e8, 1000.000999998, 0], rtol=1e-13)
    slope.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


NAMES = [name for name in special.__all__ if hasattr(special, name)]
WITH_ARGUMENTS = {
    "polygamma": lambda s, x: s.polygamma(2, x),
    "multigammaln": lambda s, x: s.multigammaln(x + 2, 3),
    "zeta": lambda s, x: s.zeta(x + 1, x),
    "xlog1py": lambda s, x: s.xlog1py(x, 2.5),
    "xlogy": lambda s, x: s.xlogy(x, 2.5),
    "gammainc": lambda s, x: s.gammainc(x, x),
    "gammaincc": lambda s, x: s.gammaincc(x, x),
    **{name: lambda s, x, name=name: getattr(s, name)(x, 0) for name in ("softmax", "log_softmax", "logsumexp")},
}
# PyTorch's float64 values have errors up to 4e-6 (bessel_j0 and its relatives)
COARSE = {"airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_values_and_dtypes_equal_torch(name: str, dtype: str) -> None:
    values = np.array([0.125, 0.5, 0.75, 1.0, 2.5, 7.0]).astype(dtype)
    function = WITH_ARGUMENTS.get(name, lambda s, x: getattr(s, name)(x))
    try:
        theirs = function(torch.special, torch.from_numpy(values))
    except (RuntimeError, TypeError):  # softmax, gammainc and others want floats; some of ours take integers too
        return
    ours = function(special, tl.from_numpy(values))
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    tolerance = 1e-5 if name in COARSE else {"float64": 1e-13}.get(str(ours.dtype), 2e-6)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)


def test_names_are_those_of_torch() -> None:
    assert set(special.__all__) <= set(dir(torch.special))
    with pytest.raises(AttributeError, match=r"'tinygrad_lite.special' has no attribute 'hermite_polynomial_h'"):
        _ = special.hermite_polynomial_h  # type: ignore[attr-defined]


@pytest.mark.parametrize("t", [tl, torch])
def test_errors(t: Any) -> None:
    x = t.ones(2)
    with pytest.raises(RuntimeError, match="negative n"):
        t.polygamma(-1, x)
    with pytest.raises(RuntimeError, match="greater than or equal to 1"):
        t.mvlgamma(x, 0)
    for function in (t.igamma, t.igammac, t.special.zeta):
        with pytest.raises(NotImplementedError, match="derivative for"):
            function(t.ones(2).requires_grad_(), x + 1).sum().backward()
        with pytest.raises(RuntimeError):
            function(t.ones(2), t.ones(3))
    for numbers in (lambda: t.special.zeta(2, 1), lambda: t.igamma(1, x), lambda: t.igammac(x, 1)):
        with pytest.raises(TypeError):
            numbers()
    with pytest.raises(RuntimeError):
        t.tensor([1, 2]).erf_()


def test_bessel_functions_have_no_derivative() -> None:
    for t in (tl, torch):
        assert not t.special.bessel_j0(t.ones(2).requires_grad_()).requires_grad


def test_derivatives_of_sinc_and_erfcx_keep_their_digits() -> None:
    """The formulas cancel: that of sinc near 0, that of erfcx far from 0."""
    x = tl.tensor([0.0, 1e-9, 1e-3], dtype=tl.float64, requires_grad=True)
    (first,) = tl.autograd.grad(x.sinc().sum(), x, create_graph=True)
    np.testing.assert_allclose(first.tolist(), [0, -(np.pi**2) / 3 * 1e-9, -0.0032898648867278963], 1e-13)
    (second,) = tl.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.tolist(), [-(np.pi**2) / 3, -(np.pi**2) / 3, -3.289858392793072], 1e-13)
    y = tl.tensor([99.0, 1001.0], requires_grad=True)
    tl.special.erfcx(y).sum().backward()
    np.testing.assert_allclose(y.grad.tolist(), [-5.7555684e-05, -5.6306205e-07], 1e-6)
