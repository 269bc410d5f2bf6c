"""In-place writes: views see them, gradients are right, and a write that would silently spoil a gradient is refused."""

from __future__ import annotations

import gc
import operator
from operator import imul
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.inplace import write, write_all, writes


def leaf(*values: Any) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


# Writes without a gradient


def test_views_see_a_write() -> None:
    x = tl.zeros(2, 3)
    row, column, flat, same = x[0], x.T[1], x.reshape(-1), x.detach()
    x += 1
    x[0, 1] = 7
    row *= 2
    assert x.tolist() == [[2, 14, 2], [1, 1, 1]]
    assert column.tolist() == [14, 1]
    assert flat.tolist() == [2, 14, 2, 1, 1, 1]
    assert same.tolist() == x.tolist()


@pytest.mark.parametrize("name", ["__iadd__", "__isub__", "__imul__", "__itruediv__", "add_", "sub_", "mul_", "div_"])
@pytest.mark.parametrize("other", [2, 0.5, "tensor", "row", "0d"])
def test_a_write_equals_torch_and_keeps_memory(name: str, other: Any, close: Any) -> None:
    values = np.arange(1.0, 7).reshape(2, 3)
    operands: dict[str, Any] = {"tensor": np.full((2, 3), 3.0), "row": np.arange(1.0, 4), "0d": np.array(4.0)}
    x, z = tl.tensor(values), torch.tensor(values)
    array = x.array
    y = getattr(x, name)(tl.tensor(operands[other]) if isinstance(other, str) else other)
    w = getattr(z, name)(torch.tensor(operands[other]) if isinstance(other, str) else other)
    assert y is x
    assert w is z
    assert x.array is array
    close(x, z)


INDEXES: list[Any] = [
    0,
    -1,
    (0, 1),
    slice(1, None),
    (Ellipsis, 0),
    [1, 1],
    (slice(None), [0, 2]),
    np.array([[True, False, True], [False, True, False]]),
    (0, [True, False, True]),
    None,
    Ellipsis,
    (),
    (slice(None), None, 1),
    slice(0, 0),
    [],
]


@pytest.mark.parametrize("index", INDEXES, ids=str)
def test_setitem_equals_torch(index: Any, close: Any) -> None:
    x, z = tl.zeros(2, 3), torch.zeros(2, 3)
    place = tl.tensor(index) if isinstance(index, np.ndarray) else index
    there = torch.tensor(index) if isinstance(index, np.ndarray) else index
    x[place] = 5
    z[there] = 5
    close(x, z)
    value = np.random.default_rng(0).standard_normal(tuple(z[there].shape)).astype("float32")
    x[place] = tl.tensor(value)
    z[there] = torch.tensor(value)
    close(x, z)


def test_setitem_and_copy_cast_to_the_dtype() -> None:
    x, z = tl.zeros(3, dtype=tl.int64), torch.zeros(3, dtype=torch.int64)
    for t, a in ((tl, x), (torch, z)):
        a[0] = 2.7
        a[1:] = t.tensor([3.9, -3.9])
    assert x.tolist() == z.tolist() == [2, 3, -3]
    assert x.copy_(tl.tensor(1.5)).tolist() == [1, 1, 1]
    assert tl.zeros(2).copy_(tl.tensor([1, 2])).dtype == tl.float32
    assert tl.ones(2).zero_().tolist() == [0, 0]
    assert tl.ones(2).fill_(3).tolist() == [3, 3]


@pytest.mark.parametrize(
    ("start", "write", "words"),
    [
        (lambda: tl.zeros(2, 3), lambda x: x.add_(tl.ones(4)), r"add.*float32\[2, 3\] and float32\[4\]"),
        (lambda: tl.zeros(3), lambda x: x.mul_(tl.ones(2, 3)), r"mul.*\[3\] and float32\[2, 3\]"),
        (lambda: tl.zeros(3, dtype=tl.int64), lambda x: x.add_(1.5), "add"),
        (lambda: tl.zeros(3, dtype=tl.int64), lambda x: x.div_(2), "div"),
        (lambda: tl.zeros(3), lambda x: x.__setitem__(0, tl.ones(2)), r"x\[index\]|setitem"),
        (lambda: tl.zeros(3), lambda x: x.copy_(tl.ones(2)), r"x\[index\]|setitem|copy"),
        (lambda: tl.zeros(3, 3), lambda x: x.__setitem__((slice(None), [0, 1]), tl.ones(3)), r"x\[index\]|setitem"),
    ],
)
def test_a_write_that_does_not_fit_changes_nothing(start: Any, write: Any, words: str) -> None:
    x = start()
    with pytest.raises(RuntimeError, match=words):
        write(x)
    assert x.array.tolist() == start().array.tolist()
    for out_of_range in (3, [0, 9]):
        with pytest.raises(IndexError, match="out of bounds"):
            x[out_of_range] = 1
    assert x.array.tolist() == start().array.tolist()


