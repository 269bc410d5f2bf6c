"""Cases that once went silently wrong, crashed, or were refused without a reason: one short test for each kind.

Most compare with PyTorch; where it has no such thing, the test says what is right. They are the examples of a larger kind: the
sums of tests/benchmarks/reductions.py, the random programs of test_fuzz.py.
"""

from __future__ import annotations

import copy
import gc
import gzip
import itertools
import pickle
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from timeit import timeit
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.apply import op
from tinygrad_lite.autograd import grad
from tinygrad_lite.datasets import DataLoader, FashionMNIST, TensorDataset, default_collate, read_labelled
from tinygrad_lite.datasets.fashion_mnist import read_idx
from tinygrad_lite.inplace import write, writes
from tinygrad_lite.tape import ops

inf, nan = float("inf"), float("nan")
EPSILON = float(np.finfo(np.float32).eps)


def leaf(*values: float, dtype: Any = tl.float64) -> tl.Tensor:
    return tl.tensor(list(values), dtype=dtype, requires_grad=True)


def epsilons(ours: tl.Tensor, exact: Any) -> float:
    """How far a float32 result is from the exact one, relative to it, in float32 epsilons."""
    return float(np.abs(ours.detach().numpy() / exact - 1).max() / EPSILON)


# Numbers that lose their digits


def test_the_mean_of_many_rows_of_large_numbers() -> None:
    x = np.random.default_rng(0).standard_normal((500_000, 3), dtype=np.float32) + np.float32(1000)
    assert epsilons(tl.from_numpy(x).mean(0), x.mean(0, dtype=np.float64)) < 2
    centred = tl.from_numpy(x) - tl.from_numpy(x).mean(0)
    assert abs(float((centred * centred).mean(0).max()) - 1) < 0.01


def in_order(x: np.ndarray[Any, Any], order: str) -> np.ndarray[Any, Any]:
    """x in another order of memory."""
    if order == "strided":
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    return np.asarray(x, order="F" if order == "columns" else "C")


@pytest.mark.parametrize("order", ["rows", "columns", "strided"])
@pytest.mark.parametrize("shape", [(256, 784), (2000, 60), (10_000, 5), (40, 500, 30), (300, 129, 17), (127, 6), (3, 100_000)])
def test_a_sum_over_any_axes_is_as_accurate_as_pairwise(shape: tuple[int, ...], order: str) -> None:
    rng = np.random.default_rng(0)
    for x in (np.full(shape, 0.1, np.float32), rng.random(shape, dtype=np.float32) + np.float32(0.5)):
        x = in_order(x, order)
        for n in range(1, len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), n):
                ours = tl.from_numpy(x).sum(axes)
                assert epsilons(ours, x.sum(axes, dtype=np.float64)) <= 4, axes


def test_twenty_million_rows() -> None:
    x = np.full((20_000_000, 2), 0.1, np.float32)
    exact = np.float32(0.1).astype(np.float64) * len(x)
    assert epsilons(tl.from_numpy(x).sum(0), exact) <= 4
    b = tl.zeros(2, requires_grad=True)
    (tl.from_numpy(x) * b).sum().backward()  # the undoing of broadcasting
    assert b.grad is not None and epsilons(b.grad, exact) <= 4
    b.grad = None
    y = nn.functional.linear(tl.from_numpy(x[:, :1]), tl.ones(2, 1), b)
    y.backward(tl.ones_like(y))
    assert b.grad.tolist() == [20_000_000, 20_000_000]  # stood still at 16,777,216


HALF: dict[str, Any] = {
    "mean of many": lambda t: t.ones(10_000, 2, dtype=t.float16).mean(0),
    "mean beyond the largest": lambda t: t.full((1000,), 100.0, dtype=t.float16).mean(),
    "sum": lambda t: t.full((3000, 2), 0.1, dtype=t.float16).sum(0),
    "mse_loss": lambda t: t.nn.functional.mse_loss(t.full((1000,), 100.0, dtype=t.float16), t.zeros(1000, dtype=t.float16)),
    "softmax of many": lambda t: t.zeros(100_000, dtype=t.float16).softmax(0),
    "sigmoid": lambda t: t.tensor([-12.0, 12.0, -16.0], dtype=t.float16).sigmoid(),
    "tanh": lambda t: t.tensor([-0.001, 2.0], dtype=t.float16).tanh(),
    "a large number": lambda t: t.tensor([0.01, 1.0], dtype=t.float16) * 100_000 / 200_000,
    "matmul": lambda t: t.full((2, 5000), 0.1, dtype=t.float16) @ t.full((5000, 2), 0.1, dtype=t.float16),
    "expand": lambda t: t.ones(1, dtype=t.float16).expand(3000).sum(),
}


