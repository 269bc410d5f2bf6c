"""Rows of what reads, writes and combines numbers at given places: gather and scatter, take and put, index_*, masked_*."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from tinygrad_lite.ops import selection

from .table import MASK, TIES, at, case, f, inf, nan, strided, transposed

ROWS = np.array([[2, 0], [1, 1]])
TWICE = np.array([0, 2, 0])
SHORT = np.array([[1, 0]])
FLAT = np.array([[5, 0], [0, 3]])
NONE = np.zeros((0, 2), np.int64)

with warnings.catch_warnings():  # PyTorch says at the first call that index_reduce may still change
    warnings.simplefilter("ignore")
    torch.ones(1).index_reduce(0, torch.tensor([0]), torch.ones(1), "prod")


def pick(t: Any, x: Any, dim: int, index: Any) -> Any:
    return x.gather(dim, t.tensor(index))


case("pick", pick, (3, 2), dim=0, index=ROWS, keeps="")
case("pick", pick, transposed(3, 4), dim=-1, index=SHORT)
case("pick", pick, strided(2, 3, 2), dim=1, index=np.array([[[2, 0]], [[1, 1]]]))
case("pick", pick, (3, 2), dim=0, index=NONE)
case("pick", pick, (), dim=0, index=np.array([0, 0]))
case("pick", lambda t, x: x.take(t.tensor([[-1, 0], [0, 3]])), strided(2, 3))
case("pick", lambda t, x, dim: x.take_along_dim(t.tensor([[-1], [0]]), dim), (2, 3), dim=1)
case("pick", lambda t, x: t.take_along_dim(x, t.tensor([[[2, 0]]]), 2), transposed(2, 2, 3), name="broadcast")
case("pick", lambda t, x: t.take_along_dim(x, t.tensor([[1, 3]])), (2, 2), name="flat")
case(
    "deposit",
    lambda t, x: selection.deposit(x, places=at(x, FLAT), shape=(2, 3)),
    (2, 2),
    theirs=lambda t, x: t.zeros(6, dtype=x.dtype).index_add(0, t.tensor(FLAT).flatten(), x.flatten()).reshape(2, 3),
    keeps="",
)
case("accumulate", lambda t, x, y: x.scatter_add(0, t.tensor(ROWS), y), (3, 2), (2, 2), keeps=("", ""))
case("accumulate", lambda t, x, y: t.scatter_add(x, 1, t.tensor(SHORT), y), transposed(2, 3), strided(1, 2))
case("accumulate", lambda t, x, y: x.put(t.tensor(FLAT), y, accumulate=True), (2, 3), (4,))
case(
    "accumulate",
    lambda t, x, y: x.scatter(0, t.tensor([0, 0]), y, reduce="add"),
    (2,),
    (2,),
    theirs=lambda t, x, y: x.scatter_add(0, t.tensor([0, 0]), y),
)

case("select", lambda t, x, dim: x.index_select(dim, t.tensor(TWICE)), (3, 2), dim=0, keeps="")
case("select", lambda t, x, dim: x.index_select(dim, t.tensor(TWICE)), transposed(2, 3, 2), dim=-2)
case("select", lambda t, x, dim: x.index_select(dim, t.tensor([], dtype=t.int64)), (2, 3), dim=1, name="none")
case("select", lambda t, x: x.index_select(1, t.tensor([2, 0])), (4, 3), name="each once")
case("select", lambda t, x: x.index_select(0, t.tensor(TWICE)), (3, 600), name="long")

case("replace", lambda t, x, y: x.scatter(1, t.tensor([[2, 0], [1, 0]]), y), (2, 3), (2, 2), keeps=("", ""))
case("replace", lambda t, x, y: x.scatter(0, t.tensor(SHORT), y), transposed(2, 3), strided(1, 2))
case("replace", lambda t, x: x.scatter(-1, t.tensor([[2], [0]]), 2.5), (2, 3), name="number")
case("replace", lambda t, x, y: x.put(t.tensor([[-1, 0]]), y), (2, 3), (2,))
case("replace", lambda t, x, y: x.scatter(0, t.tensor(0), y), (), ())
case("setitem", lambda t, x, y: x.diagonal_scatter(y, 1), (3, 3), (2,))
case("setitem", lambda t, x, y: t.diagonal_scatter(x, y, -1, 2, 0), (3, 2, 3), (2, 2))

case("added", lambda t, x, y: x.index_add(0, t.tensor(TWICE), y), (3, 2), (3, 2), keeps=("", ""))
case("added", lambda t, x, y: x.index_add(1, t.tensor(TWICE), y, alpha=-2), transposed(2, 3), strided(2, 3))
case("added", lambda t, x, y: x.index_add(0, t.tensor(TWICE), y), (3, 600), (3, 600), name="long")
case("added", lambda t, x, y: x.index_add(0, t.tensor([0]), y), (), ())
case("added", lambda t, x, y: x.index_put((t.tensor(TWICE), t.tensor([1, 0, 1])), y, accumulate=True), (3, 2), (3,))
case("added", lambda t, x, y: x.index_put([t.tensor(MASK)], y, accumulate=True), (2, 3), ())

CLASH = {"index": np.array([[0, 0, 2], [1, 1, 1]]), "dim": 1}
for include in (True, False):
    for reduce in ("amax", "amin"):
        case(
            "extreme_at",
            lambda t, x, y, index, dim, reduce, **o: x.scatter_reduce(dim, t.tensor(index), y, reduce, **o),
            (2, 4), (2, 3), **CLASH, reduce=reduce, include_self=include, keeps=("x y out", "x y out") if include else None,
        )  # fmt: skip
    case(
        "product_at",
        lambda t, x, y, index, dim, **o: x.scatter_reduce(dim, t.tensor(index), y, "prod", **o),
        (2, 4), (2, 3), **CLASH, include_self=include, keeps=("y", "x y out") if include else None,
    )  # fmt: skip
    case(
        "accumulate",
        lambda t, x, y, index, dim, **o: x.scatter_reduce(dim, t.tensor(index), y, "mean", **o),
        (2, 4), (2, 3), **CLASH, include_self=include,
    )  # fmt: skip
case("extreme_at", lambda t, x, y: x.scatter_reduce(0, t.tensor([0, 0, 0, 1]), y, "amax"), f(2, 1), f(2, 2, 1, 1), smooth=False)
case("extreme_at", lambda t, x, y: x.index_reduce(1, t.tensor(TWICE), y, "amin"), transposed(2, 3), strided(2, 3))
case(
    "extreme_at",
    lambda t, x, y: x.scatter_reduce(0, t.tensor([0, 1, 1]), y, "amax"),
    f(nan, 1),
    f(1, inf, 2),
    smooth=False,
    twice=False,
)
case("product_at", lambda t, x, y: x.index_reduce(0, t.tensor(TWICE), y, "prod"), (3, 2), strided(3, 2))
case("product_at", lambda t, x, y: x.scatter_reduce(0, t.tensor([0, 0, 1]), y, "prod"), f(0, 2), f(3, 0, 0.5), name="zeros")
case("accumulate", lambda t, x, y: x.index_reduce(0, t.tensor(TWICE), y, "mean", include_self=False), (3, 2), (3, 2))

case("setitem", lambda t, x, y: x.index_copy(1, t.tensor([2, 0]), y), transposed(2, 3), (2, 2))
case("setitem", lambda t, x: x.index_fill(1, t.tensor([-1, 0, 0]), 2.0), (2, 3), name="number")
case("setitem", lambda t, x, y: x.index_fill(0, t.tensor([1, 1]), y), (2, 3), (), name="value")
case("setitem", lambda t, x, y: x.index_put((t.tensor([[0], [1]]), t.tensor([2, 0])), y), (2, 3), (2, 2))
case("setitem", lambda t, x, y: x.masked_scatter(t.tensor(MASK), y), (2, 3), (2, 2), name="mask")
case("setitem", lambda t, x, y: x.masked_scatter(t.tensor(MASK), y), (3,), (2, 3), name="broadcast")
case("setitem", lambda t, x, y: x.select_scatter(y, -1, -2), transposed(2, 3), (2,))
case("setitem", lambda t, x, y: x.slice_scatter(y, 1, 0, None, 2), (2, 3), strided(2, 2))
case("where", lambda t, x: x.masked_fill(t.tensor(MASK), -inf), (3,), smooth=False, name="masked_fill")
case("where", lambda t, x, y: x.masked_fill(t.tensor(MASK), y), strided(2, 3), (), name="masked_fill")
case("getitem", lambda t, x: x.masked_select(t.tensor(MASK)), (3,), name="masked_select")
case("getitem", lambda t, x: t.masked_select(x, t.tensor(True)), (), name="masked_select")

case("ranked", lambda t, x: x.median(), (4,), keeps="x out")
case("ranked", lambda t, x: t.median(x), transposed(3, 3))
for x in (TIES, f(1, nan, 2, nan), f(2, 2, 2, 1), f(nan, nan)):
    case("ranked", lambda t, x: (t.median(x), x.nanmedian()), x, smooth=False, twice=False, name=str(x.size) + str(x.flat[1]))
