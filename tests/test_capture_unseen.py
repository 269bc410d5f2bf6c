"""capture() and what changes behind a recording's back: iterators, sets, slots, hooks, settings; and results that are views."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import optim

from .test_capture_networks import Run, bits, labelled, left_behind, mlp, trained


class Slots:
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def next(self) -> float:
        self.count += 1
        return self.count


def turned(held: deque[float]) -> float:
    held.rotate(1)
    return held[0]


def grown(held: set[int]) -> float:
    held.add(len(held))
    return len(held)


def counted(held: Any) -> float:
    held += 1
    return float(held[0])


def seeded(held: Any) -> Any:
    tl.manual_seed(3)
    return tl.rand(())


HIDDEN: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "an iterator": (lambda: iter([1.0, 2.0, 3.0, 4.0]), next),
    "a generator": (lambda: (x for x in (1.0, 2.0, 3.0, 4.0)), next),
    "slots": (Slots, Slots.next),
    "a deque": (lambda: deque([1.0, 2.0, 3.0]), turned),
    "a set": (set, grown),
    "an array": (lambda: np.ones(1), counted),
    "NumPy's generator": (lambda: np.random.default_rng(0), lambda held: float(held.random())),
    "a seed": (lambda: None, seeded),
}


@pytest.mark.filterwarnings("ignore:capture")
@pytest.mark.parametrize("name", HIDDEN)
def test_what_no_replay_would_do_is_noticed(name: str) -> None:
    start, factor = HIDDEN[name]
    steps = []
    for captured in (False, True):
        held = start()

        def step(x: Any, held: Any = held) -> Any:
            return x * factor(held)

        steps.append(tl.capture(step) if captured else step)
    for i in range(4):
        x = tl.full((2,), float(i + 1))
        assert bits(steps[0](x)) == bits(steps[1](x))
    assert not steps[1].programs


@pytest.mark.filterwarnings("ignore:capture")
def test_param_groups_and_hooks_that_python_reads_or_changes() -> None:
    def make() -> Run:
        net = mlp(4, 5, 3)
        optimizer = optim.Adam(net.parameters(), lr=0.1)
        calls = [0]

        def hook(*args: Any) -> None:
            calls[0] += 1

        optimizer.register_step_post_hook(hook)
        net[0].weight.register_hook(lambda g: g * calls[0])
        plain = trained(net, optimizer)

        def step(x: Any, y: Any) -> Any:
            for group in optimizer.param_groups:
                group["lr"] *= 0.9
            return plain(x, y), optimizer.param_groups[0]["lr"]

        return step, net, optimizer

    runs = []
    for captured in (False, True):
        tl.manual_seed(0)
        step, *made = make()
        step = tl.capture(step) if captured else step
        runs.append([(bits(step(*labelled(4, 4)(i))), left_behind(*made)) for i in range(5)])
    assert runs[0] == runs[1]


def test_parts_of_gradients_that_were_returned_are_the_callers() -> None:
    w = tl.ones(3, 2, requires_grad=True)

    @tl.capture
    def step(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad[1:]

    kept = [step(tl.full((3, 2), float(i))) for i in range(4)]
    assert [x.tolist() for x in kept] == [[[i, i], [i, i]] for i in range(4)]


def test_parts_of_arguments_and_of_parameters_as_results() -> None:
    w = tl.ones(3, 4, requires_grad=True)

    def parts(x: Any, y: Any) -> Any:
        return x[0], x, w.detach()[0], {"y": y.view(2, 3)}

    step = tl.capture(parts)
    for i in range(3):
        x, y = labelled(6, 4)(i)
        assert bits(step(x, y)) == bits(parts(x, y))