@pytest.mark.parametrize("name", HALF)
def test_float16_is_stored_in_16_bits_and_computed_in_32(name: str) -> None:
    ours, theirs = HALF[name](tl), HALF[name](torch)
    assert ours.dtype == np.float16
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-3, 1e-7)  # one unit in the last place


def test_float16_where_torch_itself_sums_in_float16() -> None:
    """PyTorch on the CPU gives -inf and inf here."""
    n = 100_000
    assert tl.zeros(n, dtype=tl.float16).log_softmax(0)[0].item() == float(np.float16(-np.log(n)))
    assert tl.ones(n, dtype=tl.float16).logsumexp(0).item() == float(np.float16(1 + np.log(n)))


@pytest.mark.parametrize(
    "program",
    [
        lambda t, x: x[[0] * 70_000].mean(),
        lambda t, x: (x[:2].expand(5000, 2) * 0.1).sum(),
        lambda t, x: x[:9].reshape(3, 3).expand(3000, 3, 3).mean(),
        lambda t, x: (x * -8).sigmoid().sum() * 100,
        lambda t, x: (x * 300).softmax(0)[-1] * 1000,
        lambda t, x: (x * x).sum().sqrt(),
    ],
)
def test_float16_gradients_are_computed_in_32_bits_too(program: Any) -> None:
    a = np.linspace(0.5, 2, 3000).astype(np.float16)
    x, z = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    program(tl, x).backward()
    program(torch, z).backward()
    assert x.grad is not None and x.grad.dtype == np.float16
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), 2e-3, 1e-6)


def test_a_float16_view_is_a_view() -> None:
    x = tl.zeros(2, 3, dtype=tl.float16)
    for part in (x.T, x[0], x.reshape(6), x.expand(1, 2, 3)):
        part += 1
    assert x.tolist() == [[4, 4, 4], [3, 3, 3]]


EDGES: dict[str, Any] = {
    "sign": (lambda t, x: t.sign(x), [0.0, 1.0, -2.0]),
    "x**0": (lambda t, x: x**0, [0.0, 1.0, inf]),
    "maximum of equals": (lambda t, x: t.maximum(x, t.ones_like(x)), [1.0, 2.0, 0.0, nan]),
    "minimum of equals": (lambda t, x: t.minimum(x, t.ones_like(x)), [1.0, 2.0, 0.0, nan]),
    "0**0": (lambda t, x: x ** t.zeros_like(x), [0.0, 2.0]),
    "the largest is nan": (lambda t, x: x.max(), [1.0, nan, 3.0, nan]),
    "the smallest is nan": (lambda t, x: x.min(), [1.0, nan, 3.0]),
    "the largest twice": (lambda t, x: x.max(), [1.0, 3.0, 3.0]),
    "amax of nan": (lambda t, x: x.amax(), [1.0, nan]),
    "clamp by Tensors": (
        lambda t, x: t.clamp(x, t.tensor([1.0, 1, 1, nan, 3, 3, 2]), t.tensor([2.0, 2, nan, 2, 1, 1, 2])),
        [0.0, 1.0, 1.0, 1.0, 2.0, 5.0, 2.0],
    ),
    "clamp by one Tensor": (lambda t, x: t.clamp(x, min=t.tensor([1.0, nan, 1])), [1.0, 1.0, nan]),
    "clamp by nan": (lambda t, x: t.clamp(x, min=nan), [1.0, 2.0]),
}


@pytest.mark.parametrize("upstream", [1.0, inf])
@pytest.mark.parametrize("name", EDGES)
def test_a_gradient_of_0_stays_0_at_nan_and_inf(name: str, upstream: float) -> None:
    function, values = EDGES[name]
    results = []
    for t, differentiate in ((tl, grad), (torch, torch.autograd.grad)):
        x = t.tensor(values, requires_grad=True)
        y = function(t, x)
        (g,) = differentiate(y, x, t.full_like(y, upstream))
        results.append((y.detach().numpy(), g.numpy()))
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours, theirs)


