"""Rows of sum, mean, amax, amin, the maximum and minimum of all numbers, and `expand_reduced`, the derivative of a sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops import reduction

from .table import MANY, MASK, ODD, TIES, case, f, inf, nan, strided, transposed

DIMS: list[Any] = [None, 0, 1, 2, -1, -3, (0, 1), (0, 2), (-1, 0), (0, 1, 2), ()]
for dim in DIMS:
    for keep in (False, True):
        for x in ((2, 3, 4), transposed(2, 3, 4)):
            case("sum", lambda t, x, dim, keepdim: t.sum(x, dim, keepdim), x, dim=dim, keepdim=keep)
            case("mean", lambda t, x, dim, keepdim: x.mean(dim, keepdim=keepdim), x, dim=dim, keepdim=keep)
            if dim is not None:
                case("amax", lambda t, x, dim, keepdim: t.amax(x, dim, keepdim), x, dim=dim, keepdim=keep)
                case("amin", lambda t, x, dim, keepdim: x.amin(dim, keepdim=keepdim), x, dim=dim, keepdim=keep)


def reduced(op: str, keeps: str) -> None:
    """The rows that all reductions have, by the name that t has for each."""
    case(op, lambda t, x: getattr(t, op)(x), ())
    case(op, lambda t, x: getattr(t, op)(x), (2, 3), keeps=keeps)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), (), dim=0)
    case(op, lambda t, x, dim, keepdim: getattr(t, op)(x, dim, keepdim), (), dim=-1, keepdim=True)
    case(op, lambda t, x, **o: getattr(t, op)(x, **o), strided(2, 3), axis=1, keepdims=True)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), (0, 3), dim=1)
    case(op, lambda t, x: getattr(t, op)(x), ODD, smooth=False)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), TIES, dim=1, smooth=False)
    case(op, lambda t, x: getattr(t, op)(x), TIES, smooth=False, name="ties")


reduced("sum", keeps="")
reduced("mean", keeps="")
reduced("amax", keeps="x out")
reduced("amin", keeps="x out")


def of_nothing(op: str) -> None:
    """Sums of no numbers, and in another dtype."""
    case(op, lambda t, x: getattr(t, op)(x), (0,), twice=False)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), (0, 3), dim=0, twice=False)
    case(op, lambda t, x: getattr(t, op)(x, dtype=t.float32), (2, 3), smooth=False, name="float32")


of_nothing("sum")
of_nothing("mean")
case("sum", lambda t, x, c: (x * c.sum()).sum(), (3,), MASK)
case("sum", lambda t, x, dim: t.sum(x, dim), MANY, dim=1, smooth=False)
case("sum", lambda t, x, dim, keepdim: x.sum(dim, keepdim=keepdim), np.asfortranarray(MANY), dim=-1, keepdim=True, smooth=False)

case("largest", lambda t, x: x.max(), (2, 3), keeps="x out")
case("largest", lambda t, x: x.max(), ())
case("largest", lambda t, x: t.max(x), transposed(2, 3))
case("largest", lambda t, x: x.max(), TIES, smooth=False, name="ties")
case("largest", lambda t, x: t.max(x), f(1, 2, 2), smooth=False)
case("largest", lambda t, x: t.max(x), f(1, nan, 2, nan), smooth=False)
case("smallest", lambda t, x: x.min(), (2, 3), keeps="x out")
case("smallest", lambda t, x: x.min(), ())
case("smallest", lambda t, x: t.min(x), transposed(2, 3))
case("smallest", lambda t, x: t.min(x), f(1, nan, 1, inf), smooth=False)
case("smallest", lambda t, x: x.min(), f(1, 1, 2), smooth=False)
case("smallest", lambda t, x: t.min(x), (), name="function")

case(
    "expand_reduced",
    lambda t, x, **o: reduction.expand_reduced(x, **o),
    (1, 3, 1),
    theirs=lambda t, x, shape, **o: x.expand(shape) + 0,
    shape=(2, 3, 4),
    axis=(0, 2),
    keepdims=True,
    keeps="",
)
case(
    "expand_reduced",
    lambda t, x, **o: reduction.expand_reduced(x, **o),
    (3,),
    theirs=lambda t, x, shape, **o: x[None, :, None].expand(shape) + 0,
    shape=(2, 3, 4),
    axis=(0, 2),
    keepdims=False,
)
case(
    "expand_reduced",
    lambda t, x, **o: reduction.expand_reduced(x, **o),
    (),
    theirs=lambda t, x, shape, **o: x.expand(shape) + 0,
    shape=(2, 2),
    axis=(0, 1),
    keepdims=False,
)
