"""gradcheck and gradgradcheck: they must find wrong derivatives, and must accept right ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import tape
from tinygrad_lite.apply import op
from tinygrad_lite.autograd import gradcheck, gradgradcheck


def leaf(*values: Any) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


@pytest.fixture
def wrong() -> Iterator[dict[str, Any]]:
    """Ops whose derivatives are wrong in the first or in the second order."""

    def square(x: Any) -> Any:
        return x * x

    def product(x: Any, y: Any) -> Any:
        return x * y

    known = dict(tape.ops)
    yield {
        "factor": op(x=lambda g, x: g * x)(square),
        "sign": op(x=lambda g, x: -2 * g * x)(square),
        "second": op(x=lambda g, x: 2 * g * (x.detach() if isinstance(x, tl.Tensor) else x))(square),
        "one input": op(x=lambda g, y: g * y, y=lambda g, y: g * y)(product),
    }
    tape.ops.clear()
    tape.ops.update(known)


@pytest.mark.parametrize("name", ["factor", "sign"])
def test_a_wrong_derivative_is_found(name: str, wrong: Any) -> None:
    with pytest.raises(
        RuntimeError, match=r"Jacobian of output 0 .* input 0 is wrong\nby differences:\n.*\nby the derivative:"
    ):
        gradcheck(wrong[name], leaf(1.0))
    assert gradcheck(wrong[name], leaf(1.0, 2.0), raise_exception=False) is False


def test_the_wrong_input_is_named(wrong: Any) -> None:
    with pytest.raises(RuntimeError, match="input 1"):
        gradcheck(wrong["one input"], (leaf(1.0), leaf(3.0)))
    assert gradcheck(wrong["one input"], (leaf(1.0), tl.tensor([3.0], dtype=tl.float64)))


def test_a_lost_second_derivative_is_found(wrong: Any) -> None:
    x = leaf(1.0, 2.0)
    assert gradcheck(wrong["second"], x)
    with pytest.raises(RuntimeError, match="Jacobian"):
        gradgradcheck(wrong["second"], x)
    assert gradgradcheck(wrong["second"], x, raise_exception=False) is False


def test_right_ones_pass() -> None:
    x, w = leaf(0.3, -0.7), tl.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=tl.float64, requires_grad=True)
    for function in (lambda x, w: (x @ w).tanh(), lambda x, w: (x.exp(), (w * x).sum()), lambda x, w: w.softmax(1)[0] * x):
        assert gradcheck(function, (x, w))
        assert gradgradcheck(function, (x, w))
    assert gradcheck(lambda x: x.sum(), x)
    assert gradcheck(lambda x: x * 2, tl.tensor(1.0, dtype=tl.float64, requires_grad=True))
    assert gradcheck(lambda x: x * 2, tl.zeros(0, dtype=tl.float64, requires_grad=True))
    assert gradgradcheck(lambda x: x * 2, x)  # linear: there is no second derivative to check


def test_inputs_are_left_as_they_were() -> None:
    x = leaf(0.3, -0.7)
    before = x.array.copy()
    gradgradcheck(lambda x: (x * x).exp(), x)
    np.testing.assert_array_equal(x.detach().numpy(), before)
    assert x.grad is None
    assert x.is_leaf


def test_an_output_that_does_not_depend_on_an_input() -> None:
    assert gradcheck(lambda x, y: (x * 2, y * 3), (leaf(1.0), leaf(2.0)))


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="no input requires grad"):
        gradcheck(tl.exp, tl.tensor([1.0], dtype=tl.float64))
    with pytest.raises(ValueError, match=r"float32.*double\(\)"):
        gradcheck(tl.exp, tl.tensor([1.0], requires_grad=True))


def test_a_constant_has_a_zero_derivative() -> None:
    assert gradcheck(lambda x: (x * 2, tl.tensor([1.0], dtype=tl.float64)), leaf(1.0))
    with pytest.raises(RuntimeError, match="Jacobian of output 0"):
        gradcheck(lambda x: x.detach() * 2, leaf(1.0))