# Memory that two things share


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


class Reversed(np.ndarray):  # type: ignore[type-arg]
    """A subclass on which * means something else."""

    def __mul__(self, other: Any) -> Any:
        raise AssertionError("the subclass was asked")


@pytest.mark.parametrize("make", [tl.from_numpy, tl.as_tensor, tl.nn.Parameter, lambda a: tl.ones(2, 2) * 0 + a])
def test_only_plain_arrays_are_kept(make: Any) -> None:
    a = np.ones((2, 2), np.float32).view(Reversed)
    x = make(a)
    assert type(x.array) is np.ndarray and (x * x).tolist() == [[1, 1], [1, 1]]
    if make in (tl.from_numpy, tl.as_tensor):
        a[0, 0] = 5
        assert x.tolist() == [[5, 1], [1, 1]]


def test_the_maximum_of_a_0d_tensor_is_no_view_of_it() -> None:
    x = tl.tensor(2.0)
    x.max(0).values.add_(1)
    assert x.item() == 2


def test_what_numpy_writes_to_a_tensor_is_noticed() -> None:
    def write_to(s: tl.Tensor) -> Iterator[Any]:
        yield lambda: np.add(s, 10, out=s)
        yield lambda: np.exp(s, out=s)
        yield lambda: np.cbrt(s, out=s)
        yield lambda: np.add(s, 10, out=s, where=np.array([True, False]))
        yield lambda: np.add.at(s, [0], 5.0)
        yield lambda: np.cumsum(s, out=s)
        yield lambda: np.clip(s, 0, 1, out=s)

    for n in range(7):
        w, s = leaf(1.0, 2.0), tl.tensor([3.0, 4.0], dtype=tl.float64)
        y = (w * s).sum()
        list(write_to(s))[n]()
        assert s.tolist() != [3, 4]
        with pytest.raises(RuntimeError, match=r"backward through mul.*changed in place"):
            y.backward()


@pytest.mark.parametrize("function", [np.copyto, lambda x, v: np.put(x, [0], v), lambda x, v: np.fill_diagonal(x, v)])
def test_numpy_cannot_write_unnoticed(function: Any) -> None:
    x = tl.zeros(2, 2)
    with pytest.raises(RuntimeError, match=r"would write to a Tensor.*copy_"):
        function(x, 1.0)
    assert x.tolist() == [[0, 0], [0, 0]]


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


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_views_are_views_of_the_copy(again: Any) -> None:
    base = tl.arange(12, dtype=tl.float64).reshape(3, 4)
    parts = (base, base[1:], base.T[2], base[:, ::2])
    copies = again(parts)
    assert [x.tolist() for x in copies] == [x.tolist() for x in parts]
    copies[0].zero_()
    assert all(x.tolist() == (x * 0).tolist() for x in copies)
    assert base[2].tolist() == [8, 9, 10, 11]
    w = again(leaf(1.0, 2.0))
    assert w.requires_grad and w.is_leaf


def test_a_write_that_cannot_be_noted_does_not_happen() -> None:
    owners = [memoryview(bytearray(8)), bytearray(8)]
    arrays = [np.frombuffer(memory, np.float32) for memory in owners] + [np.from_dlpack(torch.zeros(2))]
    for array in arrays:
        w, x = leaf(1.0, 2.0, dtype=tl.float32), tl.from_numpy(array)
        y = (w * x).sum()
        x += 1  # the owner takes no weak reference
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()
    fixed = tl.from_numpy(np.frombuffer(b"12345678", np.float32))
    before, time_before = fixed.tolist(), writes.last
    for attempt in (lambda: fixed.add_(1), lambda: fixed.zero_(), lambda: write(fixed.array, np.copyto, 0)):
        with pytest.raises(RuntimeError, match=r"in-place.*read-only.*clone"):
            attempt()
    assert fixed.tolist() == before and writes.last == time_before


# Half-done work, crashes, refusals without a reason


def test_a_write_to_a_recorded_0d_result() -> None:
    w, x = tl.tensor(3.0, requires_grad=True), tl.tensor(1.0, requires_grad=True)
    y = x * 2
    y.copy_(w)
    (y * y).backward()
    assert w.grad is not None and x.grad is not None
    assert (w.grad.item(), x.grad.item()) == (6, 0)


