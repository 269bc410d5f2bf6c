"""autograd.Function: steps whose backward the user writes, beside PyTorch's."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

BOTH = pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])


def functions(t: Any) -> dict[str, Any]:
    """The same Functions for both libraries."""

    class Exp(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (out,) = ctx.saved_tensors
            return g * out

    class Mul(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, scale: float) -> Any:
            ctx.save_for_backward(x, y)
            ctx.scale = scale
            return x * y * scale

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            needed = ctx.needs_input_grad
            assert needed[2] is False
            x_g = g * y * ctx.scale if needed[0] else None
            return x_g, (g * x * ctx.scale if needed[1] else None), None

    class PlusRow(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, row: Any) -> Any:
            return x + row

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g, g.sum(0)

    class Parts(t.autograd.Function):
        """Two outputs with a derivative, an index, and a number."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            square, cube, index = x**2, x[:2] ** 3, x.argmax()
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(x, square)
            return square, cube, index, 7

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any, *rest: Any) -> Any:
            x, square = ctx.saved_tensors
            return g * 2 * x + t.cat([h * 3 * square[:2], t.zeros_like(x[2:])])

    class Clipped(t.autograd.Function):
        """The form with a setup_context of its own."""

        @staticmethod
        def forward(x: Any, lowest: float) -> Any:
            return x.clamp(min=lowest)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, lowest = inputs
            ctx.save_for_backward(x > lowest)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (mask,) = ctx.saved_tensors
            return g * mask, None

    class Same(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return -g

    return {f.__name__: f for f in (Exp, Mul, PlusRow, Parts, Clipped, Same)}


PROGRAMS: dict[str, Any] = {
    "saved output": lambda f, t, x, y: f["Exp"].apply(x) * y,
    "two inputs": lambda f, t, x, y: f["Mul"].apply(x, y, 2.0),
    "one of them constant": lambda f, t, x, y: f["Mul"].apply(x, y.detach(), 2.0) + y,
    "twice the same": lambda f, t, x, y: f["Mul"].apply(x, x, 0.5) + y,
    "broadcast": lambda f, t, x, y: f["PlusRow"].apply(x * y[:, None], y),
    "several outputs": lambda f, t, x, y: sum([part.sum() * n for n, part in enumerate(f["Parts"].apply(x * y)[:2], 1)]),
    "the second output only": lambda f, t, x, y: (f["Parts"].apply(x * y)[1] ** 2).sum(),
    "the first output only": lambda f, t, x, y: f["Parts"].apply(x * y)[0].tanh(),
    "setup_context": lambda f, t, x, y: f["Clipped"].apply(x, 0.1) * y,
    "the input itself": lambda f, t, x, y: f["Same"].apply(x) * y,
    "nested": lambda f, t, x, y: f["Exp"].apply(f["Mul"].apply(f["Exp"].apply(x), y, 0.3)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_two_derivatives_equal_torch(name: str, close: Any) -> None:
    found = []
    for t in (tl, torch):
        x = t.tensor([0.5, -0.25, 1.5], dtype=t.float64, requires_grad=True)
        y = t.tensor([2.0, 0.5, -1.0], dtype=t.float64, requires_grad=True)
        out = PROGRAMS[name](functions(t), t, x, y)
        first = t.autograd.grad((out**2).sum(), (x, y), create_graph=True, allow_unused=True)
        scalar = sum([(g**3).sum() for g in first if g is not None])
        second = t.autograd.grad(scalar, (x, y), allow_unused=True)
        x.grad = y.grad = None
        PROGRAMS[name](functions(t), t, x, y).sum().backward()
        found.append([out, *first, *second, x.grad, y.grad])
    for ours, theirs in zip(*found):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            close(ours, theirs)


@pytest.mark.parametrize("name", ["Exp", "Mul", "Clipped"])
def test_gradcheck_works_on_it(name: str) -> None:
    apply = functions(tl)[name].apply
    x, y = (tl.tensor(v, dtype=tl.float64, requires_grad=True) for v in ([0.5, 1.5], [2.0, -0.5]))
    call = {"Exp": lambda x, y: apply(x), "Mul": lambda x, y: apply(x, y, 2.0), "Clipped": lambda x, y: apply(x, 0.1)}[name]
    assert tl.autograd.gradcheck(call, (x, y)) and tl.autograd.gradgradcheck(call, (x, y))


@BOTH
def test_what_has_no_derivative_and_no_gradient(t: Any) -> None:
    f = functions(t)
    x = t.tensor([1.0, 3.0, 2.0], requires_grad=True)
    square, cube, index, seven = f["Parts"].apply(x)
    assert square.requires_grad and cube.requires_grad and not index.requires_grad and index == 1 and seven == 7
    assert not f["Exp"].apply(x.detach()).requires_grad
    with t.no_grad():
        assert not f["Exp"].apply(x).requires_grad
    assert "ExpBackward" in repr(f["Exp"].apply(x))


@BOTH
def test_materialized_gradients(t: Any) -> None:
    class Two(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, keep: bool) -> Any:
            ctx.set_materialize_grads(keep)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            seen.append((g, h))
            return (2 * g if g is not None else 0) + (3 * h if h is not None else 0), None

    seen: list[Any] = []
    for keep in (True, False):
        x = t.ones(2, requires_grad=True)
        Two.apply(x, keep)[1].sum().backward()
        assert x.grad.tolist() == [3.0, 3.0]
    assert seen[0][0].tolist() == [0.0, 0.0] and seen[1][0] is None


@BOTH
def test_an_input_changed_in_place(t: Any) -> None:
    class Double(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            x.mul_(2)
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = t.ones(2, requires_grad=True)
    y = x * 3
    assert Double.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0] and y.tolist() == [6.0, 6.0]
    with pytest.raises(RuntimeError):
        Double.apply(t.ones(2, requires_grad=True))


@BOTH
def test_once_differentiable(t: Any) -> None:
    from importlib import import_module

    once = import_module(f"{t.__name__}.autograd.function").once_differentiable

    class Square(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @once
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = t.tensor(3.0, requires_grad=True)
    Square.apply(x).backward()
    assert x.grad.item() == 6.0
    (g,) = t.autograd.grad(Square.apply(x), x, create_graph=True)
    with pytest.raises(RuntimeError):
        g.backward()


@BOTH
def test_errors(t: Any) -> None:
    class Wrong(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any, given: Any) -> Any:
            ctx.given = given
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return ctx.given(g)

    x, y = t.ones(2, requires_grad=True), t.ones(2, requires_grad=True)
    for given in (lambda g: g, lambda g: (g, g, g, g), lambda g: (t.ones(3), g, None), lambda g: (g, 1.0, None)):
        with pytest.raises((RuntimeError, TypeError)):
            Wrong.apply(x, y, given).sum().backward()
    with pytest.raises((RuntimeError, DeprecationWarning)):
        Wrong()(x, y)
    with pytest.raises(NotImplementedError):
        t.autograd.Function.apply(x)
    exp = functions(t)["Exp"].apply
    out = exp(x)
    out.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        out.sum().backward()
    with pytest.raises(RuntimeError):  # the saved output is overwritten; here the write is refused already
        out = exp(x * 1)
        out.mul_(2)
        out.sum().backward()
    out = exp(x * 1)
    with t.no_grad():
        out.mul_(2)
    with pytest.raises(RuntimeError):
        out.sum().backward()


def test_saved_tensors_are_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        x = tl.ones(3, requires_grad=True)
        for name in ("Exp", "Parts"):
            out = functions(tl)[name].apply(x)
            out = out if isinstance(out, tl.Tensor) else out[0]
            memory, node = weakref.ref(out.array), out.node
            saved = [weakref.ref(a) for kept in node.saved for part in kept if type(part) is tuple for a in part]
            del out, node
            assert memory() is None and not any(a() is not None and a() is not x.array for a in saved)
    finally:
        gc.enable()


@BOTH
@pytest.mark.parametrize("written", ["its input", "its result"])
def test_a_write_to_memory_that_it_handed_through_is_refused(t: Any, written: str) -> None:
    x = t.ones(2, requires_grad=True)
    y = x * 1
    z = functions(t)["Same"].apply(y)
    with pytest.raises(RuntimeError):  # PyTorch refuses one of them in backward only
        (y if written == "its input" else z).mul_(2)
        z.sum().backward()


@BOTH
def test_a_gradient_gets_the_dtype_of_its_input(t: Any) -> None:
    class Twice(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.double() * 2

    x = t.ones(2, requires_grad=True)
    y = x.exp()
    (g,) = t.autograd.grad(Twice.apply(y).sum(), y)
    assert g.dtype == t.float32 and g.tolist() == [2.0, 2.0]


def test_a_recorder_sees_it() -> None:
    x = tl.tensor([1000.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="inf"), tl.autograd.detect_anomaly():
        functions(tl)["Exp"].apply(x)


def test_float16_and_mixed_outputs(close: Any) -> None:
    found = []
    for t in (tl, torch):

        class Mixed(t.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any, t: Any) -> Any:
                return x.to(t.float16) * 2, x.to(t.float64) * 3

            @staticmethod
            def backward(ctx: Any, g: Any, h: Any) -> Any:
                return g.float() * 2 + h.float() * 3, None

        x = t.tensor([1.0, 2.0], requires_grad=True)
        a, b = Mixed.apply(x, t)
        assert str(a.dtype).endswith("float16") and str(b.dtype).endswith("float64")
        (a.float().sum() + (b**2).sum().float()).backward()
        found.append(x.grad)
    close(*found)
    assert found[0].dtype == np.float32