# What a vjp kept must not have changed


@pytest.mark.parametrize(
    ("op", "use"),
    [
        ("exp", lambda x: x.exp()),
        ("sigmoid", lambda x: x.sigmoid()),
        ("relu", lambda x: x.relu()),
        ("sqrt", lambda x: x.sqrt()),
        ("softmax", lambda x: x.softmax(0)),
    ],
)
def test_a_changed_result_is_an_error_that_names_op_and_mend(op: str, use: Any) -> None:
    x = leaf(1.0, 2.0)
    y = use(x)
    z = y.sum()
    with tl.no_grad():
        y *= 2
    with pytest.raises(RuntimeError, match=rf"backward through {op}: the float64\[2\] array .* changed in place.*clone"):
        z.backward()
    assert x.grad is None


@pytest.mark.parametrize(
    "write",
    [
        lambda w: w.add_(1),
        lambda w: w.__setitem__(0, 5.0),
        lambda w: w.zero_(),
        lambda w: w.copy_(tl.ones(2)),
        lambda w: w[0:1].fill_(3),
        lambda w: w.detach().mul_(2),
        lambda w: w.data.mul_(2),
        lambda w: w.T.add_(1),
        lambda w: w.reshape(2, 1).add_(1),
        lambda w: write(w.array, imul, 2),
    ],
)
def test_a_changed_input_is_an_error_however_it_was_written(write: Any) -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (x * w).sum()
    with tl.no_grad():
        write(w)
    with pytest.raises(RuntimeError, match=r"backward through mul.*changed in place"):
        y.backward()


def test_a_view_kept_and_its_base_written() -> None:
    base, x = tl.ones(2, 2, dtype=tl.float64), leaf(1.0, 2.0)
    y = (x * base[0]).sum()
    base[1] = 5  # torch, too, counts versions by memory, not by element
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_writes_that_do_no_harm() -> None:
    x, w, other = leaf(1.0, 2.0), leaf(3.0, 4.0), tl.zeros(2)
    with tl.no_grad():
        w += 1  # before it was kept
    y = x * w
    other += 1  # something else
    z = y + 1
    with tl.no_grad():
        z *= 2  # a result that no vjp kept
        x -= 1  # only w is needed for the gradient of x; that of w needs x
    (gx,) = tl.autograd.grad((x * 2).sum(), x)
    assert gx.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="mul"):
        y.sum().backward()
    x, w = leaf(1.0, 2.0), tl.tensor([3.0, 4.0], dtype=tl.float64)
    y = x * w
    with tl.no_grad():
        x -= 1
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 4]


def test_training_by_hand() -> None:
    w = leaf(1.0, 2.0)
    for _ in range(3):
        (w * w).sum().backward()
        with tl.no_grad():
            w -= 0.1 * w.grad
            w.grad.zero_()
    np.testing.assert_allclose(w.detach().numpy(), np.array([1, 2]) * 0.8**3, 1e-14)
    assert w.requires_grad
    assert w.is_leaf


# In place on a leaf


WRITES: dict[str, Any] = {
    "iadd": lambda t, x, y: x.__iadd__(y),
    "isub": lambda t, x, y: x.__isub__(y),
    "imul": lambda t, x, y: x.__imul__(y),
    "itruediv": lambda t, x, y: x.__itruediv__(y),
    "add_": lambda t, x, y: x.add_(y),
    "setitem": lambda t, x, y: x.__setitem__(slice(None), y),
    "copy_": lambda t, x, y: x.copy_(y),
    "zero_": lambda t, x, y: x.zero_(),
    "fill_": lambda t, x, y: x.fill_(2),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_leaf_that_requires_grad_is_refused(name: str) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"a leaf that requires grad.*no_grad\(\)"):
        WRITES[name](tl, x, tl.ones(2, dtype=tl.float64))
    assert x.tolist() == [1, 2]
    with tl.no_grad():
        WRITES[name](tl, x, tl.ones(2, dtype=tl.float64))
    assert x.is_leaf
    assert x.requires_grad


