"""Elementwise functions beside PyTorch: dtypes of results, arguments, operators, in-place forms and errors."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
ONE = (
    "sin cos tan asin acos atan sinh cosh asinh acosh atanh sinc logit log1p log2 log10 expm1 exp2 floor ceil round trunc "
    "fix frac reciprocal rsqrt angle square deg2rad rad2deg nan_to_num sgn sign positive conj real isreal signbit isnan "
    "isinf isfinite isposinf isneginf logical_not bitwise_not absolute negative"
)
TWO = (
    "add sub mul div true_divide fmod remainder floor_divide atan2 logaddexp logaddexp2 xlogy hypot copysign fmax fmin "
    "maximum minimum heaviside nextafter gcd lcm ldexp float_power eq ne lt le gt ge logical_and logical_or logical_xor "
    "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift"
)
# What PyTorch refuses and we compute, with bools: -, +x, rounding and shifts of them are refused on both sides.
GOES_FURTHER = {"ldexp", "absolute", "fmod", "remainder", "floor_divide"}


def outcome(call: Any, *args: Any, **options: Any) -> Any:
    """What a call returns, as an array; None if it is refused."""
    try:
        return np.asarray(call(*args, **options))
    except (RuntimeError, TypeError):
        return None


def agree(name: str, ours: Any, theirs: Any) -> None:
    if theirs is None and name in GOES_FURTHER:
        return
    assert (ours is None) == (theirs is None), f"ours: {ours}, PyTorch's: {theirs}"
    if theirs is not None:
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=2e-3 if ours.dtype == np.float16 else 1e-6)


@pytest.mark.parametrize("name", ONE.split())
def test_dtypes_of_one(name: str) -> None:
    for dtype in DTYPES:
        for values in ([0, 1, 3], 1):
            a = np.array(values, dtype)
            agree(name, outcome(getattr(tl, name), tl.tensor(a)), outcome(getattr(torch, name), torch.tensor(a)))


@pytest.mark.parametrize("name", TWO.split())
def test_dtypes_of_two(name: str) -> None:
    for first in DTYPES:
        for second in DTYPES:
            a, b = np.array([5, 1, 3]).astype(first), np.array([2, 1, 3]).astype(second)
            ours = outcome(getattr(tl, name), tl.tensor(a), tl.tensor(b))
            agree(name, ours, outcome(getattr(torch, name), torch.tensor(a), torch.tensor(b)))


@pytest.mark.parametrize("name", TWO.split())
def test_numbers_as_operands(name: str) -> None:
    for dtype in ("int8", "int64", "float32"):
        a = np.array([5, 1, 3], dtype)
        for number in (2, 2.5, -1):
            ours, theirs = [lambda *xs, t=t: outcome(getattr(t, name), *xs) for t in (tl, torch)]
            agree(name, ours(tl.tensor(a), number), theirs(torch.tensor(a), number))
            agree(name, ours(number, tl.tensor(a)), theirs(number, torch.tensor(a)))
    agree(name, outcome(getattr(tl, name), 3, 2), outcome(getattr(torch, name), 3, 2))


OPERATORS: list[Any] = [
    lambda x: x % 3,
    lambda x: 7 % x,
    lambda x: x // 2,
    lambda x: 7 // x,
    lambda x: x << 1,
    lambda x: 1 << x,
    lambda x: x >> 1,
    lambda x: 9 >> x,
    lambda x: x & 5,
    lambda x: 5 ^ x,
    lambda x: ~x,
    lambda x: operator.imod(x, 3),
    lambda x: operator.ifloordiv(x, 2),
    lambda x: operator.ilshift(x, 2),
    lambda x: operator.irshift(x, 1),
    lambda x: operator.iand(x, 5),
    lambda x: operator.iadd(x, 300),
    lambda x: x + 300,
    lambda x: 300 - x,
    lambda x: x * -1,
    lambda x: x == 261,
    lambda x: x.add(x, alpha=2),
    lambda x: x.sub(1, alpha=3),
    lambda x: x.add_(x, alpha=2),
    lambda x: x.sub_(x, alpha=0.5),
    lambda x: x.div(-2, rounding_mode="trunc"),
    lambda x: x.div(-2, rounding_mode="floor"),
    lambda x: x.div_(2, rounding_mode="floor"),
    lambda x: x.div_(2),
    lambda x: x.div(2, rounding_mode="up"),
    lambda x: x.multiply_(3),
    lambda x: x.eq_(5),
    lambda x: x.logical_not_(),
    lambda x: x.bitwise_not_(),
    lambda x: x.floor_divide_(2),
    lambda x: x.clamp_min(2.5),
    lambda x: x.clamp_max_(2),
    lambda x: x.float_power_(2),
    lambda x: x.lerp(x, 0.5),
    lambda x: x.addcmul(x, x, value=2),
    lambda x: x.addcdiv(x, x),
    lambda x: x.round(decimals=1),
]


@pytest.mark.parametrize("nth", range(len(OPERATORS)))
def test_operators_and_in_place_forms(nth: int) -> None:
    for dtype in DTYPES[1:]:
        a = np.array([5, 1, 3], dtype)
        agree("", outcome(OPERATORS[nth], tl.tensor(a)), outcome(OPERATORS[nth], torch.tensor(a)))


@pytest.mark.parametrize("name", ["remainder", "fmod", "floor_divide"])
def test_integers_are_not_divided_by_zero(name: str) -> None:
    for t in (tl, torch):
        for divisor in (0, t.tensor([1, 0])):
            with pytest.raises(RuntimeError, match=r"ZeroDivisionError|divided by 0"):
                getattr(t, name)(t.tensor([1, 2]), divisor)


@pytest.mark.parametrize("name", ["remainder", "fmod", "floor_divide", "hypot"])
@pytest.mark.parametrize("odd", [None, 0.0, np.inf, np.nan, 1e-38])
def test_many_float32_are_divided_exactly(name: str, odd: float | None) -> None:
    """From 1,000 numbers on, these are computed in float64; a piece with a huge quotient is not."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((2, 40_000)) * [[1000.0], [10.0]]).astype("f4")
    if odd is not None:
        y[20_000] = odd
        x[20_001] = odd
    exact = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    for divisor in (y, -2.5):
        theirs = exact[1] if divisor is y else torch.tensor(-2.5, dtype=torch.float64)
        ours = getattr(tl, name)(tl.tensor(x), tl.tensor(divisor))
        assert ours.dtype == tl.float32
        np.testing.assert_allclose(ours.numpy(), getattr(torch, name)(exact[0], theirs).float(), rtol=1e-6, atol=1e-6)


