"""Reductions, scans, norms and distances beside PyTorch's: forms of call, integers, errors, and values without a row."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.autograd import grad

inf, nan = float("inf"), float("nan")
FLOATS = np.random.default_rng(0).standard_normal((3, 4))
INTS = np.array([[3, 0, 250], [7, 7, 2]])


def outputs(y: Any) -> list[Any]:
    return list(y) if isinstance(y, tuple) else [y]


FORMS: dict[str, Any] = {
    "var(True)": lambda t, x: t.var(x, True),
    "var(None, False)": lambda t, x: t.var(x, None, False),
    "var(dims, unbiased, keepdim)": lambda t, x: x.var((0, 1), False, True),
    "var(correction=None)": lambda t, x: x.var(0, correction=None),
    "var(())": lambda t, x: x.detach().var(()),
    "std(dim=None)": lambda t, x: x.std(dim=None, keepdim=True),
    "var_mean(unbiased)": lambda t, x: t.var_mean(x, False),
    "var_mean": lambda t, x: t.var_mean(x, 1, keepdim=True),
    "std_mean": lambda t, x: t.std_mean(x, dim=0, correction=0),
    "prod(dtype)": lambda t, x: t.prod(x, dtype=t.float32),
    "cumsum(dtype)": lambda t, x: t.cumsum(x, dim=0, dtype=t.float32),
    "cumprod(dtype)": lambda t, x: x.detach().cumprod(-1, dtype=t.int32),
    "sum(dtype)": lambda t, x: x.detach().sum(1, dtype=t.int32),
    "aminmax": lambda t, x: t.aminmax(x),
    "aminmax(keepdim)": lambda t, x: x.aminmax(keepdim=True),
    "aminmax(dim)": lambda t, x: x.aminmax(dim=-1),
    "norm()": lambda t, x: t.norm(x),
    "norm(p, dims)": lambda t, x: x.norm(2, (0, 1), keepdim=True),
    "norm(fro)": lambda t, x: x.norm("fro", 1),
    "norm(0)": lambda t, x: x.norm(0, 1),
    "norm(None)": lambda t, x: x.norm(None, 1),
    "norm(dtype)": lambda t, x: x.float().norm(1, dtype=t.float64),
    "renorm": lambda t, x: x.renorm(1, -1, 0.5),
    "renorm inf": lambda t, x: x.renorm(p=inf, dim=0, maxnorm=0.5),
    "dist 0": lambda t, x: t.dist(x.detach(), x.abs().detach(), 0),
    "dist inf": lambda t, x: x.dist(x * 2, p=inf),
    "cdist": lambda t, x: t.cdist(x, x + 1),
    "cdist inf": lambda t, x: t.cdist(x, x * 2, inf),
    "cdist 0": lambda t, x: t.cdist(x, x.abs(), p=0.0),
    "cdist of nothing": lambda t, x: t.cdist(x[:, :0], x[:2, :0]),
    "cdist of no rows": lambda t, x: t.cdist(x[:0], x),
    "pdist": lambda t, x: t.pdist(x),
    "pdist 1": lambda t, x: t.pdist(x, 1.0),
    "cov": lambda t, x: x.cov(),
    "cov of one": lambda t, x: t.cov(x[0], correction=0),
    "cov weighted": lambda t, x: t.cov(x, fweights=t.tensor([1, 2, 3, 1]), aweights=t.tensor([0.5, 1.0, 2.0, 1.0]).double()),
    "corrcoef": lambda t, x: x.corrcoef(),
    "corrcoef of one": lambda t, x: t.corrcoef(x[0]),
    "diff": lambda t, x: x.diff(n=2, dim=0),
    "diff too often": lambda t, x: x.diff(9),
    "diff of 0": lambda t, x: x.diff(0),
    "diff joined": lambda t, x: t.diff(x, prepend=x[:, :2], append=x[:, :1]),
    "trapezoid": lambda t, x: t.trapezoid(x),
    "trapezoid(dx)": lambda t, x: t.trapz(x, dx=2, dim=0),
    "trapezoid(x)": lambda t, x: t.trapezoid(x, t.tensor([0.0, 1.0, 3.0]), dim=0),
    "trapezoid of none": lambda t, x: t.trapezoid(x[:, :0]),
    "cumulative_trapezoid": lambda t, x: t.cumulative_trapezoid(x, x * 2, dim=0),
    "nansum": lambda t, x: t.nansum(x / (x > 0), 1),
    "nansum of all": lambda t, x: (x + nan).nansum(),
    "nanmean": lambda t, x: t.nanmean(t.where(x > 0, x, nan), 1, True),
    "nanmean of none": lambda t, x: (x.detach() + nan).nanmean(0),
    "sum_to_size": lambda t, x: x.sum_to_size(1, 4),
    "sum_to_size(())": lambda t, x: x.sum_to_size(()),
    "logcumsumexp": lambda t, x: x.logcumsumexp(dim=1),
    "cummax": lambda t, x: x.cummax(dim=1),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_call(name: str, close: Any) -> None:
    found = []
    for t, differentiate, make in ((tl, grad, tl.from_numpy), (torch, torch.autograd.grad, torch.from_numpy)):
        x = make(FLOATS.copy()).requires_grad_()
        ys = outputs(FORMS[name](t, x))
        live = [y for y in ys if y.requires_grad and 0 not in y.shape]
        upstream = [make(np.random.default_rng(1).standard_normal(tuple(y.shape))).to(y.dtype) for y in live]
        (g,) = differentiate(live, x, upstream, allow_unused=True) if live else (None,)
        found.append((ys, np.zeros((3, 4)) if g is None else g))
    for y, z in zip(*[ys for ys, _ in found], strict=True):
        close(y, z)
    coarse = {"rtol": 1e-6, "atol": 1e-6} if any(y.dtype == tl.float32 for y in found[0][0]) else {}
    close(found[0][1], found[1][1], **coarse)


INTEGERS: dict[str, Any] = {
    name: FORMS[name]
    for name in (
        "aminmax",
        "cumprod(dtype)",
        "sum(dtype)",
        "cummax",
        "cov",
        "diff",
        "trapezoid",
        "trapezoid(x)",
        "diff too often",
    )
}
INTEGERS |= {
    "prod": lambda t, x: (x.prod(), x.prod(1)),
    "cumsum": lambda t, x: x.cumsum(1),
    "cumprod": lambda t, x: x.cumprod(0),
    "cummin": lambda t, x: x.cummin(0),
    "nansum": lambda t, x: x.nansum(),
    "sum_to_size": lambda t, x: (x.sum_to_size(2, 1), x.sum_to_size(2, 3)),
    "cumulative_trapezoid": lambda t, x: t.cumulative_trapezoid(x),
    "in place": lambda t, x: (x.clone().cumsum_(1), x.clone().cumprod_(0)),
}


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool"])
@pytest.mark.parametrize("name", INTEGERS)
def test_integers_and_bools(name: str, dtype: str, close: Any) -> None:
    x = INTS.astype(dtype)
    try:
        expected = outputs(INTEGERS[name](torch, torch.from_numpy(x)))
    except RuntimeError:
        with pytest.raises(RuntimeError):
            INTEGERS[name](tl, tl.from_numpy(x))
        return
    for y, z in zip(outputs(INTEGERS[name](tl, tl.from_numpy(x))), expected, strict=True):
        close(y, z)


ERRORS: dict[str, Any] = {
    "prod of an axis that is not there": lambda t, x: x.prod(2),
    "var of integers": lambda t, x: x.long().var(),
    "nanmean of integers": lambda t, x: x.long().nanmean(),
    "norm of integers": lambda t, x: x.long().norm(),
    "norm with a name": lambda t, x: x.norm("nic"),
    "nuclear norm of an axis": lambda t, x: x.norm("nuc", (0,)),
    "norm to integers": lambda t, x: x.norm(dtype=t.int64),
    "largest of nothing": lambda t, x: x[:0].norm(inf),
    "logcumsumexp of integers": lambda t, x: x.long().logcumsumexp(0),
    "an axis that is not there": lambda t, x: x.cumsum(2),
    "cummax of an axis that is not there": lambda t, x: x.cummax(-3),
    "renorm of a vector": lambda t, x: x[0].renorm(2, 0, 1.0),
    "renorm below 0": lambda t, x: x.renorm(2, 0, -1.0),
    "cdist of integers": lambda t, x: t.cdist(x.long(), x.long()),
    "cdist of two dtypes": lambda t, x: t.cdist(x, x.float()),
    "fro of three axes": lambda t, x: x[None].norm("fro", (0, 1, 2)),
    "cdist of rows that do not fit": lambda t, x: t.cdist(x, x[:, :2]),
    "cdist of vectors": lambda t, x: t.cdist(x[0], x[0]),
    "pdist of a vector": lambda t, x: t.pdist(x[0]),
    "cov in three dimensions": lambda t, x: x[None].cov(),
    "cov with negative weights": lambda t, x: t.cov(x, fweights=t.tensor([1, 1, 1, -1])),
    "cov with weights of 0": lambda t, x: t.cov(x, fweights=t.tensor([0, 0, 0, 0])),
    "cov with fractions": lambda t, x: t.cov(x, fweights=t.tensor([1.0, 1.0, 1.0, 1.0])),
    "cov with too few weights": lambda t, x: t.cov(x, aweights=t.tensor([1.0, 1.0])),
    "diff of a number": lambda t, x: x[0, 0].diff(),
    "diff of negative order": lambda t, x: x.diff(-1),
    "diff with a vector": lambda t, x: x.diff(prepend=x[0]),
    "trapezoid with too few x": lambda t, x: t.trapezoid(x, x[0, :2]),
    "trapezoid of bools": lambda t, x: t.trapezoid(x > 0),
    "trapezoid with both": lambda t, x: t.trapezoid(x, x, dx=2),
    "sum_to_size that does not fit": lambda t, x: x.sum_to_size(2, 4),
    "var of both": lambda t, x: t.var(x, 0, unbiased=True, correction=1),
    "aminmax of nothing": lambda t, x: x[:0].aminmax(),
    "cumsum_ of floats to integers": lambda t, x: x.long().cumsum_(0, dtype=t.float64),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_of_the_same_kind(name: str) -> None:
    with pytest.raises((RuntimeError, IndexError, TypeError, ValueError)) as theirs:
        ERRORS[name](torch, torch.from_numpy(FLOATS))
    with pytest.raises((RuntimeError, IndexError, TypeError, ValueError)) as ours:
        ERRORS[name](tl, tl.from_numpy(FLOATS))
    assert isinstance(ours.value, theirs.type), (ours.value, theirs.value)


def test_the_variance_of_one_number_is_nan_with_a_warning() -> None:
    for t in (tl, torch):
        x = t.tensor([2.0], requires_grad=True)
        for name in ("var", "std"):
            words = re.escape(f"{name}(): degrees of freedom is <= 0")
            with np.errstate(all="ignore"), pytest.warns(UserWarning, match=words):
                y = getattr(x, name)()
            assert np.isnan(y.item())
            x.grad = None
            y.backward()
            assert x.grad is not None and np.isnan(x.grad.item())


@pytest.mark.parametrize("upstream", [1.0, inf])
def test_gradients_where_a_root_has_none(upstream: float) -> None:
    """std of equal numbers, norms at 0, distances of 0: PyTorch says 0, of an infinite upstream gradient sometimes nan."""
    programs: list[Any] = [
        lambda t, x: x.std(1),
        lambda t, x: x.norm(dim=1),
        lambda t, x: x.norm(3, 1),
        lambda t, x: x.norm(1.5, 1),
        lambda t, x: t.dist(x, x.detach()),
    ]
    for program in programs:
        for t in (tl, torch) if upstream == 1 else (tl,):
            x = t.zeros(2, 3, requires_grad=True)
            y = program(t, x)
            y.backward(t.full_like(y, upstream))
            assert x.grad is not None and x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_in_place_scans_write_to_the_same_memory(close: Any) -> None:
    for change in (lambda x: x.cumsum_(1), lambda x: x.cumprod_(0), lambda x: x.renorm_(2, 0, 0.5)):
        x, z = tl.from_numpy(FLOATS.copy()), torch.from_numpy(FLOATS.copy())
        memory, row = x.array, x[1]
        assert change(x) is x and x.array is memory
        close(x, change(z))
        close(row, z[1])


def test_many_distances_and_their_gradients(close: Any) -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 40, 6))
    found = []
    for t in (tl, torch):
        a, b = t.tensor(x, requires_grad=True), t.tensor(y, requires_grad=True)
        d = t.cdist(a, b)
        (d * d.detach().tanh()).sum().backward()
        assert a.grad is not None and b.grad is not None
        found.append((d.detach(), a.grad, b.grad))
    for ours, theirs in zip(*found):
        close(ours, theirs, 1e-9, 1e-9)


def test_in_place_scans_are_differentiable(close: Any) -> None:
    found = []
    for t in (tl, torch):
        w = t.tensor(FLOATS, requires_grad=True)
        x, y, z = w * 2, w * 3, w * 1
        x.cumsum_(1)
        y.cumprod_(0)
        z.renorm_(2, 0, 1.0)
        (x * x + y + z * w).sum().backward()
        with pytest.raises(RuntimeError):
            w.cumsum_(0)
        assert w.grad is not None
        found.append(w.grad)
    close(*found)