# Recorded writes


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("result", [True, False])
def test_gradients_through_a_write_equal_torch(name: str, result: bool, close: Any) -> None:
    """y is a result (or a constant) that is changed by w, which requires grad."""
    found: list[list[Any]] = []
    for t in (tl, torch):
        x = t.tensor([1.0, 2.0, 3.0], dtype=t.float64, requires_grad=result)
        w = t.tensor([0.5, -0.5, 2.0], dtype=t.float64, requires_grad=True)
        y = x * 2
        WRITES[name](t, y, w)
        z = (y * y).sum() if y.requires_grad else (w * 0).sum() + y.sum()
        z.backward()
        found.append([y, w.grad, x.grad])
    for ours, theirs in zip(*found):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            close(ours, theirs)


PARTS: list[Any] = [
    0,
    (0, 1),
    slice(1, None),
    (Ellipsis, -1),
    [1, 0],
    (slice(None), [2, 0]),
    np.array([True, False]),
    (1, slice(None, None, 2)),
]


@pytest.mark.parametrize("index", PARTS, ids=str)
def test_gradients_through_setitem_equal_torch(index: Any, close: Any) -> None:
    found: list[list[Any]] = []
    for t in (tl, torch):
        x = t.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=t.float64, requires_grad=True)
        place = t.tensor(index) if isinstance(index, np.ndarray) else index
        y = x * 3
        w = t.full(tuple(y[place].shape), 1.5, dtype=t.float64, requires_grad=True)
        y[place] = w
        (y * y).sum().backward()
        found.append([y, x.grad, w.grad])
    for ours, theirs in zip(*found):
        close(ours, theirs)


def test_a_chain_of_writes_equals_torch(close: Any) -> None:
    found: list[list[Any]] = []
    for t in (tl, torch):
        x = t.tensor([1.0, 2.0, 3.0], dtype=t.float64, requires_grad=True)
        out = t.zeros(3, dtype=t.float64)
        for i in range(3):
            out[i] = x[i] ** (i + 1)
        out += x
        out *= 2
        out /= x
        out -= 1
        out.sum().backward()
        found.append([out, x.grad])
    for ours, theirs in zip(*found):
        close(ours, theirs)


def test_a_write_of_another_float_dtype(close: Any) -> None:
    found: list[list[Any]] = []
    for t in (tl, torch):
        x = t.tensor([1.0, 2.0], requires_grad=True)
        w = t.tensor([0.5, 0.25], dtype=t.float64, requires_grad=True)
        y = x * 1
        y += w
        y.sum().backward()
        found.append([y, x.grad, w.grad])
    for ours, theirs in zip(*found):
        close(ours, theirs)


def test_a_write_records_nothing_under_no_grad() -> None:
    x, w = leaf(1.0), leaf(2.0)
    y = x * 3
    with tl.no_grad():
        y += w
    y.sum().backward()
    assert w.grad is None
    assert x.grad is not None
    assert x.grad.tolist() == [3]


# Where memory is shared with something whose place on the tape would be wrong


def looked_at(y: tl.Tensor) -> dict[str, Any]:
    return {
        "no history": lambda: within_no_grad(lambda: y[0:1]),
        "detached view": lambda: y.detach()[0:1],
        "numpy": lambda: y.detach().numpy(),
        "array": lambda: y.array,
        "part of the array": lambda: y.array[1:],
    }


def within_no_grad(function: Any) -> Any:
    with tl.no_grad():
        return function()


@pytest.mark.parametrize("name", looked_at(tl.zeros(2)))
def test_a_recorded_write_to_shared_memory_is_refused(name: str) -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x + 0
    other = looked_at(y)[name]()
    part = y[1:]
    attempts = [lambda: y.__iadd__(w), lambda: y.__setitem__(0, w[0]), lambda: y.zero_(), lambda: y.mul_(2)]
    for attempt in (*attempts, lambda: part.add_(w[:1]), lambda: y[0:1].mul_(2)):
        with pytest.raises(RuntimeError, match=r"in-place.*shared with.*(x = \.\.\.|clone)"):
            attempt()
    assert y.tolist() == [1, 2] and part.tolist() == [2]
    del other
    y += w
    (y.sum() + part.sum()).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1, 2]


