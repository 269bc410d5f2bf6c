"""Sorting against PyTorch: every dtype, ties, nan and both zeros, small and large sizes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

inf, nan = np.inf, np.nan
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def numbers(dtype: str, size: tuple[int, ...], ties: bool) -> Any:
    """Numbers of both signs; with ties, few different ones, with nan, inf and both zeros if they are floats."""
    rng = np.random.default_rng(1)
    kind = np.dtype(dtype).kind
    if kind != "f":
        low, high = (0, 2) if kind == "b" else (0, 5) if ties else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        return rng.integers(low, high, size).astype(dtype)
    if ties:
        return rng.choice(np.array([nan, inf, -inf, 0.0, -0.0, 1.5, -2], dtype), size)
    return rng.standard_normal(size).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(7,), (4, 5), (900,), (30, 40)])
@pytest.mark.parametrize("ties", [True, False])
def test_sort_is_torchs_stable_sort(dtype: str, size: tuple[int, ...], ties: bool) -> None:
    """The small ones are sorted directly, the large ones by packed keys (32 bits) or by runs (64 bits)."""
    a = numbers(dtype, size, ties)
    for dim in range(len(size)):
        for descending in (False, True):
            ours = tl.tensor(a).sort(dim, descending, stable=True)
            theirs = torch.tensor(a).sort(dim=dim, descending=descending, stable=True)
            np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())
            np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
            assert ours.values.dtype == a.dtype and ours.indices.dtype == np.int64
            index = tl.argsort(tl.tensor(a), dim, descending)
            np.testing.assert_array_equal(index.numpy(), theirs.indices.numpy())
    np.testing.assert_array_equal(tl.tensor(a).msort().numpy(), torch.tensor(a).msort().numpy())


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("size", [(9,), (1000,), (200, 90)])
@pytest.mark.parametrize("ties", [True, False])
def test_one_of_a_row_is_torchs_and_its_index_leads_to_it(dtype: str, size: tuple[int, ...], ties: bool) -> None:
    a = numbers(dtype, size, ties)
    x, z = tl.tensor(a), torch.tensor(a)
    calls: list[Any] = [
        lambda t: t.topk(3),
        lambda t: t.topk(4, 0, largest=False),
        lambda t: t.kthvalue(5),
        lambda t: t.median(0),
        lambda t: t.nanmedian(-1, keepdim=True),
    ]
    calls += [lambda t: t.mode(0)] if not np.isnan(a.astype(float)).any() else []
    for call in calls:
        ours, theirs = call(x), call(z)
        np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
        dim = 0 if call(tl.arange(9)).values.ndim == 0 or ours.values.shape[0] != size[0] else -1
        index, values = ours.indices.numpy(), ours.values.numpy()
        if index.ndim < a.ndim:
            dim = 0 if index.shape == a.shape[1:] else -1
            index, values = np.expand_dims(index, dim), np.expand_dims(values, dim)
        np.testing.assert_array_equal(np.take_along_axis(a, index, dim), values)
    np.testing.assert_array_equal(x.median().numpy(), z.median().numpy())
    np.testing.assert_array_equal(x.nanmedian().numpy(), z.nanmedian().numpy())


def test_both_zeros_are_equal_and_negative_nans_are_the_largest() -> None:
    for size in (1, 200):
        for dtype in ("f4", "f8"):
            a = np.tile(np.array([-nan, 0.0, -0.0, nan, -1], dtype), size)
            ours = tl.tensor(a).sort(stable=True).indices.numpy()
            np.testing.assert_array_equal(ours, torch.tensor(a).sort(stable=True).indices.numpy())


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles(name: str, interpolation: str, close: Any) -> None:
    a = np.random.default_rng(2).standard_normal((3, 4, 5)).astype("f4")
    a[0, 1, 2] = nan
    a[1] = nan
    for t_a in (a, a[2]):
        for q in (0.5, 0, 1.0, [0.25, 0.5], [0.1, 0.99, 0.0, 1.0]):
            for dim in (None, 0, 1, -1):
                for keepdim in (False, True):
                    close(
                        *[
                            getattr(t, name)(
                                t.tensor(t_a),
                                t.tensor(q) if isinstance(q, list) else q,
                                dim,
                                keepdim,
                                interpolation=interpolation,
                            )
                            for t in (tl, torch)
                        ]
                    )


def test_results_print_and_unpack_as_torchs() -> None:
    calls: list[Any] = [
        lambda x: x.sort(),
        lambda x: x.topk(2),
        lambda x: x.kthvalue(1),
        lambda x: x.median(0),
        lambda x: x.nanmedian(0),
        lambda x: x.mode(),
    ]
    for call in calls:
        ours, theirs = call(tl.tensor([3, 1, 2])), call(torch.tensor([3, 1, 2]))
        assert repr(ours) == repr(theirs)
        values, indices = ours
        assert values is ours[0] is ours.values and indices is ours[1] is ours.indices


REFUSED: dict[str, Any] = {
    "sort dim": lambda t, x: x.sort(2),
    "topk k": lambda t, x: x.topk(5),
    "topk negative": lambda t, x: x.topk(-1),
    "topk bool": lambda t, x: (x > 0).topk(1),
    "kthvalue 0": lambda t, x: x.kthvalue(0),
    "kthvalue 5": lambda t, x: x.kthvalue(5),
    "median of nothing": lambda t, x: x[:, :0].median(1),
    "median bool": lambda t, x: (x > 0).median(),
    "mode of nothing": lambda t, x: x[:0].mode(0),
    "median keepdim": lambda t, x: x.median(keepdim=True),
    "quantile q": lambda t, x: x.quantile(1.5),
    "quantile qs": lambda t, x: x.quantile(t.tensor([0.5, -1.0])),
    "quantile q dims": lambda t, x: x.quantile(t.tensor([[0.5]])),
    "quantile q dtype": lambda t, x: x.quantile(t.tensor([0.5], dtype=t.float64)),
    "quantile list": lambda t, x: x.quantile([0.5]),
    "quantile int": lambda t, x: x.long().quantile(0.5),
    "quantile name": lambda t, x: x.quantile(0.5, interpolation="cubic"),
    "quantile empty": lambda t, x: x[:0].quantile(0.5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_same_exception(name: str) -> None:
    with pytest.raises((RuntimeError, TypeError, IndexError)) as theirs:
        REFUSED[name](torch, torch.ones(3, 4))
    with pytest.raises(theirs.type) as ours:
        REFUSED[name](tl, tl.ones(3, 4))
    assert ours.type is theirs.type


def test_the_median_of_nothing() -> None:
    assert np.isnan(tl.tensor([]).median().item()) and torch.tensor([]).median().isnan()
    x = tl.zeros(0, requires_grad=True)
    x.median().backward()
    assert x.grad is not None and x.grad.shape == (0,)
