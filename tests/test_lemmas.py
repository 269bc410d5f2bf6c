"""Lemmas: work that the vjps of an op share, computed at most once for each node, to any order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import tape
from tinygrad_lite.apply import op
from tinygrad_lite.autograd import grad, gradcheck, gradgradcheck
from tinygrad_lite.ops.reduction import mean

calls: list[str] = []


def counted(name: str, value: Any) -> Any:
    """The value, after a note that the lemma was computed."""
    calls.append(name)
    return value


@pytest.fixture(autouse=True)
def _no_calls() -> Iterator[None]:
    calls.clear()
    yield


def average(x: Any) -> Any:
    return mean(x, axis=(1,), keepdims=True, n=x.shape[1])


@pytest.fixture(scope="module")
def standardized() -> Iterator[Callable[..., tl.Tensor]]:
    """weight · (x - mean) / std by rows, whose two vjps share the standardized numbers: layer_norm without a bias."""

    @op(
        x=lambda g, weight, x_hat, std: (g * weight - average(g * weight) - x_hat * average(g * weight * x_hat)) / std,
        weight=lambda g, x_hat: g * x_hat,
        std=lambda x, eps: counted("std", (average((x - average(x)) ** 2) + eps) ** 0.5),
        x_hat=lambda x, std: counted("x_hat", (x - average(x)) / std),
    )
    def standardized(x: Any, weight: Any, *, eps: float = 1e-5) -> Any:
        x = x - x.mean(1, keepdims=True)
        return weight * x / np.sqrt((x**2).mean(1, keepdims=True) + eps)

    yield standardized
    del tape.ops["standardized"]  # or test_ops would miss its row


def inputs() -> tuple[tl.Tensor, tl.Tensor]:
    x = tl.tensor(np.random.default_rng(0).standard_normal((2, 4)), requires_grad=True)
    return x, tl.tensor(np.random.default_rng(1).standard_normal(4), requires_grad=True)


def test_a_lemma_is_computed_once_for_all_vjps(standardized: Any) -> None:
    x, weight = inputs()
    y = standardized(x, weight, eps=1e-3)
    assert not calls  # forward computes none
    (y * y).sum().backward()
    assert sorted(calls) == ["std", "x_hat"]


def test_only_what_is_asked_for_is_computed_and_kept(standardized: Any) -> None:
    x, weight = inputs()
    y = standardized(x.detach(), weight)
    assert {id(a) for a in y.grad_fn.saved[1] if isinstance(a, np.ndarray)} == {id(y.grad_fn.saved[1][0])}  # x, and eps
    y.sum().backward()
    assert sorted(calls) == ["std", "x_hat"]
    calls.clear()
    assert tape.ops["standardized"].needs == (("weight", "x", "eps"), ("x", "eps"))


def test_each_walk_computes_its_own(standardized: Any) -> None:
    x, weight = inputs()
    y = standardized(x, weight).sum()
    first = grad(y, (x, weight), retain_graph=True)
    second = grad(y * 2, (x, weight))
    assert len(calls) == 4
    for a, b in zip(first, second):
        np.testing.assert_allclose(2 * a.numpy(), b.numpy(), rtol=1e-12)


def test_first_and_second_derivatives_are_right(standardized: Any) -> None:
    assert gradcheck(standardized, inputs())
    assert gradgradcheck(standardized, inputs())


def test_third_derivative(standardized: Any) -> None:
    x, weight = inputs()

    def second(x: tl.Tensor) -> tl.Tensor:
        (g,) = grad((standardized(x, weight) ** 2).sum(), x, create_graph=True)
        (h,) = grad((g * g).sum(), x, create_graph=True)
        return h

    assert gradcheck(second, x, atol=1e-4)


def test_float16_computes_lemmas_in_float32(standardized: Any) -> None:
    x, weight = inputs()
    wide = grad(standardized(x, weight).sum(), (x, weight))
    narrow = [z.detach().half().requires_grad_() for z in (x, weight)]
    got = grad((standardized(*narrow)).sum(), narrow)
    for a, b in zip(got, wide):
        assert a.dtype == tl.float16
        np.testing.assert_allclose(a.float().numpy(), b.numpy(), rtol=5e-3, atol=5e-3)


def test_a_lemma_may_use_g(close: Any) -> None:
    @op(x=lambda g, twice: twice, y=lambda g, twice: -twice, twice=lambda g: g * 2)
    def doubled_difference(x: Any, y: Any) -> Any:
        return (x - y) * 2

    try:
        x, y = tl.tensor(3.0, requires_grad=True), tl.tensor(1.0, requires_grad=True)
        doubled_difference(x, y).backward()
        assert x.grad is not None and y.grad is not None
        assert (x.grad.item(), y.grad.item()) == (2, -2)
        x.grad += 1  # a gradient's memory is its own, though both vjps gave the lemma's
        assert y.grad.item() == -2
    finally:
        del tape.ops["doubled_difference"]


@pytest.mark.parametrize(
    ("vjps", "text"),
    [
        ({"x": lambda g: g, "z": lambda x: x}, "z= is neither an input nor a lemma that.*; the known names are x, out, shape"),
        ({"x": lambda g, z: g, "z": lambda q: q}, r"z= asks for \['q'\]; a lemma may ask for g, x, out"),
        ({"x": lambda g, z: g, "z": lambda w: w, "w": lambda z: z}, r"z= asks for \['w'\]"),
        ({"x": lambda g, z: g, "z": None}, r"the lemma z= must be a Python function"),
    ],
)
def test_what_is_wrong_with_a_lemma_is_told_at_import(vjps: dict[str, Any], text: str) -> None:
    def wrong(x: Any) -> Any:
        return x

    with pytest.raises(TypeError, match=text):
        op(**vjps)(wrong)


def test_a_lemma_that_fails_is_named() -> None:
    @op(x=lambda g, z: g * z, z=lambda x: x.nothing)
    def with_a_broken_lemma(x: Any) -> Any:
        return x * 1

    try:
        x = tl.tensor(3.0, requires_grad=True)
        with pytest.raises(RuntimeError, match="the lemma z= of with_a_broken_lemma failed: AttributeError"):
            with_a_broken_lemma(x).backward()
    finally:
        del tape.ops["with_a_broken_lemma"]


def test_a_lemma_of_many_inputs_is_refused() -> None:
    def joined(*xs: Any) -> Any:
        return sum(xs)

    with pytest.raises(TypeError, match=r"z= is a lemma, and an op with a variable number of inputs \(\*xs\) cannot have one"):
        op(xs=lambda g, z: g * z, z=lambda xs: 1)(joined)


def test_only_what_is_wanted_is_computed() -> None:
    @op(x=lambda g, a: g * a, y=lambda g, b: g * b, a=lambda y: counted("a", y * 1), b=lambda x: counted("b", x * 1))
    def product_by_lemmas(x: Any, y: Any) -> Any:
        return x * y

    try:
        x, y = tl.tensor(3.0, requires_grad=True), tl.tensor(2.0, requires_grad=True)
        z = product_by_lemmas(x, y) * 1
        for create_graph in (False, True):
            assert grad(z, x, retain_graph=True, create_graph=create_graph)[0].item() == 2
        assert calls == ["a", "a"]
        z.backward(inputs=y)
        assert calls[2:] == ["b"]
    finally:
        del tape.ops["product_by_lemmas"]


def test_lemmas_are_freed_without_the_garbage_collector(standardized: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            standardized(*inputs()).sum().backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_that_a_lemma_gives_together_have_memory_of_their_own() -> None:
    @op(x=lambda g, both: both[0], y=lambda g, both: both[0], both=lambda g: (g * 2, g * 3))
    def twice_the_sum(x: Any, y: Any) -> Any:
        return (x + y) * 2

    try:
        x, y = tl.ones(2, requires_grad=True), tl.ones(2, requires_grad=True)
        twice_the_sum(x, y).sum().backward()
        assert x.grad is not None and y.grad is not None
        x.grad += 100
        assert y.grad.tolist() == [2, 2]
    finally:
        del tape.ops["twice_the_sum"]


@pytest.mark.parametrize("name", ["axis", "out", "shape", "nth"])
def test_a_lemma_does_not_hide_what_has_the_name_already(name: str) -> None:
    def moved(x: Any, *, axis: int) -> Any:
        return x

    vjp = eval(f"lambda g, {name}: g")
    with pytest.raises(TypeError, match=f"{name}= is not an input, and {name} is .*; give a lemma another name"):
        op(x=vjp, **{name: lambda x: x})(moved)
