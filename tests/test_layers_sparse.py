"""Embedding and EmbeddingBag beside PyTorch's: values, two derivatives, initial tables, options, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.ops import indexing

Close = Callable[..., None]
RNG = np.random.default_rng(0)
F, TF = tl.nn.functional, torch.nn.functional
TABLE = RNG.standard_normal((6, 3)) * 2
INDEX = np.array([[2, 0, 2, 5], [1, 2, 0, 0]])
FLAT, OFFSETS = INDEX.reshape(-1), np.array([0, 3, 3, 5])  # the second bag is empty


def same(ours: Any, theirs: Any, xs: list[Any], zs: list[Any], close: Close, twice: bool = True) -> None:
    close(ours, theirs)
    g = RNG.standard_normal(tuple(theirs.shape))
    gs, hs = tl.tensor(g, requires_grad=True), torch.tensor(g, requires_grad=True)
    first = tl.autograd.grad(ours, xs, gs, create_graph=True)
    expected = torch.autograd.grad(theirs, zs, hs, create_graph=True)
    for y, z in zip(first, expected, strict=True):
        close(y, z)
    if twice:
        u = RNG.standard_normal(TABLE.shape)
        close(tl.autograd.grad(first[0], gs, tl.tensor(u))[0], torch.autograd.grad(expected[0], hs, torch.tensor(u))[0])


@pytest.mark.parametrize("index", [INDEX, FLAT.astype(np.int32), np.array(4), np.zeros((2, 0), np.int64)], ids=str)
@pytest.mark.parametrize("padding", [None, 2, -6])
def test_embedding(index: Any, padding: int | None, close: Close) -> None:
    x, z = tl.tensor(TABLE, requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    ours, theirs = F.embedding(tl.tensor(index), x, padding), TF.embedding(torch.tensor(index), z, padding)
    same(ours, theirs, [x], [z], close, twice=index.size > 0)


def test_a_row_that_is_looked_up_often_gets_a_share_of_its_gradient(close: Close) -> None:
    x, z = tl.tensor(TABLE, requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    ours = F.embedding(tl.tensor(INDEX), x, scale_grad_by_freq=True)
    same(ours, TF.embedding(torch.tensor(INDEX), z, scale_grad_by_freq=True), [x], [z], close, twice=False)


def test_padding_stops_even_a_nan() -> None:
    x = tl.tensor(TABLE, requires_grad=True)
    F.embedding(tl.tensor([1, 2]), x, padding_idx=2).backward(tl.full((2, 3), float("nan"), dtype=tl.float64))
    assert np.isnan(x.grad.numpy()[1]).all() and not x.grad.numpy()[2].any()


@pytest.mark.parametrize("p", [2.0, 1.0, float("inf")])
def test_max_norm_scales_the_table_in_place(p: float, close: Close) -> None:
    x, z = tl.tensor(TABLE, requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    ours = F.embedding(tl.tensor(INDEX), x, max_norm=1.5, norm_type=p)
    theirs = TF.embedding(torch.tensor(INDEX), z, max_norm=1.5, norm_type=p)
    close(x, z)
    close(ours, theirs)
    assert not np.array_equal(x.detach().numpy(), TABLE)
    y = x * x  # a step that saved the table notices the write
    F.embedding(tl.tensor(INDEX), x, max_norm=0.5)
    with pytest.raises(RuntimeError, match="was changed in place"):
        y.sum().backward()


BAGS: list[dict[str, Any]] = [
    {}, {"mode": "sum"}, {"mode": "max"}, {"padding_idx": 2}, {"mode": "sum", "padding_idx": -6},
    {"mode": "max", "padding_idx": 2}, {"include_last_offset": True}, {"mode": "sum", "per_sample_weights": True},
    {"mode": "sum", "per_sample_weights": True, "padding_idx": 0, "include_last_offset": True}, {"max_norm": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("options", BAGS, ids=str)
@pytest.mark.parametrize("rows", [True, False], ids=["2-D", "offsets"])
def test_embedding_bag(options: dict[str, Any], rows: bool, close: Close) -> None:
    ends = []
    factors = RNG.standard_normal(INDEX.shape)
    for t in (tl, torch):
        x, factor = t.tensor(TABLE, requires_grad=True), t.tensor(factors, requires_grad=True)
        given: dict[str, Any] = dict(options)
        if "per_sample_weights" in options:
            given["per_sample_weights"] = factor if rows else factor.reshape(-1)
        if not rows:
            given["offsets"] = t.tensor([*OFFSETS, 8] if "include_last_offset" in options else OFFSETS)
        y = t.nn.functional.embedding_bag(t.tensor(INDEX if rows else FLAT), x, **given)
        ends.append((y, [x, factor] if "per_sample_weights" in options else [x]))
    (ours, xs), (theirs, zs) = ends
    same(ours, theirs, xs, zs, close, twice=False)


def test_the_largest_of_a_bag_is_the_first_of_those_that_are_equal() -> None:
    values = np.array([[1.0, 2, np.nan], [1, np.nan, 5], [0, 2, 6]])
    for bag in ([2, 1, 0], [0, 1, 2], [1, 1]):
        x, z = tl.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
        y = F.embedding_bag(tl.tensor([bag]), x, mode="max")
        expected = TF.embedding_bag(torch.tensor([bag]), z, mode="max")
        np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy())
        y.sum().backward()
        expected.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), z.grad.numpy())


def test_second_derivatives_of_bags_equal_differences() -> None:
    factors = tl.tensor(RNG.standard_normal(8), requires_grad=True)
    x = tl.tensor(TABLE, requires_grad=True)
    for options in ({"mode": "sum", "per_sample_weights": factors}, {"mode": "mean"}, {"mode": "max"}):
        inputs = (x, factors) if "per_sample_weights" in options else (x,)

        def bags(x: Any, *factors: Any, options: Any = options) -> Any:
            given = options | ({"per_sample_weights": factors[0]} if factors else {})
            return F.embedding_bag(tl.tensor(FLAT), x, tl.tensor(OFFSETS), **given)

        assert tl.autograd.gradcheck(bags, inputs) and tl.autograd.gradgradcheck(bags, inputs)


@pytest.mark.parametrize("rows", [1, 4, 3000])
def test_many_rows_are_added_as_few_are(rows: int) -> None:
    """From 256 numbers on by a product with a sparse matrix; in float64, where many rows meet."""
    for dtype, n in ((np.float32, 5), (np.float64, 5), (np.float32, 5000)):
        x = RNG.standard_normal((rows, 300)).astype(dtype)
        index = RNG.integers(-n, n, rows)
        expected = np.zeros((n, 300))
        np.add.at(expected, index, x.astype(np.float64))
        found = indexing.index_add(x, shape=(n, 300), index=(index,), once=False)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == np.float32 else 1e-12, atol=1e-5)


MAKE: list[Any] = [
    lambda n: n.Embedding(5, 3), lambda n: n.Embedding(5, 3, padding_idx=-2), lambda n: n.EmbeddingBag(5, 3, mode="max"),
    lambda n: n.Embedding(5, 3, 1, 2.0, 1.0, True), lambda n: n.EmbeddingBag(5, 3, 2.0, 1.0, True, "sum", padding_idx=2),
]  # fmt: skip


@pytest.mark.parametrize("make", MAKE, ids=[repr(make(torch.nn)) for make in MAKE])
def test_layers_equal_torch(make: Any) -> None:
    layers = []
    for t in (tl, torch):
        t.manual_seed(0)
        layers.append(make(t.nn))
    ours, theirs = layers
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict()) == ["weight"]
    np.testing.assert_array_equal(ours.weight.detach().numpy(), theirs.weight.detach().numpy())
    y, z = ours(tl.tensor(INDEX % 5)), theirs(torch.tensor(INDEX % 5))
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-6)
    if "padding" in repr(ours):
        ours.reset_parameters()
        assert not ours.weight[ours.padding_idx].any()


def test_from_pretrained_shares_the_table() -> None:
    table = tl.tensor(TABLE)
    for kind in (tl.nn.Embedding, tl.nn.EmbeddingBag):
        layer = kind.from_pretrained(table)
        assert not layer.weight.requires_grad and layer.weight.data_ptr() == table.data_ptr()
        assert kind.from_pretrained(table, freeze=False, padding_idx=1).weight.requires_grad
    assert table.numpy()[1].any()  # the row of padding is as it was given


def wrong(t: Any) -> list[Callable[[], Any]]:
    e, bag, x = t.nn.functional.embedding, t.nn.functional.embedding_bag, t.tensor(TABLE)
    i, zero = t.tensor([1, 2]), t.tensor([0])
    return [
        lambda: e(i.float(), x), lambda: e(i > 1, x), lambda: e(t.tensor([6]), x), lambda: e(t.tensor([-1]), x),
        lambda: e(i, x[0]), lambda: e(i, x, 6), lambda: e(i, x, -7), lambda: e(i, x, 1.5), lambda: e([1], x),
        lambda: bag(i, x), lambda: bag(i[None], x, zero), lambda: bag(i, x, t.tensor([1])), lambda: bag(i, x, t.tensor([0, 3])),
        lambda: bag(i, x, t.tensor([[0]])), lambda: bag(i, x, zero, mode="min"), lambda: bag(i[None, None], x),
        lambda: bag(i, x, zero, mode="max", scale_grad_by_freq=True), lambda: bag(t.tensor([6]), x, zero),
        lambda: bag(i, x, zero, mode="mean", per_sample_weights=t.ones(2)), lambda: bag(i, x.long(), zero),
        lambda: bag(i, x, zero, mode="sum", per_sample_weights=t.ones(3)), lambda: bag(i, x, zero, padding_idx=6),
        lambda: bag(i, x, zero, mode="sum", per_sample_weights=t.ones(2)), lambda: bag(i[None, :0], x),
        lambda: bag(i.float(), x, zero), lambda: bag(i, x, zero.float()), lambda: bag(i, x[0], zero),
        lambda: t.nn.Embedding(5, 3, 5), lambda: t.nn.EmbeddingBag(5, 3, padding_idx=-6), lambda: t.nn.Embedding(-1, 3),
        lambda: t.nn.Embedding(5, 3, _weight=x), lambda: t.nn.Embedding.from_pretrained(x[0]),
    ]  # fmt: skip


@pytest.mark.parametrize("nth", range(len(wrong(tl))))
def test_errors_are_those_of_torch(nth: int) -> None:
    with pytest.raises(Exception) as theirs:
        wrong(torch)[nth]()
    with pytest.raises(theirs.type):
        wrong(tl)[nth]()


def test_sparse_gradients_are_refused() -> None:
    for call in (
        lambda: F.embedding(tl.tensor([1]), tl.tensor(TABLE), sparse=True),
        lambda: F.embedding_bag(tl.tensor([[1]]), tl.tensor(TABLE), sparse=True),
        lambda: tl.nn.Embedding(2, 3, sparse=True),
        lambda: tl.nn.EmbeddingBag(2, 3, sparse=True),
    ):
        with pytest.raises(NotImplementedError, match="leave it out"):
            call()
    with pytest.raises(RuntimeError, match="must not decrease"):  # PyTorch gives wrong numbers
        F.embedding_bag(tl.tensor(FLAT), tl.tensor(TABLE), tl.tensor([0, 2, 1]))
