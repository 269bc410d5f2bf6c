"""The captured function itself: its arguments and results, threads, settings, warnings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.recorder import here

from .test_capture import Step, World, batch, plain


def test_a_step_on_the_gpu_runs_as_ever(device: str) -> None:
    world, other = World(), World()
    for each in (world, other):
        each.net.append(nn.Dropout(0.5))
        each.net.to(device)
    step = tl.capture(world.train)
    for i in range(3):
        x, y = [t.to(device) for t in batch(i)]
        if device != "cpu" and not i:
            with pytest.warns(RuntimeWarning, match="on the GPU"):
                loss = step(x, y)
        else:
            loss = step(x, y)
        batch(i)
        assert loss.item() == other.train(x, y).item()
    assert len(step.programs) == (device == "cpu")


@pytest.mark.filterwarnings("ignore:capture")
def test_a_step_that_finds_the_gpu_in_variables(device: str) -> None:
    found = []
    for captured in (False, True):
        world = World()
        world.net.to(device)
        x, y = [t.to(device) for t in batch(0)]

        def step(world: World = world, x: Any = x, y: Any = y) -> Any:
            return world.train(x, y)

        run: Any = tl.capture(step) if captured else step
        found.append([run().item() for _ in range(4)])
    assert found[0] == found[1]


def test_results_are_the_callers() -> None:
    world = World()
    step = tl.capture(world.train)
    losses = [step(*batch(i)) for i in range(4)]
    assert len({loss.item() for loss in losses}) == 4
    assert all(loss.requires_grad for loss in losses)
    with pytest.raises(RuntimeError, match="second time"):
        losses[3].backward()


def test_a_wrong_label_in_a_replay_changes_nothing() -> None:
    world = World()
    world.net.insert(1, nn.BatchNorm1d(5))
    world.net.append(nn.Dropout(0.5))
    step = tl.capture(world.train)
    for i in range(2):
        step(*batch(i))
    x, y = batch(2)
    before = [p.tolist() for p in world.net.parameters()]
    y[0] = 7
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        step(x, y)
    after = world.left_behind()
    assert [p.tolist() for p in world.net.parameters()] == before
    other = World()
    other.net.insert(1, nn.BatchNorm1d(5))
    other.net.append(nn.Dropout(0.5))
    for i in range(2):
        other.train(*batch(i))
    batch(2)
    with pytest.raises(IndexError):
        other.train(x, y)
    assert other.left_behind() == after  # running statistics and random numbers as the step itself leaves them
    step(*batch(3))
    other.train(*batch(3))
    assert world.left_behind() == other.left_behind()


def test_arguments_of_all_kinds() -> None:
    def total(parts: Any, factor: float, *, table: Any, shift: Any = None) -> Any:
        h = sum((parts["a"], parts["b"][0])) * factor + tl.tensor(table) * tl.from_numpy(table)
        return h if shift is None else (h + shift, shift, parts["a"], None, "text")

    step = tl.capture(total)
    for i in range(3):
        a, b, table = tl.randn(3), tl.randn(3), np.full(3, i, np.float32)
        for given in ({}, {"shift": tl.randn(1)}):
            parts = {"a": a, "b": (b,)}
            found, right = step(parts, 2.0, table=table, **given), total(parts, 2.0, table=table, **given)
            assert plain(found) == plain(right)
            if given:
                assert found[1] is given["shift"] and found[2] is a
    assert step.recordings == 2
    step({"a": a, "b": (b,)}, 3.0, table=table)
    assert step.recordings == 3  # another number


def test_the_same_tensor_twice_or_in_a_variable() -> None:
    """A program takes one tensor for another only where the step would."""
    x, y, w = tl.randn(3), tl.randn(3), tl.randn(3)
    step = tl.capture(lambda a, b: a * 2 + b)
    for a, b in ((x, x), (x, y), (y, y), (y, x)):
        assert step(a, b).tolist() == (a * 2 + b).tolist()
    assert step.recordings == 2
    scaled = tl.capture(lambda a: a * w)
    for a in (w, x, w, y):
        assert scaled(a).tolist() == (a * w).tolist()


def test_arguments_that_overlap_and_are_written_to() -> None:
    def f(a: Any, b: Any) -> Any:
        a.mul_(2)
        return a + b

    step, memory = tl.capture(f), tl.randn(8)
    for views in (lambda m: (m[:4], m[4:]), lambda m: (m[:4], m[1:5]), lambda m: (m[:4], m[4:])):
        ours, theirs = memory.clone(), memory.clone()
        assert step(*views(ours)).tolist() == f(*views(theirs)).tolist()
        assert ours.tolist() == theirs.tolist()


def test_numbers_in_small_things() -> None:
    rates, names = np.array([0.5]), {"a"}
    step = tl.capture(lambda x: x * float(rates[0]) * len(names))
    x = tl.ones(2)
    assert step(x).tolist() == [0.5, 0.5] == step(x).tolist()
    rates[0] = 0.25
    assert step(x).tolist() == [0.25, 0.25]
    names.add("b")
    assert step(x).tolist() == [0.5, 0.5]


def test_gradients_as_results() -> None:
    world, other = World(), World()

    def of(world: World) -> Step:
        def step(x: Any, y: Any) -> Any:
            world.train(x, y)
            return [p.grad for p in world.net.parameters()]

        return step

    captured = tl.capture(of(world))
    kept = [(captured(*batch(i)), [g.clone() for g in of(other)(*batch(i))]) for i in range(4)]
    assert all(plain(ours) == plain(theirs) for ours, theirs in kept)
    assert captured.recordings <= 2


def test_each_thread_has_its_programs() -> None:
    step, found = tl.capture(lambda x: (x @ x).sum(1)), {}
    xs = [tl.randn(40, 40) for _ in range(4)]

    def run(n: int) -> None:
        found[n] = [step(xs[n]).tolist() == (xs[n] @ xs[n]).sum(1).tolist() for _ in range(50)]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(all(right) for right in found.values()) and len(found) == 4


def test_methods_and_what_is_captured_already() -> None:
    class Trained(World):
        @tl.capture
        def step(self, x: Any, y: Any) -> Any:
            """A step."""
            return self.train(x, y)

    first, second, plain_one = Trained(), Trained(), World()
    for i in range(3):
        assert first.step(*batch(i)).item() == second.step(*batch(i)).item() == plain_one.train(*batch(i)).item()
    assert first.step.recordings == 1
    assert first.step is not second.step
    assert tl.capture(first.step) is first.step
    assert first.step.__doc__ == "A step."
    outer = tl.capture(lambda x, y: second.step(x, y))  # within another recording it is just the function
    for i in range(3, 6):
        assert outer(*batch(i)).item() == plain_one.train(*batch(i)).item()
    assert (outer.recordings, second.step.recordings) == (1, 1)
    with pytest.raises(TypeError, match="capture: expected a function"):
        tl.capture(3)  # type: ignore[arg-type]


def test_settings_are_part_of_it() -> None:
    step = tl.capture(lambda x: tl.zeros(2) + x.sum())
    x = tl.ones(2)
    assert step(x).dtype == tl.float32
    tl.set_default_dtype(tl.float64)
    try:
        assert step(x).dtype == tl.float64
    finally:
        tl.set_default_dtype(tl.float32)
    w = tl.ones(2, requires_grad=True)

    def f(x: Any) -> Any:
        y = (w * x).sum()
        return y.requires_grad

    with tl.no_grad():
        assert tl.capture(f)(x) is False
    captured = tl.capture(f)
    assert captured(x) is True
    with tl.no_grad():
        assert captured(x) is False


def test_too_many_recordings() -> None:
    step = tl.capture(lambda x, n: x * n)
    x = tl.ones(2)
    with pytest.warns(RuntimeWarning, match="recording"):
        for n in range(70):
            assert step(x, n).tolist() == [n, n]
    assert step.recordings == 64 and len(step.programs) == 8


def test_a_write_in_a_replay_is_noticed() -> None:
    w = tl.tensor([1.0, 2.0], requires_grad=True)

    @tl.capture
    def double() -> None:
        with tl.no_grad():
            w.mul_(2)

    double()
    y = (w * w).sum()
    double()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
    assert w.tolist() == [4.0, 8.0]


def test_others_who_watch_see_each_op() -> None:
    world = World()
    step = tl.capture(world.train)
    step(*batch(0))
    with tl.watch() as seen:
        loss = step(*batch(1))
    assert seen.explain() is not None and loss.item() > 0


@pytest.fixture(autouse=True)
def nothing_is_open() -> Iterator[None]:
    yield
    assert here.recording is None and type(tl.Tensor.array).__name__ == "member_descriptor"
