"""retain_grad(), register_hook() and the warning when a result's .grad is read, each compared with PyTorch."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from typing import Any

import pytest
import torch

import tinygrad_lite as tl

BOTH = pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(list(values), requires_grad=True)


@BOTH
def test_retain_grad_gathers_at_a_result(t: Any) -> None:
    w = leaf(t, 1.0, 2.0)
    y = w * 3
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()  # twice counts once
    assert y.retains_grad
    (y**2).sum().backward()
    assert y.grad.tolist() == [6.0, 12.0]
    assert w.grad.tolist() == [18.0, 36.0]


@BOTH
def test_retain_grad_adds_as_a_leaf_does(t: Any) -> None:
    y = leaf(t, 1.0, 2.0) * 3
    y.retain_grad()
    z = (y**2).sum()
    z.backward(retain_graph=True)
    first = y.grad
    z.backward()
    assert y.grad.tolist() == [12.0, 24.0]
    assert first is not None


@BOTH
def test_retain_grad_of_a_leaf_and_of_what_needs_none(t: Any) -> None:
    w = leaf(t, 1.0)
    w.retain_grad()
    assert not w.retains_grad
    with pytest.raises(RuntimeError, match=r"requires_grad=False|does not require grad"):
        t.tensor([1.0]).retain_grad()


@BOTH
def test_retain_grad_with_create_graph(t: Any) -> None:
    w = leaf(t, 2.0)
    y = w * w
    y.retain_grad()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using backward.. with create_graph=True")  # torch's, once in a process
        (y**2).sum().backward(create_graph=True)
    assert y.grad.requires_grad
    (second,) = t.autograd.grad(y.grad.sum(), w)
    assert second.tolist() == [8.0]  # d(2 w²)/dw


@BOTH
def test_a_retained_gradient_has_memory_of_its_own(t: Any) -> None:
    w = leaf(t, 1.0, 2.0)
    y = w + 0
    y.retain_grad()
    y.sum().backward()
    y.grad.zero_()
    assert w.grad.tolist() == [1.0, 1.0]


@BOTH
def test_reading_grad_of_a_result_warns(t: Any) -> None:
    y = leaf(t, 1.0) * 2
    with pytest.warns(UserWarning, match=r"\.grad .* not a leaf"):
        assert y.grad is None
    y.retain_grad()
    y.sum().backward()
    assert y.grad.tolist() == [1.0]  # and no warning
    assert t.tensor([1.0]).grad is None


def test_the_warning_says_what_to_do() -> None:
    w = leaf(tl, 1.0)
    w.sum().backward()
    assert w.grad is not None
    w = w - 0.1 * w.grad
    with pytest.warns(UserWarning, match=r"x.retain_grad\(\) .*with no_grad\(\): w -= lr \* w.grad"):
        _ = w.grad
    with pytest.raises(RuntimeError, match=r"with no_grad\(\): w -= lr \* w.grad.*whose \.grad stays None"):
        x = leaf(tl, 1.0)
        x += 1


@BOTH
def test_a_hook_sees_the_whole_gradient_and_may_replace_it(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    y = x * 2
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.retain_grad()
    (y.sum() + (y * y).sum()).backward()
    assert seen == [[5.0, 9.0], [50.0, 90.0]]
    assert x.grad.tolist() == [100.0, 180.0]
    assert y.grad.tolist() == [50.0, 90.0]  # what the hooks made of it


@BOTH
def test_a_hook_of_a_leaf(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    handle = x.register_hook(lambda g: g * 10)
    (x.sum() + (x * x).sum()).backward()
    assert x.grad.tolist() == [30.0, 50.0]
    handle.remove()
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [31.0, 51.0]


@BOTH
def test_hooks_within_grad(t: Any) -> None:
    x = leaf(t, 3.0)
    y = x * x
    seen: list[float] = []
    x.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.item()))
    (g,) = t.autograd.grad((2 * y).sum(), x, retain_graph=True)
    assert g.item() == 120.0
    (g,) = t.autograd.grad((2 * y).sum(), y)
    assert (g.item(), seen) == (2.0, [2.0, 2.0])


@BOTH
def test_a_hook_is_recorded_with_create_graph(t: Any) -> None:
    x = leaf(t, 3.0)
    y = x * x
    handle = y.register_hook(lambda g: g * g)
    (g,) = t.autograd.grad((y * y).sum(), x, create_graph=True)  # (2 y)² · 2 x = 8 x^5
    assert g.item() == 8 * 3**5
    handle.remove()  # or it would see the second walk's gradient too
    assert t.autograd.grad(g.sum(), x)[0].item() == 40 * 3**4


@BOTH
def test_what_a_hook_returns_must_fit(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    x.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match=r"shape|size"):
        x.sum().backward()
    with pytest.raises(RuntimeError):
        t.tensor([1.0]).register_hook(print)


@BOTH
def test_a_hook_may_not_change_the_dtype(t: Any) -> None:
    for make in (lambda g: g.double(), lambda g: g.long()):
        x = leaf(t, 1.0, 2.0)
        y = x * 2
        y.register_hook(make)
        with pytest.raises(RuntimeError, match=r"dtype|type of value"):
            y.sum().backward()
    x = leaf(t, 1.0)
    x.register_hook(lambda g: 3.0)
    with pytest.raises(TypeError, match="hook"):
        x.sum().backward()


@BOTH
def test_hooks_are_recorded_only_with_create_graph(t: Any) -> None:
    x, w = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
    seen: list[tuple[bool, bool]] = []
    x.register_hook(lambda g: seen.append((t.is_grad_enabled(), (g * w).requires_grad)))
    y = (x * x).sum()
    t.autograd.grad(y, x, retain_graph=True)
    t.autograd.grad(y, x, create_graph=True)
    assert seen == [(False, False), (True, True)]
    assert t.is_grad_enabled()


@BOTH
def test_a_hook_may_take_the_step(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)

    def step(g: Any) -> None:
        x.sub_(0.25 * g)

    x.register_hook(step)
    (x * x).sum().backward()
    assert x.tolist() == [0.5, 1.0]


def add_one(y: Any) -> None:
    y += 1


def put_five(y: Any) -> None:
    y[0] = 5.0


@pytest.mark.parametrize("write", [add_one, put_five, lambda y: y.mul_(2), lambda y: y.copy_(y.detach() * 2)])
@BOTH
def test_retain_grad_follows_what_is_written_in_place_and_hooks_do_not(t: Any, write: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    y = x * 3
    seen: list[list[float]] = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.retain_grad()
    write(y)
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == (2 * y.detach()).tolist()
    assert len(seen) == 1


def test_a_hook_needs_a_gradient_to_see() -> None:
    with pytest.raises(RuntimeError, match="register_hook: this tensor does not require grad"):
        tl.ones(2).register_hook(print)


def test_a_hook_cannot_spoil_other_gradients() -> None:
    x, y = leaf(tl, 1.0, 2.0), leaf(tl, 3.0, 4.0)

    def double(g: tl.Tensor) -> None:
        g *= 2

    a = x * 1
    a.register_hook(double)
    (a + y).sum().backward()
    assert x.grad is not None and y.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]  # as in PyTorch, where it works by accident
    assert y.grad.tolist() == [1.0, 1.0]


def test_a_handle_is_a_context_manager() -> None:
    x = leaf(tl, 1.0)
    with x.register_hook(lambda g: g * 10):
        x.sum().backward()
    x.sum().backward()
    assert x.grad is not None and x.grad.item() == 11.0


def test_copies_have_no_hooks() -> None:
    x = leaf(tl, 1.0)
    x.register_hook(lambda g: g * 10)
    z = copy.deepcopy(x)
    z.sum().backward()
    assert z.grad is not None and z.grad.item() == 1.0


def test_hooks_make_no_cycle() -> None:
    gc.disable()
    try:
        y = leaf(tl, 1.0) * 2
        y.retain_grad()
        y.register_hook(lambda g: g)
        y.sum().backward()
        gone = weakref.ref(y)
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_next_functions_lead_down_the_graph() -> None:
    x, z = leaf(tl, 1.0), leaf(torch, 1.0)
    y, w = (x * 2).exp() + x, (z * 2).exp() + z
    node = y.grad_fn
    assert node is not None and node.name() == "add"
    assert len(node.next_functions) == len(w.grad_fn.next_functions) == 2
    (exp, nth), (own, _) = node.next_functions
    assert (exp.name(), nth, repr(own)) == ("exp", 0, "<AccumulateGrad>")
    assert [step for step, _ in exp.next_functions[0][0].next_functions][1] is None  # the 2 of x * 2


@BOTH
def test_a_root_that_does_not_lead_to_the_input_is_not_visited(t: Any) -> None:
    x, z = leaf(t, 1.0), leaf(t, 2.0)
    seen: list[Any] = []
    other = z * 2
    other.register_hook(lambda g: seen.append(g))
    (g,) = t.autograd.grad([(x * 3).sum(), other.sum()], [x])
    assert (g.tolist(), seen) == ([3.0], [])
    other = z * 2
    other.register_hook(lambda g: seen.append(g))
    t.autograd.grad([x * 3, other], [x], [t.ones(1), t.ones(1)])
    assert seen == []


@BOTH
def test_a_post_accumulate_hook_runs_as_soon_as_the_gradient_is_whole(t: Any) -> None:
    """In the same order in both libraries, before the gradients of older leaves are there; a leaf that is used twice waits."""
    x, w, v = leaf(t, 1.0, 2.0), leaf(t, 0.5, 0.25), leaf(t, 3.0, 4.0)
    seen: list[Any] = []
    for name, p in {"x": x, "w": w, "v": v}.items():
        p.register_post_accumulate_grad_hook(lambda p, name=name: seen.append((name, p.grad.sum().item(), x.grad is None)))
    w.register_hook(lambda g: g * 2)
    y = (x * x * w + w).tanh()
    ((y * v).sum() + (x * 3).sum()).backward()
    assert [(name, early) for name, _, early in seen] == [("v", True), ("w", True), ("x", False)]
    assert [total for _, total, _ in seen] == pytest.approx([p.grad.sum().item() for p in (v, w, x)], rel=1e-6)


@BOTH
def test_a_gradient_can_be_used_and_freed_on_the_way(t: Any) -> None:
    """The optimizer's step within backward: each gradient is gone before the next one comes."""
    weights = [leaf(t, 1.0, -1.0) for _ in range(4)]
    alive = []

    def step(p: Any) -> None:
        alive.append(sum(w.grad is not None for w in weights))
        p.sub_(0.1 * p.grad)
        p.grad = None

    for w in weights:
        w.register_post_accumulate_grad_hook(step)
    y = t.ones(2)
    for w in weights:
        y = (y * w).sin()
    y.sum().backward()
    assert alive == [1, 1, 1, 1] and all(w.grad is None for w in weights)


def test_a_callback_at_the_end_of_backward() -> None:
    from tinygrad_lite.backward import queue_callback

    seen: list[str] = []
    x, w = leaf(tl, 1.0), leaf(tl, 2.0)
    w.register_post_accumulate_grad_hook(lambda p: queue_callback(lambda: seen.append(f"end {x.grad.item()}")))
    (x.exp() * 0 + x * w).sum().backward()
    assert seen == ["end 2.0"]
    with pytest.raises(RuntimeError, match="no backward"):
        queue_callback(print)
    seen.clear()
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * w).sum().backward()
    assert seen == [], "a walk that fails calls nothing"
