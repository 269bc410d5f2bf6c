"""Memory that two objects share: both see a write, or it is refused with an error that names the other object."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.datasets import DataLoader, TensorDataset, default_collate
from tinygrad_lite.inplace import write, writes


def leaf(*values: float, dtype: Any = tl.float64) -> tl.Tensor:
    return tl.tensor(list(values), dtype=dtype, requires_grad=True)


# What is seen by both


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


def test_a_matrix_becomes_a_plain_array_on_the_same_memory() -> None:
    m = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    p = nn.Parameter(m)
    assert type(p.array) is np.ndarray and np.shares_memory(p.array, m)
    assert (p * p).tolist() == [[1, 4], [9, 16]]
    assert default_collate([m, m]).shape == (2, 2, 2)


def test_the_maximum_of_a_0d_tensor_is_no_view_of_it() -> None:
    x = tl.tensor(2.0)
    x.max(0).values.add_(1)
    assert x.item() == 2


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


def test_parameters_on_overlapping_memory_both_count() -> None:
    for lib, made in ((tl, nn.Parameter), (torch, torch.nn.Parameter)):
        x = lib.zeros(3)
        p, q = made(x[:2]), made(x[1:])
        p.grad, q.grad = lib.ones(2), lib.ones(2)
        lib.optim.SGD([p, q], lr=1.0).step()
        assert x.tolist() == [-1, -2, -1]


def test_a_batch_that_is_changed_leaves_the_dataset_alone() -> None:
    x = tl.ones(6, 2)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=4):
        batch /= 2
    assert x.tolist() == [[1, 1]] * 6


# Writes that are noticed


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


def test_a_write_to_a_recorded_0d_result() -> None:
    w, x = tl.tensor(3.0, requires_grad=True), tl.tensor(1.0, requires_grad=True)
    y = x * 2
    y.copy_(w)
    (y * y).backward()
    assert w.grad is not None and x.grad is not None
    assert (w.grad.item(), x.grad.item()) == (6, 0)


# Writes that are refused


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
    view = y.detach()[:1]
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


def test_references_are_counted_right_by_this_python() -> None:
    """A write where nobody else looks passes, a write where anybody looks is refused: on every version of Python."""
    for make in (lambda w: w * 2, lambda w: (w * 2).reshape(2, 1), lambda w: -w):
        w = leaf(1.0, 2.0)
        y = make(w)
        y += 1
        seen = y.array
        with pytest.raises(RuntimeError, match="shared with"):
            y += 1
        assert seen.tolist() == y.tolist(), sys.version


@pytest.mark.parametrize("recorded", [False, True])
def test_a_write_to_an_expanded_tensor_is_refused(recorded: bool) -> None:
    x = tl.ones(1, 3, requires_grad=True) * 1 if recorded else tl.ones(1, 3)
    wide = x.expand(2, 3)
    del x
    with pytest.raises(RuntimeError, match=r"in-place.*one number in memory.*expanded.*clone"):
        wide += 1
    with pytest.raises(RuntimeError, match=r"in-place.*one number in memory.*expanded.*clone"):
        wide.zero_()
