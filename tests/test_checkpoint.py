"""utils.checkpoint: the same gradients, computed from saved values that are computed a second time, in less memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.utils.checkpoint import checkpoint, checkpoint_sequential


def same(t: Any, function: Any, *args: Any) -> Any:
    """checkpoint of either library, without PyTorch's reentrant form."""
    return (checkpoint if t is tl else torch.utils.checkpoint.checkpoint)(function, *args, use_reentrant=False)


PROGRAMS: dict[str, Callable[..., Any]] = {
    "one part": lambda t, x, w: same(t, lambda x: (x * w).tanh() * x, x).sum(),
    "two parts": lambda t, x, w: same(t, lambda y: (y * w).exp(), same(t, lambda x: (x * w).tanh(), x)).sum(),
    "within another": lambda t, x, w: same(t, lambda x: same(t, lambda y: (y * w).tanh(), x * x) * w, x).sum(),
    "two results": lambda t, x, w: sum(part.sum() for part in same(t, lambda x: (x.exp() * w, x * x), x)),
    "used twice": lambda t, x, w: (lambda y: (y * y).sum() + y.sum() ** 2)(same(t, lambda x: (x * w).tanh(), x)),
    "a write within": lambda t, x, w: same(t, lambda x: (x * w).mul_(2).exp(), x).sum(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_equal_torch_to_second_order(name: str, close: Any) -> None:
    found = []
    for t in (tl, torch):
        x = t.tensor([0.5, -0.25, 1.5], dtype=t.float64, requires_grad=True)
        w = t.tensor([2.0, 0.5, -1.0], dtype=t.float64, requires_grad=True)
        loss = PROGRAMS[name](t, x, w)
        loss.backward()
        first = t.autograd.grad(PROGRAMS[name](t, x, w), (x, w), create_graph=True)
        second = t.autograd.grad(sum((g**2).sum() for g in first), (x, w))
        found.append([loss, x.grad, w.grad, *first, *second])
    for ours, theirs in zip(*found):
        close(ours, theirs)


def test_memory_falls_and_gradients_stay() -> None:
    """A chain of 100 steps on 100,000 numbers (0.8 MB each): without checkpoints 100 arrays, in 10 parts about 20."""

    def part(x: tl.Tensor) -> tl.Tensor:
        for _ in range(10):
            x = x.tanh()
        return x

    def run(through: Callable[..., Any]) -> tuple[int, Any]:
        x = tl.ones(100_000, dtype=tl.float64, requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = through(part, y)
        y.sum().backward()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak, x.grad

    plain, expected = run(lambda function, x: function(x))
    less, found = run(checkpoint)
    assert (expected == found).all()
    assert plain > 95 * 800_000
    assert less < 27 * 800_000


def test_the_function_runs_a_second_time_in_backward_only() -> None:
    calls = []

    def function(x: tl.Tensor) -> tl.Tensor:
        calls.append(tl.is_grad_enabled())
        return x.exp()

    x = tl.ones(2, requires_grad=True)
    y = checkpoint(function, x)
    assert calls == [True]
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert calls == [True] * 3
    with tl.no_grad():
        assert not checkpoint(function, x).requires_grad
    assert calls == [True, True, True, False]


def test_the_second_run_draws_the_same_numbers(close: Any) -> None:
    x = tl.ones(100, requires_grad=True)
    y = checkpoint(lambda x: x.exp() * (tl.rand(100) < 0.5), x)
    after = tl.rand(3)
    y.sum().backward()
    close(x.grad, y.detach())
    tl.manual_seed(0)
    tl.rand(100)
    assert (tl.rand(3) == after).all()


def test_a_freed_graph_is_refused_as_without_it() -> None:
    x = tl.ones(2, requires_grad=True)
    y = checkpoint(lambda x: x.exp(), x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()


def test_another_second_run_is_an_error() -> None:
    steps = iter([1, 2])
    x = tl.ones(2, requires_grad=True)
    y = checkpoint(lambda x: [x := x.exp() for _ in range(next(steps))][-1], x)
    with pytest.raises(RuntimeError, match=r"second run did other steps \(exp, exp\) than the first \(exp\)"):
        y.sum().backward()


def test_a_weight_that_was_changed_in_between_is_an_error() -> None:
    x, w = tl.ones(2, requires_grad=True), tl.ones(2, requires_grad=True)
    y = checkpoint(lambda x: x * w, x)
    with tl.no_grad():
        w *= 2
    with pytest.raises(RuntimeError, match="mul, which was checkpointed: an array that it needs was changed in place"):
        y.sum().backward()


def test_sequential(close: Any) -> None:
    net = nn.Sequential(*[layer for _ in range(4) for layer in (nn.Linear(3, 3), nn.Tanh())])
    x = tl.ones(2, 3, requires_grad=True)
    (expected,) = tl.autograd.grad(net(x).sum(), x)
    for segments in (1, 2, 3):
        (found,) = tl.autograd.grad(checkpoint_sequential(net, segments, x).sum(), x)
        close(found, expected)


def test_context_fn_and_options() -> None:
    entered: list[str] = []

    class Note:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            entered.append(self.name)

        def __exit__(self, *exc: object) -> None:
            pass

    x = tl.ones(2, requires_grad=True)
    checkpoint(
        lambda x, scale: x.exp() * scale, x, scale=2, context_fn=lambda: (Note("first"), Note("second"))
    ).sum().backward()
    assert entered == ["first", "second"]
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(np.ones(2, "f4")))
