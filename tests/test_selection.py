"""Selection by index against PyTorch: integers and bools, in place, what is refused, and that nothing is written then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

pytestmark = [
    pytest.mark.filterwarnings("ignore:index_reduce"),  # PyTorch says that it may still change
    pytest.mark.filterwarnings("ignore:The reduce argument"),
]
DTYPES = ["bool", "uint8", "int32", "int64", "float16", "float32"]
VALUES = [[1, 0, 2], [3, 1, 0]]
AT = [[2, 0], [1, 1]]
SOURCE = [[1, 2], [0, 3]]

CALLS: dict[str, Any] = {
    "gather": lambda t, x, i, y: x.gather(1, i),
    "gather_int32": lambda t, x, i, y: x.gather(1, i.int()),
    "scatter": lambda t, x, i, y: x.scatter(1, i, y),
    "scatter_number": lambda t, x, i, y: x.scatter(1, i, 1),
    "scatter_value": lambda t, x, i, y: x.scatter(1, i, value=1),
    "scatter_multiply": lambda t, x, i, y: x.scatter(1, i, y, reduce="multiply"),
    "scatter_add_number": lambda t, x, i, y: x.scatter(1, i, 1, reduce="add"),
    "scatter_add": lambda t, x, i, y: x.scatter_add(1, i, y),
    "scatter_mean": lambda t, x, i, y: x.scatter_reduce(1, i, y, "mean"),
    "scatter_prod": lambda t, x, i, y: x.scatter_reduce(1, i, y, "prod", include_self=False),
    "scatter_amax": lambda t, x, i, y: x.scatter_reduce(1, i, y, "amax"),
    "take": lambda t, x, i, y: x.take(i),
    "take_along_dim": lambda t, x, i, y: x.take_along_dim(i, 1),
    "put": lambda t, x, i, y: x.put(i, y, accumulate=True),
    "index_select": lambda t, x, i, y: x.index_select(1, i[0]),
    "index_add": lambda t, x, i, y: x.index_add(1, i[0], y, alpha=2),
    "index_copy": lambda t, x, i, y: x.index_copy(1, i[0], y),
    "index_fill": lambda t, x, i, y: x.index_fill(1, i[0], 1),
    "index_put": lambda t, x, i, y: x.index_put((i[1] - 1, i[0]), y[0]),
    "masked_fill": lambda t, x, i, y: x.masked_fill(x == 1, 0),
    "masked_select": lambda t, x, i, y: x.masked_select(x != 1),
    "masked_scatter": lambda t, x, i, y: x.masked_scatter(x == 1, y),
    "select_scatter": lambda t, x, i, y: x.select_scatter(y[0], 1, 2),
    "slice_scatter": lambda t, x, i, y: x.slice_scatter(y, 1, -2),
    "diagonal_scatter": lambda t, x, i, y: x.diagonal_scatter(y[0]),
}


def given(t: Any, dtype: str) -> list[Any]:
    return [t.tensor(VALUES).to(getattr(t, dtype)), t.tensor(AT), t.tensor(SOURCE).to(getattr(t, dtype))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_each_dtype_gives_what_torch_gives(name: str, dtype: str, close: Any) -> None:
    try:
        theirs = CALLS[name](torch, *given(torch, dtype))
    except RuntimeError as error:
        with pytest.raises(type(error)):
            CALLS[name](tl, *given(tl, dtype))
    else:
        close(CALLS[name](tl, *given(tl, dtype)), theirs)


IN_PLACE: dict[str, Any] = {
    "scatter_": lambda t, x, i, y: x.scatter_(1, i, y),
    "scatter_number_": lambda t, x, i, y: x.scatter_(1, i, value=2.0),
    "scatter_add_": lambda t, x, i, y: x.scatter_add_(1, i, y),
    "scatter_reduce_": lambda t, x, i, y: x.scatter_reduce_(1, i, y, reduce="amin"),
    "put_": lambda t, x, i, y: x.put_(i, y),
    "index_add_": lambda t, x, i, y: x.index_add_(1, i[0], y),
    "index_copy_": lambda t, x, i, y: x.index_copy_(1, i[0], y),
    "index_fill_": lambda t, x, i, y: x.index_fill_(1, i[0], 2.0),
    "index_put_": lambda t, x, i, y: x.index_put_((i[1], i[0]), y[0], accumulate=True),
    "index_reduce_": lambda t, x, i, y: x.index_reduce_(1, i[0], y, "mean"),
    "masked_fill_": lambda t, x, i, y: x.masked_fill_(x > 0, 3.0),
    "masked_scatter_": lambda t, x, i, y: x.masked_scatter_(x == 0, y),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms_write_to_the_same_memory_and_are_differentiable(name: str, close: Any) -> None:
    x, z = given(tl, "float32"), given(torch, "float32")
    memory = x[0].array
    assert IN_PLACE[name](tl, *x) is x[0]
    assert x[0].array is memory
    close(x[0], IN_PLACE[name](torch, *z))

    def gradients(t: Any) -> list[Any]:
        w, i, y = given(t, "float64")
        w.requires_grad_()
        y.requires_grad_()
        x = w * 2
        IN_PLACE[name](t, x, i, y)
        (x * x).sum().backward()
        return [w.grad, t.zeros(1) if y.grad is None else y.grad]

    for ours, theirs in zip(gradients(tl), gradients(torch)):
        close(ours, theirs)


REFUSED: dict[str, Any] = {
    "gather negative": lambda t, x, i, y: x.gather(1, -i),
    "gather too large": lambda t, x, i, y: x.gather(0, i),
    "gather floats": lambda t, x, i, y: x.gather(1, y),
    "gather dims": lambda t, x, i, y: x.gather(1, i[0]),
    "gather sizes": lambda t, x, i, y: x.gather(1, t.zeros(3, 1, dtype=t.int64)),
    "gather dim": lambda t, x, i, y: x.gather(2, i),
    "gather list": lambda t, x, i, y: x.gather(1, [[0]]),
    "scatter dtype": lambda t, x, i, y: x.scatter_(1, i, i),
    "scatter index": lambda t, x, i, y: x.scatter_(1, i + 2, y),
    "scatter small src": lambda t, x, i, y: x.scatter_(1, i, y[:1]),
    "scatter src dims": lambda t, x, i, y: x.scatter_(1, i, y[0]),
    "scatter reduce": lambda t, x, i, y: x.scatter_(1, i, y, reduce="mean"),
    "scatter_reduce name": lambda t, x, i, y: x.scatter_reduce_(1, i, y, "median"),
    "scatter_add": lambda t, x, i, y: x.scatter_add_(1, i - 2, y),
    "take": lambda t, x, i, y: x.take(i + 4),
    "take int32": lambda t, x, i, y: x.take(i.int()),
    "take of nothing": lambda t, x, i, y: x[:0].take(i),
    "take_along_dim dims": lambda t, x, i, y: x.take_along_dim(i[0], 1),
    "put": lambda t, x, i, y: x.put_(i + 4, y),
    "put sizes": lambda t, x, i, y: x.put_(i[0], y),
    "index_select": lambda t, x, i, y: x.index_select(1, i[0] + 1),
    "index_select negative": lambda t, x, i, y: x.index_select(1, -i[0]),
    "index_select matrix": lambda t, x, i, y: x.index_select(1, i),
    "index_add": lambda t, x, i, y: x.index_add_(1, i[0] + 1, y),
    "index_add sizes": lambda t, x, i, y: x.index_add_(1, i[0], y[:, :1]),
    "index_add dtype": lambda t, x, i, y: x.index_add_(1, i[0], i),
    "index_copy": lambda t, x, i, y: x.index_copy_(1, i[0] + 1, y),
    "index_copy sizes": lambda t, x, i, y: x.index_copy_(1, i[0], y[:, :1]),
    "index_copy shape": lambda t, x, i, y: x.index_copy_(1, i[0], y[:1]),
    "index_fill": lambda t, x, i, y: x.index_fill_(1, i[0] + 1, 0.0),
    "index_fill value": lambda t, x, i, y: x.index_fill_(1, i[0], y),
    "index_fill int32": lambda t, x, i, y: x.index_fill_(1, i[0].int(), 0.0),
    "index_put": lambda t, x, i, y: x.index_put_((i,), y),
    "index_put values": lambda t, x, i, y: x.index_put_((i[1],), y),
    "index_put tensor": lambda t, x, i, y: x.index_put_(i, y),
    "index_reduce": lambda t, x, i, y: x.index_reduce_(1, i[0] + 1, y, "prod"),
    "index_reduce name": lambda t, x, i, y: x.index_reduce_(1, i[0], y, "sum"),
    "masked_fill mask": lambda t, x, i, y: x.masked_fill_(x, 0.0),
    "masked_fill value": lambda t, x, i, y: x.masked_fill_(x > 0, y),
    "masked_fill huge": lambda t, x, i, y: x.masked_fill_(x > 0, 1e40),
    "masked_fill shape": lambda t, x, i, y: x.masked_fill_(y > 0, 1.0),
    "masked_fill grows": lambda t, x, i, y: x[0].masked_fill_(x > 0, 1.0),
    "masked_select": lambda t, x, i, y: x.masked_select(x),
    "masked_scatter": lambda t, x, i, y: x.masked_scatter_(x == x, y),
    "select_scatter": lambda t, x, i, y: x.select_scatter(y[0], 1, 3),
    "select_scatter shape": lambda t, x, i, y: x.select_scatter(y, 1, 0),
    "slice_scatter step": lambda t, x, i, y: x.slice_scatter(y, 1, 0, 2, 0),
    "diagonal_scatter": lambda t, x, i, y: x.diagonal_scatter(y[0], 2),
    "diagonal_scatter dims": lambda t, x, i, y: x.diagonal_scatter(y[0], 0, 1, -1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_same_exception_and_nothing_is_written(name: str) -> None:
    with pytest.raises((RuntimeError, TypeError, IndexError)) as theirs:
        REFUSED[name](torch, *given(torch, "float32"))
    x = given(tl, "float32")
    with pytest.raises(theirs.type) as ours:
        REFUSED[name](tl, *x)
    assert ours.type is theirs.type
    assert x[0].tolist() == np.array(VALUES, "f4").tolist()


def test_two_zeros_at_one_place_have_no_second_derivative() -> None:
    """As in PyTorch, where the second backward raises; the first derivative exists."""
    for t in (tl, torch):
        y = t.tensor([0.0, 0.0], requires_grad=True)
        product = t.ones(1).scatter_reduce(0, t.tensor([0, 0]), y, "prod")
        product.sum().backward()
        assert y.grad.tolist() == [0, 0]
        with pytest.raises(RuntimeError):
            product = t.ones(1).scatter_reduce(0, t.tensor([0, 0]), y, "prod")
            (first,) = t.autograd.grad(product.sum(), y, create_graph=True)
            first.sum().backward()


@pytest.mark.parametrize("size", [(1000, 600), (3000, 40), (50, 3000)])
def test_rows_that_come_often_are_added_exactly(size: tuple[int, int]) -> None:
    """Long rows, short rows and many rows take different ways in add_at."""
    rng = np.random.default_rng(0)
    x, index = rng.standard_normal(size), rng.integers(0, 20, size[0])
    expected = np.zeros((20, size[1]))
    for row, i in zip(x, index):
        expected[i] += row
    out = tl.zeros(20, size[1], dtype=tl.float64).index_add(0, tl.tensor(index), tl.tensor(x))
    np.testing.assert_allclose(out.numpy(), expected, 1e-12, 1e-12)
    out = tl.zeros(size[1], 20, dtype=tl.float64).index_add(1, tl.tensor(index), tl.tensor(np.ascontiguousarray(x.T)))
    np.testing.assert_allclose(out.numpy(), expected.T, 1e-12, 1e-12)


def test_sums_of_many_numbers_at_one_place_keep_their_digits() -> None:
    """A chain of float32 additions would be wrong in the fourth digit."""
    n = 2_000_000
    x, index = tl.full((n,), 0.1), tl.tensor(np.arange(n) % 3)
    exact = np.bincount(index.numpy(), x.numpy().astype("f8"))
    for out in (
        tl.zeros(3).scatter_add(0, index, x),
        tl.zeros(3).index_add(0, index, x),
        tl.zeros(3).index_put((index,), x, accumulate=True),
        tl.zeros(3).put(index, x, accumulate=True),
    ):
        np.testing.assert_allclose(out.numpy(), exact, 3e-7)
    y = tl.zeros(3, requires_grad=True)
    y[index].backward(x)
    np.testing.assert_allclose(y.grad.numpy(), exact, 3e-7)
