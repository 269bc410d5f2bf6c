"""Counting and searching against PyTorch: values, dtypes, empty and 0-d tensors, nan, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

nan, inf = np.nan, np.inf
GRID = [[3, 1, 2], [1, 3, 3], [3, 1, 2]]
FLOATS = [1.0, nan, -inf, 2.5, 1.0, inf, 0.0]


def results(y: Any) -> list[Any]:
    return [part for z in y for part in results(z)] if isinstance(y, tuple) else [y]


CALLS: dict[str, Any] = {
    "unique": lambda t: t.tensor(GRID).unique(),
    "unique all": lambda t: t.tensor(GRID).unique(return_inverse=True, return_counts=True),
    "unique nan": lambda t: t.unique(t.tensor(FLOATS), return_inverse=True, return_counts=True),
    "unique counts": lambda t: t.tensor(GRID).int().unique(sorted=False, return_counts=True),
    "unique bool": lambda t: t.tensor([True, False, True]).unique(return_inverse=True),
    "unique 0-d": lambda t: t.tensor(2.0).unique(return_inverse=True, return_counts=True),
    "unique empty": lambda t: t.zeros(0).unique(return_inverse=True, return_counts=True),
    "unique rows": lambda t: t.tensor(GRID).unique(dim=0, return_inverse=True, return_counts=True),
    "unique columns": lambda t: t.tensor(GRID).unique(dim=-1, return_inverse=True, return_counts=True),
    "unique no rows": lambda t: t.zeros(0, 3).unique(dim=0, return_inverse=True, return_counts=True),
    "unique 3-d": lambda t: t.tensor([GRID, GRID]).unique(dim=1, return_inverse=True),
    "runs": lambda t: t.tensor([1, 1, 2, 2, 1]).unique_consecutive(return_inverse=True, return_counts=True),
    "runs 2-d": lambda t: t.unique_consecutive(t.tensor(GRID), return_inverse=True),
    "runs of rows": lambda t: t.tensor([[1, 1], [1, 1], [2, 1]]).unique_consecutive(True, True, 0),
    "bincount": lambda t: t.tensor([3, 0, 3]).bincount(),
    "bincount minlength": lambda t: t.bincount(t.tensor([1, 1]).int(), minlength=4),
    "bincount weights": lambda t: t.bincount(t.tensor([1, 0, 1]), t.tensor([0.5, 2.0, 1.0])),
    "bincount int weights": lambda t: t.bincount(t.tensor([1, 0, 1]), t.tensor([1, 2, 3])),
    "bincount empty": lambda t: t.bincount(t.tensor([], dtype=t.int64), minlength=2),
    "histc": lambda t: t.tensor([1.0, 2.0, 2.5, 4.0]).histc(3),
    "histc range": lambda t: t.histc(t.tensor(FLOATS), bins=4, min=0, max=2),
    "histc one value": lambda t: t.ones(4).histc(3),
    "histc empty": lambda t: t.zeros(0).double().histc(2),
    "histogram": lambda t: tuple(t.histogram(t.tensor([1.0, 2.0, 2.5, 4.0, 3.0]), 4)),
    "histogram edges": lambda t: tuple(t.tensor(FLOATS).histogram(t.tensor([-1.0, 1.0, 2.5]))),
    "histogram range": lambda t: tuple(t.tensor(FLOATS).histogram(5, range=(0.0, 2.5), weight=t.arange(7).float())),
    "histogram density": lambda t: tuple(t.tensor([1.0, 2.0, 2.5, 4.0]).histogram(t.tensor([0.0, 1.0, 5.0]), density=True)),
    "histogramdd": lambda t: tuple(t.histogramdd(t.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]), [2, 3], density=True)),
    "histogramdd edges": lambda t: tuple(t.histogramdd(t.tensor([[0.0, 1.0], [1.0, 0.0]]), [t.tensor([0.0, 2.0])] * 2)),
    "count_nonzero": lambda t: t.tensor([[1, 0], [0, 0]]).count_nonzero(),
    "count_nonzero dims": lambda t: t.count_nonzero(t.tensor([[nan, 0], [2, 1]]), (0, -1)),
    "count_nonzero dim": lambda t: t.count_nonzero(t.tensor([[True, False]]), dim=0),
    "isclose": lambda t: t.tensor(FLOATS).isclose(t.tensor(FLOATS) + 1e-6, equal_nan=True),
    "isclose int": lambda t: t.isclose(t.tensor([10, 10]), t.tensor([11, 12]), rtol=0.1, atol=0.0),
    "isclose far": lambda t: t.isclose(t.tensor([1e10, inf]), t.tensor([inf, -inf])),
    "isin": lambda t: t.isin(t.tensor(GRID), t.tensor([1, 2])),
    "isin inverted": lambda t: t.isin(t.tensor(FLOATS), t.tensor([nan, 1]), invert=True),
    "isin number": lambda t: t.isin(t.tensor(GRID), 3),
    "isin of a number": lambda t: t.isin(1, t.tensor(GRID)),
    "searchsorted": lambda t: t.searchsorted(t.tensor([1.0, 3.0, 5.0]), t.tensor([[3.0, 6.0], [0.0, nan]])),
    "searchsorted right": lambda t: t.searchsorted(t.tensor([1, 3, 5]), t.tensor([3, 6]), right=True, out_int32=True),
    "searchsorted rows": lambda t: t.searchsorted(t.tensor([[1, 3], [2, 9]]), t.tensor([[3, 1, 0], [3, 9, 10]]), side="right"),
    "searchsorted number": lambda t: t.searchsorted(t.tensor([1, 3, 5]), 4),
    "searchsorted sorter": lambda t: t.searchsorted(t.tensor([3, 1, 2]), t.tensor([2]), sorter=t.tensor([1, 2, 0])),
    "bucketize": lambda t: t.bucketize(t.tensor([[0.5, 1.0], [2.5, 9.0]]), t.tensor([1.0, 2.0])),
    "bucketize number": lambda t: t.bucketize(2, t.tensor([1, 2, 3]), right=True),
    "nonzero": lambda t: t.tensor([[1, 0], [0, 2]]).nonzero(),
    "nonzero tuple": lambda t: t.nonzero(t.tensor([[nan, 0.0], [0.0, 2.0]]), as_tuple=True),
    "nonzero 0-d": lambda t: (t.tensor(3).nonzero(), t.tensor(0).nonzero(), *t.tensor(3).nonzero(as_tuple=True)),
    "argwhere": lambda t: t.argwhere(t.zeros(0, 2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_dtypes_are_torchs(name: str, close: Any) -> None:
    for ours, theirs in zip(results(CALLS[name](tl)), results(CALLS[name](torch)), strict=True):
        close(ours, theirs)


def test_equality_of_whole_tensors() -> None:
    pairs: list[Any] = [([1, 2], [1, 2]), ([1, 2], [1, 3]), ([1.0], [1]), ([1, 2], [1]), ([nan], [nan]), ([], [])]
    for x, y in pairs:
        assert tl.equal(tl.tensor(x), tl.tensor(y)) is torch.equal(torch.tensor(x), torch.tensor(y))
    for y in ([1.0, 2.0], [1.0, 2.00001], [1.1, 2.0], [nan, 2.0]):
        x = [1.0, 2.0]
        assert tl.allclose(tl.tensor(x), tl.tensor(y)) is torch.allclose(torch.tensor(x), torch.tensor(y))


def test_many_numbers_are_counted_as_torch_counts_them() -> None:
    x = np.random.default_rng(0).standard_normal(20_000).astype("f4")
    for bins in (7, 100):
        np.testing.assert_array_equal(tl.tensor(x).histc(bins).numpy(), torch.tensor(x).histc(bins).numpy())
        ours, theirs = tl.tensor(x).histogram(bins), torch.tensor(x).histogram(bins)
        np.testing.assert_array_equal(ours.hist.numpy(), theirs.hist.numpy())
        np.testing.assert_array_equal(ours.bin_edges.numpy(), theirs.bin_edges.numpy())
        edges = np.linspace(-0.3, 1.7, bins + 1, dtype="f4")
        close_by = np.concatenate([edges, np.nextafter(edges, np.float32(-9)), np.nextafter(edges, np.float32(9))])
        ours, theirs = [t.tensor(close_by).histogram(bins, range=(-0.3, 1.7)).hist.tolist() for t in (tl, torch)]
        assert ours == theirs
    i = (x * 100).astype("i8")
    for ours, theirs in zip(tl.tensor(i).unique(True, True, True), torch.tensor(i).unique(True, True, True)):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


REFUSED: dict[str, Any] = {
    "unique 0-d dim": lambda t: t.tensor(1).unique(dim=0),
    "unique empty rows": lambda t: t.zeros(2, 0).unique(dim=0),
    "bincount negative": lambda t: t.tensor([-1]).bincount(),
    "bincount floats": lambda t: t.tensor([1.0]).bincount(),
    "bincount matrix": lambda t: t.tensor([[1]]).bincount(),
    "bincount minlength": lambda t: t.tensor([1]).bincount(minlength=-1),
    "bincount weights": lambda t: t.tensor([1, 2]).bincount(t.tensor([1.0])),
    "histc bins": lambda t: t.ones(2).histc(0),
    "histc order": lambda t: t.ones(2).histc(2, 1, 0),
    "histc nan": lambda t: t.tensor([nan]).histc(2),
    "histc int": lambda t: t.tensor([1]).histc(2),
    "histogram bins": lambda t: t.ones(2).histogram(t.tensor([1.0])),
    "histogram edges": lambda t: t.ones(2).histogram(t.tensor([[1.0, 2.0]])),
    "histogram dtype": lambda t: t.ones(2).histogram(t.tensor([1.0, 2.0], dtype=t.float64)),
    "histogram range": lambda t: t.ones(2).histogram(2, range=(1.0, 0.0)),
    "histogram int": lambda t: t.tensor([1]).histogram(2),
    "histogram weight": lambda t: t.ones(2).histogram(2, weight=t.ones(3)),
    "histogramdd bins": lambda t: t.histogramdd(t.ones(2, 2), [1, 1, 1]),
    "count_nonzero dim": lambda t: t.ones(2).count_nonzero(1),
    "isclose dtypes": lambda t: t.isclose(t.ones(1), t.tensor([1])),
    "isclose rtol": lambda t: t.isclose(t.ones(1), t.ones(1), rtol=-1.0),
    "isclose list": lambda t: t.isclose(t.ones(1), [1.0]),
    "isclose shapes": lambda t: t.isclose(t.ones(2), t.ones(3)),
    "equal number": lambda t: t.equal(t.ones(1), 1),
    "isin numbers": lambda t: t.isin(1, 2),
    "isin list": lambda t: t.isin(t.ones(1), [1.0]),
    "isin bool": lambda t: t.isin(t.tensor([True]), t.tensor([True])),
    "searchsorted side": lambda t: t.searchsorted(t.ones(2), t.ones(1), side="middle"),
    "searchsorted sides": lambda t: t.searchsorted(t.ones(2), t.ones(1), side="left", right=True),
    "searchsorted rows": lambda t: t.searchsorted(t.ones(2, 2), t.ones(3, 2)),
    "searchsorted number": lambda t: t.searchsorted(t.ones(2, 2), 1),
    "searchsorted sorter": lambda t: t.searchsorted(t.ones(2), t.ones(1), sorter=t.tensor([0])),
    "searchsorted sorter range": lambda t: t.searchsorted(t.ones(2), t.ones(1), sorter=t.tensor([0, 2])),
    "bucketize matrix": lambda t: t.bucketize(t.ones(2), t.ones(1, 2)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_same_exception(name: str) -> None:
    with pytest.raises((RuntimeError, TypeError, IndexError)) as theirs:
        REFUSED[name](torch)
    with pytest.raises(theirs.type) as ours:
        REFUSED[name](tl)
    assert ours.type is theirs.type


def test_histograms_print_as_torchs() -> None:
    ours, theirs = tl.tensor([1.0, 2.0]).histogram(2), torch.tensor([1.0, 2.0]).histogram(2)
    assert repr(ours).split("bin_edges")[0] == repr(theirs).split("bin_edges")[0]
    hist, edges = ours
    assert hist is ours.hist and edges is ours.bin_edges
