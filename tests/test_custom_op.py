"""`@op` on a user's function: what it refuses at import, and the errors for a wrong vjp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import tape
from tinygrad_lite.apply import op
from tinygrad_lite.tape import ops


def leaf(*values: float) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


# What is refused at import


def test_a_misspelt_vjp_is_told_at_import() -> None:
    def forward(x: Any, y: Any, *, axis: int = 0) -> Any:
        return x + y

    words = "@op forward: the keyword z= is neither an input nor a lemma.*the known names are x, y, axis, out, shape"
    with pytest.raises(TypeError, match=words):
        op(z=lambda g: g)(forward)
    with pytest.raises(TypeError, match=r"@op forward: the vjp x= asks for \['yy'\]; the known names are x, y, axis"):
        op(x=lambda g, yy: g)(forward)
    with pytest.raises(TypeError, match=r"asks for \['nth'\]"):
        op(x=lambda g, nth: g)(forward)
    assert "forward" not in tape.ops


def double(x: Any) -> Any:
    return x + x


@pytest.mark.parametrize(
    ("vjps", "forward", "words"),
    [
        ({}, double, "the input x has no vjp.*x=None"),
        ({"x": lambda g, *, out: g}, double, r"the vjp x= takes positional parameters only, in a vjp g first"),
        ({"x": lambda g, *rest: g}, double, r"the vjp x= takes positional parameters only, in a vjp g first"),
        ({"x": lambda: 1}, double, r"the vjp x= takes positional parameters only, in a vjp g first"),
        ({"x": np.negative}, double, "the vjp x= must be a Python function.*ufunc"),
        ({"x": lambda g: g}, np.exp, "expected a Python function, got ufunc"),
    ],
)
def test_op_refuses_what_would_lose_a_gradient(vjps: Any, forward: Any, words: str) -> None:
    before = dict(ops)
    with pytest.raises(TypeError, match=words):
        op(**vjps)(forward)
    assert ops == before


def test_the_name_of_an_op_is_taken_once() -> None:
    def twice(x: Any) -> Any:
        return x + x

    def another() -> Any:
        def twice(x: Any) -> Any:
            return 2 * x

        return twice

    try:
        for _ in range(2):
            op(x=lambda g: g * 2)(twice)  # the same lines, run again
        with pytest.raises(TypeError, match=r"@op twice: an op of this name exists already, in .*test_custom_op.py, line \d+"):
            op(x=lambda g: g)(another())
    finally:
        ops.pop("twice", None)


def test_a_users_op_may_have_the_name_of_one_of_ours() -> None:
    def exp(x: Any) -> Any:
        return x * 3

    ours, x = ops["exp"], leaf(1.0)
    op(x=lambda g: g * 3)(exp)(x).sum().backward()
    assert x.grad.tolist() == [3.0] and ops["exp"] is ours
    tl.exp(x).sum().backward()
    assert x.grad.tolist() == [3.0 + np.e]


# What an op is and does


def test_an_op_called_on_arrays_is_its_forward() -> None:
    for function, array in ((tl.exp, np.zeros(2)), (tl.tanh, np.ones(3)), (tl.add, np.ones(3))):
        out = function(array, array) if function is tl.add else function(array)
        assert type(out) is np.ndarray


def test_names_and_docstrings_stay() -> None:
    assert tl.exp.__name__ == "exp"
    assert "derivative" in (tl.exp.__doc__ or "")


def test_a_variadic_op_may_have_locals() -> None:
    def joined(*xs: Any) -> Any:
        ends = [x + 0 for x in xs]
        return np.concatenate(ends)

    try:
        made = op(xs=lambda g, nth: g[2 * nth : 2 * nth + 2])(joined)
        x, y = (tl.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        (made(x, y) * tl.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
        assert (x.grad.tolist(), y.grad.tolist()) == ([1, 2], [3, 4])
    finally:
        tape.ops.pop("joined", None)


@pytest.mark.parametrize(
    ("vjp", "words"),
    [
        (lambda g: g.sum(), r"the vjp x= of wrong gave \[\] where x is \[3\]"),
        (lambda g: None, r"the vjp x= of wrong gave None where x is \[3\]"),
        (lambda g: g[:2], r"the vjp x= of wrong gave \[2\] where x is \[3\]"),
        (lambda g: g.reshape(3, 1), r"the vjp x= of wrong gave \[3, 1\] where x is \[3\]"),
        (lambda g: g @ np.ones((2, 2)), r"the vjp x= of wrong failed, where x is \[3\]: ValueError"),
    ],
)
def test_a_wrong_vjp_is_named(vjp: Any, words: str) -> None:
    def wrong(x: Any) -> Any:
        return x * 1

    try:
        made = op(x=vjp)(wrong)
        with pytest.raises(RuntimeError, match=words):
            made(leaf(1.0, 2.0, 3.0)).sum().backward()
    finally:
        ops.pop("wrong", None)


def test_a_vjp_that_returns_what_was_kept_does_not_give_it_away() -> None:
    def scaled(x: Any, y: Any) -> Any:
        return x * y

    try:
        made = op(x=lambda g, y: y, y=lambda g, x: x)(scaled)
        x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
        made(x, y).sum().backward()
        assert x.grad is not None
        x.grad.zero_()
        assert y.tolist() == [3, 4]
    finally:
        ops.pop("scaled", None)


def test_options_may_be_given_by_position() -> None:
    @op(x=lambda g, scale, shift: g * scale)
    def scaled(x: Any, *, scale: float = 1.0, shift: float = 0.0) -> Any:
        return x * scale + shift

    try:
        x = tl.tensor([1.0, 2.0], requires_grad=True)
        y = scaled(x, 3.0, shift=1.0)
        y.sum().backward()
        assert y.tolist() == scaled(x, 3.0, 1.0).tolist() == [4.0, 7.0]
        assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]
        assert scaled(np.ones(1), 2.0).tolist() == [2.0]
        with pytest.raises(TypeError, match=r"scaled: takes \(input, scale, shift\), got 4 arguments by position"):
            scaled(x, 1, 2, 3)
        with pytest.raises(TypeError, match=r"scaled: .* got 2 arguments by position and \['scale'\] by name"):
            scaled(x, 1, scale=2)
        with pytest.raises(TypeError, match=r"exp: takes \(input\), got 2"):
            tl.exp(x, 2)
    finally:
        del ops["scaled"]


def test_the_derivatives_must_be_given() -> None:
    with pytest.raises(TypeError, match=r"@op: give the derivative of each input above the function: @op\(x=lambda g"):

        @op
        def bare(x: Any) -> Any:
            return x