def test_grad_lets_go_only_what_lies_on_the_way() -> None:
    a, b = leaf(3.0), leaf(2.0)
    z = a * a + b * b
    assert (grad(z, a)[0].item(), grad(z, b)[0].item()) == (6, 4)
    z, kept = a * a + b * b, b * 1
    side = kept * kept
    out = (z + side).sum()
    with tl.no_grad():
        kept += 1  # changes what only the way to b needs
    assert grad(out, a, retain_graph=True)[0].item() == 6
    with pytest.raises(RuntimeError, match="changed in place"):
        grad(out, b)
    middle = a * a
    last = (middle * b).sum()
    assert grad(last, middle)[0].item() == 2
    (middle * 1).sum().backward(inputs=[a])  # `middle` was not walked through
    assert a.grad is not None and a.grad.item() == 6


def test_memory_that_nobody_else_sees_may_be_written_to() -> None:
    A, v = tl.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), tl.tensor([1.0, 1.0])
    results = {
        "matrix times vector": lambda: A @ v,
        "max": lambda: A.max(1)[0],
        "columns": lambda: A[:, [0, 1]],
        "transposed": lambda: A.T.reshape(-1),
        "squeezed": lambda: (A * 1).sum(1, keepdim=True).squeeze(1),
        "expanded to itself": lambda: (A * 1).expand(1, 2, 2),
    }
    for name, result in results.items():
        y = result()
        y += 1
        y.sum().backward()
        assert A.grad is not None, name
        A.grad = None
    free = tl.ones(1, 3).expand(1, 3).mul_(2)
    assert free.tolist() == [[2, 2, 2]]


def test_a_refused_write_says_who_else_sees_the_memory() -> None:
    w = leaf(1.0, 2.0)
    y = w * 2
    square = y * y
    with pytest.raises(RuntimeError, match="shared with the recorded step <mul>, which kept it"):
        y += 1
    del square
    view = y[:1]
    with pytest.raises(RuntimeError, match=r"shared with another tensor, of shape \[1\]"):
        y += 1
    del view
    array = y.detach().numpy()
    with pytest.raises(RuntimeError, match="shared with a NumPy array"):
        y += 1
    del array
    y += 1
    assert y.tolist() == [3, 5]
    assert not gc.garbage


@pytest.mark.parametrize("recorded", [False, True])
def test_a_write_to_an_expanded_tensor_is_refused(recorded: bool) -> None:
    x = tl.ones(1, 3, requires_grad=True) * 1 if recorded else tl.ones(1, 3)
    wide = x.expand(2, 3)
    del x
    with pytest.raises(RuntimeError, match=r"in-place.*one number in memory.*expanded.*clone"):
        wide += 1
    with pytest.raises(RuntimeError, match=r"in-place.*one number in memory.*expanded.*clone"):
        wide.zero_()


def test_comparisons_with_numbers_beyond_the_dtype() -> None:
    """The number is cast to the tensor's dtype first, also where it wraps around: PyTorch does that."""
    for dtype in ("uint8", "int32", "int64"):
        for number in (-1, -5, 0, 44, 255, 256, 300, 2**31, 2**40, -(2**40), True, 1.5, -1e20, 1e20):
            for values in ([0, 1, 100, 255],):
                x, z = tl.tensor(values, dtype=getattr(tl, dtype)), torch.tensor(values, dtype=getattr(torch, dtype))
                for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
                    assert getattr(x, name)(number).tolist() == getattr(z, name)(number).tolist(), (dtype, number, name)


def test_numpy_functions_on_arrays_and_tensors_together() -> None:
    t, a = leaf(1.0, -2.0), np.array([3.0, 4.0])
    results = {
        "where": (np.where(np.array([True, False]), t, 0.0), [1, 0]),
        "where, list": (np.where([False, True], a, t), [1, 4]),
        "concatenate": (np.concatenate([a, t]), [3, 4, 1, -2]),
        "stack": (np.stack([t, a]), [[1, -2], [3, 4]]),
        "clip": (np.clip(t, a_min=0, a_max=None), [1, 0]),
        "clip, max": (np.clip(t, None, 0), [0, -2]),
        "clip, array": (np.clip(t, a_min=np.array([2.0, 2.0]), a_max=3), [2, 2]),
        "add, list": (np.add([1.0, 1.0], t), [2, -1]),
        "sum, dtype": (np.sum(t, 0, np.float64), -1),
    }
    for name, (result, values) in results.items():
        assert isinstance(result, tl.Tensor) and result.requires_grad, name
        assert result.tolist() == values, name
    with pytest.raises(TypeError, match="sum has no derivative here"):
        np.sum(t, where=np.array([True, False]))
    assert np.sum(t.detach(), where=np.array([True, False])) == 1