@pytest.mark.parametrize("keep", [lambda y: y.exp() * y, lambda y: y * y, lambda y: y[0:1] * y[1:], lambda y: y[1:].square()])
def test_a_recorded_write_to_what_a_step_has_saved_is_noticed_by_the_walk(keep: Any) -> None:
    for change in (lambda y, w: y.__iadd__(w), lambda y, w: y.__setitem__(1, w[0]), lambda y, w: y[1:].mul_(w[:1])):
        results = []
        for t in (tl, torch):
            x, w = (t.tensor([a, a + 1], dtype=t.float64, requires_grad=True) for a in (1.0, 3.0))
            y = x + 0
            other = keep(y)
            change(y, w)
            y.sum().backward()
            results.append([y.tolist(), x.grad.tolist(), w.grad.tolist()])
            with pytest.raises(RuntimeError, match=r"in ?place"):
                other.sum().backward()
        assert results[0] == results[1]


@pytest.mark.parametrize("saves_its_result", ["exp", "sigmoid", "softmax"])
def test_a_result_that_its_own_step_saved_can_be_written_to(saves_its_result: str) -> None:
    """As in dlogits = softmax(logits, 1); dlogits[range(n), y] -= 1, where nobody asks for a derivative any more."""
    shown: list[Any] = []
    for t in (tl, torch):
        x = t.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=t.float64, requires_grad=True)
        y = x.softmax(1) if saves_its_result == "softmax" else getattr(x, saves_its_result)()
        y[range(2), t.tensor([1, 0])] -= 1
        y /= 2
        shown.append(np.array(y.tolist()))
        with pytest.raises(RuntimeError, match=r"in ?place"):
            y.sum().backward()
    np.testing.assert_allclose(*shown, rtol=1e-15)


def test_a_recorded_write_to_a_view_without_history_is_refused() -> None:
    x = leaf(1.0, 2.0)
    plain = tl.zeros(2, dtype=tl.float64)
    for part in (plain.detach()[0:1], plain[0:1]):  # once something was detached, the view cannot tell what it is a part of
        with pytest.raises(RuntimeError, match="in-place"):
            part.add_(x[0:1])
    assert plain.tolist() == [0, 0] and not plain.requires_grad
    with pytest.raises(RuntimeError, match="in-place"):
        x[0:1] += 1  # a part of a leaf


def test_a_recorded_write_that_does_not_fit_changes_nothing() -> None:
    x, w = leaf(1.0, 2.0), leaf(1.0, 2.0, 3.0)
    y = x * 2
    node = y.node
    with pytest.raises(RuntimeError, match=r"\[2\] and float64\[3\]"):
        y += w
    with pytest.raises(RuntimeError, match=r"\[3, 2\]"):
        y += tl.ones(3, 2)
    count = tl.zeros(2, dtype=tl.int64)
    with pytest.raises(RuntimeError, match=r"int64\[2\]"):
        count += x
    assert y.node is node
    assert y.tolist() == [2, 4]
    assert count.tolist() == [0, 0]


def test_a_tensor_multiplied_by_itself_in_place() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    y *= y  # PyTorch refuses this
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 4]


def test_torch_and_we_agree_on_what_is_an_error_after_a_write() -> None:
    """Either library may refuse a program that the other runs; but where both run it, the gradients are the same."""
    programs: list[Any] = [
        lambda t, x, w: (y := x * 1, z := y * w, y.add_(1), z)[-1],
        lambda t, x, w: (y := x * 1, z := y + w, y.add_(1), z * y)[-1],
        lambda t, x, w: (y := x.exp(), y.mul_(w), y)[-1],
        lambda t, x, w: (y := x * 1, y.mul_(y.detach()), y)[-1],
        lambda t, x, w: (y := x * 1, v := y[0:1], v.mul_(2), y * w)[-1],
        lambda t, x, w: (y := x * 1, y.mul_(w), y.mul_(w), y * y)[-1],
        lambda t, x, w: (y := w.detach(), z := x * w, y.add_(1), z)[-1],
        lambda t, x, w: (y := x * 1, y.add_(y), y)[-1],
    ]
    agreed = 0
    for program in programs:
        results: list[Any] = []
        for t in (tl, torch):
            x = t.tensor([1.0, 2.0], dtype=t.float64, requires_grad=True)
            w = t.tensor([3.0, 4.0], dtype=t.float64, requires_grad=True)
            try:
                program(t, x, w).sum().backward()
                results.append([None if v.grad is None else v.grad.tolist() for v in (x, w)])
            except RuntimeError:
                results.append(None)
        if None not in results:
            assert results[0] == results[1]
            agreed += 1
        assert results[0] is None or results[1] is not None  # we run nothing that torch refuses
    assert agreed >= 4


