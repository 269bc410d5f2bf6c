"""Single cases that once went silently wrong, crashed, or were refused without a reason.

Those about memory, digits, the walk or @op are in test_shared_memory.py, test_accuracy.py, test_backward.py and
test_custom_op.py. Most compare with PyTorch; where PyTorch has no such function, the test says what is right.
"""

from __future__ import annotations

import gzip
import tracemalloc
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.autograd import grad
from tinygrad_lite.datasets import FashionMNIST, read_labelled
from tinygrad_lite.datasets.fashion_mnist import read_idx


def leaf(*values: float) -> tl.Tensor:
    return tl.tensor(list(values), dtype=tl.float64, requires_grad=True)


# The engine


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


def test_asking_for_an_attribute_that_is_not_there_is_cheap(faster: Any) -> None:
    x, net, bare = tl.ones(2), nn.Linear(1, 1), Bare()

    def asking(ask: Any) -> Any:
        return partial(timeit, ask, number=200)

    absent = asking(lambda: hasattr(bare, "shpae"))
    faster(asking(lambda: hasattr(x, "shpae")), absent, 10)
    faster(asking(lambda: hasattr(net, "wieght")), absent, 20)
    faster(asking(lambda: hasattr(tl, "tnesor")), absent, 10)
    with pytest.raises(AttributeError, match=r"'Tensor' object has no attribute 'shpae'\. Did you mean: 'shape'"):
        x.shpae  # noqa: B018


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


BOTH = pytest.mark.parametrize("t", [tl, torch], ids=["ours", "torch"])


@BOTH
def test_what_is_written_may_have_more_axes_of_length_one(t: Any) -> None:
    for index in (0, [0, 2], slice(1, None)):
        x, y = t.zeros(3, 2), t.ones(1, 1, 1, 2, requires_grad=True)
        x[index] = y
        (x * t.tensor([1.0, 10.0])).sum().backward()
        assert y.grad.shape == (1, 1, 1, 2)
        assert y.grad.flatten().tolist() == [x[:, 0].sum().item(), 10 * x[:, 1].sum().item()]


@BOTH
def test_all_and_any_over_an_empty_tuple_of_axes(t: Any) -> None:
    x = t.tensor([[1.0, 0.0]])
    assert x.all(()).tolist() == x.any(dim=()).tolist() == [[True, False]]


@BOTH
def test_sizes_below_minus_one_are_refused(t: Any) -> None:
    for reshape in (t.ones(4).reshape, t.ones(4).view):
        with pytest.raises(RuntimeError, match=r"shape .*-2|-2.* shape"):
            reshape(-2, 2)


@BOTH
def test_cat_of_different_numbers_of_axes(t: Any) -> None:
    with pytest.raises(RuntimeError, match=r"sizes|dimensions"):
        t.cat([t.ones(3, 2, 1), t.ones(3, 2)], dim=2)
