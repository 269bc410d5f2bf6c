"""Recording on and off: no_grad, enable_grad, set_grad_enabled and requires_grad."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import tinygrad_lite as tl


def leaf(*values: float) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


def test_contexts_nest_and_restore() -> None:
    assert tl.is_grad_enabled()
    with tl.no_grad():
        assert not tl.is_grad_enabled()
        with tl.enable_grad():
            assert tl.is_grad_enabled()
            with tl.set_grad_enabled(False):
                assert not tl.is_grad_enabled()
            assert tl.is_grad_enabled()
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_contexts_restore_after_an_error() -> None:
    for context in (tl.no_grad, lambda: tl.set_grad_enabled(False)):
        with pytest.raises(KeyError), context():
            raise KeyError
        assert tl.is_grad_enabled()


def test_contexts_may_be_entered_again() -> None:
    off = tl.no_grad()
    with off, off:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()
    with off:
        assert not tl.is_grad_enabled()
    setting = tl.set_grad_enabled(False)
    with setting:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()
    with setting:
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_set_grad_enabled_acts_at_once() -> None:
    tl.set_grad_enabled(False)
    try:
        assert not tl.is_grad_enabled()
    finally:
        tl.set_grad_enabled(True)
    assert tl.is_grad_enabled()


def enabled() -> bool:
    """Whether recording is on within the call."""
    return tl.is_grad_enabled()


@pytest.mark.parametrize(
    ("decorate", "inside"), [(tl.no_grad, False), (tl.no_grad(), False), (tl.enable_grad, True), (tl.enable_grad(), True)]
)
def test_decorators(decorate: Any, inside: bool) -> None:
    function = decorate(enabled)
    assert function.__name__ == "enabled"
    assert function.__doc__ == enabled.__doc__
    for outside in (True, False):
        with tl.set_grad_enabled(outside):
            assert function() is inside
            assert tl.is_grad_enabled() is outside


def test_set_grad_enabled_decorates() -> None:
    function = tl.set_grad_enabled(False)(enabled)
    assert tl.is_grad_enabled()
    assert not function()
    with tl.no_grad():
        assert not function()
        assert not tl.is_grad_enabled()
    assert tl.is_grad_enabled()


def test_a_decorated_function_may_call_itself() -> None:
    @tl.no_grad()
    def down(n: int) -> bool:
        return down(n - 1) if n else tl.is_grad_enabled()

    assert not down(3)
    assert tl.is_grad_enabled()


def test_recording_is_per_thread() -> None:
    seen: list[bool] = []
    inside, leave = threading.Event(), threading.Event()

    @tl.no_grad()
    def hold() -> None:
        inside.set()
        leave.wait(10)

    def other() -> None:
        seen.append(tl.is_grad_enabled())
        hold()
        seen.append(tl.is_grad_enabled())

    with tl.no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(10)
        quick = tl.no_grad()(enabled)
        assert not quick()
        leave.set()
        thread.join()
        assert not tl.is_grad_enabled()
    assert seen == [True, True]


def test_one_decorated_function_in_two_threads() -> None:
    first, second, left = threading.Event(), threading.Event(), threading.Event()
    seen: list[bool] = []

    @tl.no_grad()
    def meet(mine: threading.Event, theirs: threading.Event) -> None:
        mine.set()
        theirs.wait(10)

    def other() -> None:
        tl.set_grad_enabled(False)
        meet(second, left)
        seen.append(tl.is_grad_enabled())

    thread = threading.Thread(target=other)
    thread.start()
    assert second.wait(10)  # the other thread, where recording is off, is inside
    meet(first, second)
    seen.append(tl.is_grad_enabled())
    left.set()
    thread.join()
    assert seen == [True, False]


def test_no_grad_reaches_into_generators() -> None:
    @tl.no_grad()
    def parts(x: tl.Tensor) -> Iterator[Any]:
        seen = yield (x * 2).requires_grad
        try:
            yield seen, (x * 2).requires_grad
        except KeyError:
            yield "caught", tl.is_grad_enabled()

    @tl.no_grad()
    def closing() -> Iterator[int]:
        try:
            yield 1
        finally:
            ends.append(tl.is_grad_enabled())

    ends: list[bool] = []
    left = closing()
    next(left)
    left.close()
    assert ends == [False] and tl.is_grad_enabled()
    x = leaf(1.0)
    steps = parts(x)
    assert next(steps) is False and tl.is_grad_enabled()
    assert steps.send(7) == (7, False) and tl.is_grad_enabled()
    assert steps.throw(KeyError) == ("caught", False) and tl.is_grad_enabled()
    assert list(steps) == []


def test_requires_grad_false_switches_off() -> None:
    x = leaf(1.0)
    x.requires_grad_(False)
    assert not x.requires_grad
    assert not (x * 2).requires_grad


def test_the_leaf_of_a_tensor_is_its_own_for_life() -> None:
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    w.requires_grad_(False)
    assert not (w * 2).requires_grad
    w.requires_grad_(True)
    y.backward()
    assert w.grad is not None and w.grad.tolist() == [2, 4]
    y = (w * w).sum()
    w.requires_grad_(False)
    y.backward()  # what no longer requires grad gathers none, as in PyTorch
    assert w.grad.tolist() == [2, 4]


@pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])
def test_inference_mode(t: Any) -> None:
    found = []
    for outer in (True, False):
        with t.set_grad_enabled(outer):
            for mode in (True, False):
                with t.inference_mode(mode):
                    found.append(t.is_grad_enabled())
    assert found == [False, True, False, True]

    @t.inference_mode()
    def called() -> bool:
        return bool(t.is_grad_enabled())

    @t.inference_mode
    def bare() -> bool:
        return bool(t.is_grad_enabled())

    assert not called() and not bare() and t.is_grad_enabled()
    with t.inference_mode():
        assert not (t.ones(2, requires_grad=True) * 2).requires_grad