def test_an_index_changed_before_backward_is_told() -> None:
    x = tl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    i = tl.tensor([0, 1])
    y = x[i]
    i += 1
    with pytest.raises(RuntimeError, match=r"backward through getitem: the int64\[2\] array that it saved was changed in"):
        y.sum().backward()
    assert x.grad is None


def test_notes_of_writes_go_with_the_memory() -> None:
    gc.collect()
    before = len(writes.times)
    for _ in range(100):
        tl.zeros(3).add_(1)
    assert len(writes.times) <= before + 1


def test_an_augmented_write_to_a_part_writes_once() -> None:
    x = tl.zeros(4)
    before = writes.last
    x[1:3] += 1
    assert x.tolist() == [0, 1, 1, 0] and writes.last == before + 1
    wide = tl.ones(1).expand(2)
    wide[:1] *= 3  # one number, shown twice
    assert wide.tolist() == [3, 3]
    x[:2] = x[2:]
    assert x.tolist() == [1, 0, 1, 0]


def test_an_axis_of_one_repeats_nothing_whatever_its_stride() -> None:
    a = np.lib.stride_tricks.as_strided(np.zeros(3, np.float32), (1, 3), (0, 4))
    assert tl.from_numpy(a).add_(1).tolist() == [[1, 1, 1]]


def test_several_arrays_are_all_looked_at_before_the_first_is_written() -> None:
    arrays = [np.zeros(2), np.zeros(2)]
    arrays[1].flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        write_all(arrays, lambda: arrays[0].fill(1))
    assert arrays[0].tolist() == [0, 0]
    with pytest.raises(ZeroDivisionError):  # half-way: noted all the same
        w = leaf(1.0, 2.0)
        y = (w * tl.from_numpy(arrays[0])).sum()
        write_all(arrays[:1], lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


BOTH = pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])


@BOTH
def test_bitwise_operators_write_to_the_same_memory(t: Any) -> None:
    m = t.tensor([True, False, True])
    same, part = m, m[:2]
    part &= t.tensor([False, True])
    assert m.tolist() == [False, False, True]
    part |= True
    assert m.tolist() == [True, True, True]
    m ^= t.tensor([True, False, False])
    assert m is same and part.tolist() == [False, True]
    n = t.tensor([1, 2, 3])
    n &= True
    assert n.tolist() == [1, 0, 1]
    with pytest.raises(RuntimeError):
        m &= 2  # the result would be int64
    with pytest.raises(TypeError):
        m &= "a"
    with pytest.raises(RuntimeError):
        wide = t.tensor([True]).expand(3)
        wide |= True
    assert (~t.tensor(3, dtype=t.uint8)).item() == 252


@BOTH
def test_a_keyword_argument_of_an_in_place_form_gets_its_gradient(t: Any) -> None:
    x, low = t.tensor([-1.0, 0.5, 3.0]), t.tensor([0.0, 1.0, 0.0], requires_grad=True)
    x.clamp_(min=low)
    x.sum().backward()
    assert low.grad.tolist() == [1.0, 1.0, 0.0]
    y, power = t.tensor([1.0, 2.0], requires_grad=True) * 1, t.tensor([2.0, 3.0], requires_grad=True)
    y.pow_(exponent=power)
    y.sum().backward()
    assert power.grad[0].item() == 0.0 and power.grad[1].item() > 5.5


@BOTH
@pytest.mark.parametrize("other", [None, [1.0, 2.0], "a"])
def test_what_is_no_operand_is_refused(t: Any, other: Any) -> None:
    x = t.ones(2)
    for change in (operator.iadd, operator.isub, operator.imul, operator.itruediv):
        with pytest.raises(TypeError):
            change(x, other)
    assert x.tolist() == [1.0, 1.0]