def test_an_empty_operand_of_cat_has_a_gradient() -> None:
    empty, x = tl.zeros(0, requires_grad=True), tl.ones(2, 3)
    y = tl.cat([empty, x], 1)
    assert y.requires_grad and y.shape == (2, 3)
    y.sum().backward()
    assert empty.grad is not None and empty.grad.shape == (0,)


class Bare:
    """Refuses an attribute as fast as Python can."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def test_asking_for_an_attribute_that_is_not_there_is_cheap() -> None:
    x, net, bare = tl.ones(2), nn.Linear(1, 1), Bare()

    def seconds(ask: Any) -> float:
        return min(timeit(ask, number=200) for _ in range(9))

    assert seconds(lambda: hasattr(x, "shpae")) < 10 * seconds(lambda: hasattr(bare, "shpae"))
    assert seconds(lambda: hasattr(net, "wieght")) < 20 * seconds(lambda: hasattr(bare, "wieght"))
    assert seconds(lambda: hasattr(tl, "tnesor")) < 10 * seconds(lambda: hasattr(bare, "tnesor"))
    with pytest.raises(AttributeError, match="a Tensor has no 'shpae'; the nearest is 'shape'"):
        x.shpae  # noqa: B018


def double(x: Any) -> Any:
    return x + x


@pytest.mark.parametrize(
    ("vjps", "forward", "words"),
    [
        ({}, double, "the input x has no vjp.*x=None"),
        ({"x": lambda g, *, out: g}, double, r"the vjp x= takes g and then, by position"),
        ({"x": lambda g, *rest: g}, double, r"the vjp x= takes g and then, by position"),
        ({"x": lambda: 1}, double, r"the vjp x= takes g and then, by position"),
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

    def exp(x: Any) -> Any:
        return x

    try:
        for _ in range(2):
            op(x=lambda g: g * 2)(twice)  # the same lines, run again
        with pytest.raises(TypeError, match=r"@op exp: there is an op of this name already, in .*exponential.py, line \d+"):
            op(x=lambda g: g)(exp)
    finally:
        ops.pop("twice", None)


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


def test_references_are_counted_right_by_this_python() -> None:
    """A write where nobody else looks passes, a write where anybody looks is refused: on every version of Python."""
    for make in (lambda w: w * 2, lambda w: (w * 2).reshape(2, 1), lambda w: -w):
        w = leaf(1.0, 2.0)
        y = make(w)
        y += 1
        seen = y.detach()
        with pytest.raises(RuntimeError, match="shared with"):
            y += 1
        assert seen.tolist() == y.tolist(), sys.version


def test_what_no_test_noticed() -> None:
    x = tl.tensor([[3.0, 1.0], [2.0, 5.0]])
    assert x.argmin(1).tolist() == [1, 0] and tl.argmin(x, 0).shape == (2,) and x.argmax(1).shape == (2,)
    for op_ in (tl.add, tl.sub, tl.mul, tl.div, tl.maximum, tl.minimum):
        assert isinstance(op_(x, np.ones((2, 2), np.float32)), tl.Tensor)
        assert isinstance(op_(np.ones((2, 2), np.float32), x), tl.Tensor)
        for operands in ((x, [1.0, 2.0]), ([1.0, 2.0], x), (x, None)):
            with pytest.raises(TypeError, match=r"expected a Tensor or a number, got (list|NoneType)"):
                op_(*operands)
    with pytest.raises(RuntimeError, match="grad: inputs is empty"):
        grad(leaf(1.0).sum(), [])


# nn and datasets


def test_a_batch_that_is_changed_leaves_the_dataset_alone() -> None:
    x = tl.ones(6, 2)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=4):
        batch /= 2
    assert x.tolist() == [[1, 1]] * 6


def test_a_matrix_becomes_a_plain_array_on_the_same_memory() -> None:
    m = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    p = nn.Parameter(m)
    assert type(p.array) is np.ndarray and np.shares_memory(p.array, m)
    assert (p * p).tolist() == [[1, 4], [9, 16]]
    assert default_collate([m, m]).shape == (2, 2, 2)


def test_zeros_for_a_gradient_with_a_graph_are_detached() -> None:
    net = nn.Linear(1, 1)
    for zero in (net.zero_grad, optim.SGD(net.parameters()).zero_grad):
        ((net(tl.ones(1, 1))) ** 2).sum().backward(create_graph=True)
        zero(set_to_none=False)
        assert net.weight.grad is not None
        assert not net.weight.grad.requires_grad


@pytest.mark.parametrize(
    "value",
    [
        np.array(["1", "2"]),
        np.array([1j, 2]),
        np.array(["2020-01-01"] * 2, "datetime64[D]"),
        np.array([1, None]),
        torch.ones(2, requires_grad=True),
        torch.ones(2, dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_state_that_does_not_fit_changes_nothing(value: object, strict: bool) -> None:
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 2))
    before = [p.tolist() for p in net.parameters()]
    state = {key: np.full(x.shape, 7.0) for key, x in net.state_dict().items()} | {"1.bias": value}
    with pytest.raises(RuntimeError, match=r'for "1\.bias", '):
        net.load_state_dict(state, strict)
    assert [p.tolist() for p in net.parameters()] == before


def test_parameters_on_overlapping_memory_both_count() -> None:
    for lib, made in ((tl, nn.Parameter), (torch, torch.nn.Parameter)):
        x = lib.zeros(3)
        p, q = made(x[:2]), made(x[1:])
        p.grad, q.grad = lib.ones(2), lib.ones(2)
        lib.optim.SGD([p, q], lr=1.0).step()
        assert x.tolist() == [-1, -2, -1]


def test_an_optimizers_state_that_does_not_fit_changes_nothing() -> None:
    p = nn.Parameter(tl.ones(2))
    p.grad = tl.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    saved = optimizer.state_dict()
    for wrong in ({"exp_avg": np.array(["1", "2"])}, {"exp_avg_sq": None}, {"step": np.ones(2)}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            optimizer.load_state_dict({**saved, "state": {0: saved["state"][0] | wrong}})
    assert optimizer.state[p]["step"].item() == 1


def test_bce_of_infinite_logits() -> None:
    found = []
    for lib in (tl, torch):
        x = lib.tensor([float("inf"), float("-inf"), 3.4e38], requires_grad=True)
        y = lib.nn.functional.binary_cross_entropy_with_logits(x, lib.tensor([0.0, 1.0, 0.5]), reduction="none")
        found.append((y.tolist(), lib.autograd.grad(y.sum(), x)[0].tolist()))
    np.testing.assert_array_equal(*[values for values, _ in found])
    np.testing.assert_array_equal(*[gradients for _, gradients in found])


def test_linear_without_features_and_with_a_weight_of_one_dimension() -> None:
    x, w, b = tl.ones(5, 2, 0), tl.ones(4, 0, requires_grad=True), tl.ones(4, requires_grad=True)
    nn.functional.linear(x, w, b).sum().backward()
    assert b.grad is not None
    assert b.grad.tolist() == [10] * 4
    assert nn.functional.linear(tl.ones(2, 3), tl.ones(3)).tolist() == [3, 3]


def test_a_number_too_large_for_the_dtype_is_named(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    file.write_text("1 1\n2 1e39\n")
    with pytest.raises(ValueError, match=r"large\.txt, line 2: '1e39' is too large for float32"):
        read_labelled(file)


def test_a_gzip_that_unpacks_to_a_gigabyte_is_not_unpacked(tmp_path: Path) -> None:
    part = gzip.compress(bytes(1 << 24), 1)  # a gzip file may have many parts
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(part * 64)
    tracemalloc.start()
    with pytest.raises(ValueError, match="magic number"):
        read_idx(path, FashionMNIST.files["train"][1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 23


def test_the_norm_of_float16_gradients() -> None:
    p = tl.zeros(2, dtype=tl.float16, requires_grad=True)
    p.grad = tl.tensor([300.0, 400.0], dtype=tl.float16)
    assert nn.utils.clip_grad_norm_(p, 5.0).item() == 500
    np.testing.assert_allclose(p.grad.tolist(), [3, 4], 1e-3)