def test_small_numbers_do_not_cancel() -> None:
    x = np.float32([1e-10, -3e-9, 1e-30, 2e-7])
    for name in ("log1p", "expm1", "sin", "asinh", "atanh", "sinh", "tan"):
        y = getattr(tl, name)(tl.tensor(x)).numpy()
        exact = getattr(np, {"asinh": "arcsinh", "atanh": "arctanh"}.get(name, name))(x.astype("f8"))
        np.testing.assert_allclose(y, exact, rtol=3e-7)
    y = tl.logaddexp(tl.tensor(x), tl.tensor([-40.0])).numpy()
    np.testing.assert_allclose(y, np.logaddexp(x.astype("f8"), -40.0), rtol=3e-7)


def test_where_with_one_argument_gives_places() -> None:
    for values in ([[0, 1], [2, 0]], [0, 0], 3, 0):
        ours, theirs = tl.where(tl.tensor(values)), torch.where(torch.tensor(values))
        assert [x.tolist() for x in ours] == [x.tolist() for x in theirs]
        assert all(x.dtype == tl.int64 for x in ours)


def test_an_in_place_comparison_cuts_the_gradient() -> None:
    for t in (tl, torch):
        w = t.tensor([1.0, 2.0], requires_grad=True)
        x = w * 2
        x.eq_(2.0)
        x.sum().backward()
        assert x.tolist() == [1.0, 0.0]
        assert w.grad.tolist() == [0.0, 0.0]


def test_frexp_names_its_parts() -> None:
    x = [1.0, -6.3, 0.0, 1e-40]
    ours, theirs = tl.frexp(tl.tensor(x)), torch.frexp(torch.tensor(x))
    assert ours.mantissa.tolist() == theirs.mantissa.tolist()
    assert ours.exponent.tolist() == theirs.exponent.tolist()
    assert ours.exponent.dtype == tl.int32
