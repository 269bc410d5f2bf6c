"""Rows of sort, topk, kthvalue, median, mode and quantile: an index, then the primitive gather."""

from __future__ import annotations

from .table import TIES, case, f, inf, nan, strided, transposed

MIXED = f(3, nan, -inf, 1, 3, 0, nan, -1, inf, -0.0)

for dim in (0, -1):
    case("gather", lambda t, x, dim: tuple(x.sort(dim)), transposed(3, 4), dim=dim, name="sort")
    case("gather", lambda t, x, dim: tuple(t.topk(x, 2, dim, largest=False)), (3, 4), dim=dim, name="topk")
    case("gather", lambda t, x, dim: tuple(x.kthvalue(2, dim, keepdim=True)), (3, 4), dim=dim, name="kthvalue")
    case("gather", lambda t, x, dim: tuple(x.median(dim)), strided(3, 4), dim=dim, name="median")
    case("gather", lambda t, x, dim: x.double().quantile(0.3, dim), (3, 4), dim=dim, name="quantile")
case("gather", lambda t, x: tuple(x.sort(descending=True, stable=True)), MIXED, smooth=False, name="sort")
case("gather", lambda t, x: tuple(t.sort(x, stable=True)), MIXED, smooth=False, name="ascending")
case("gather", lambda t, x: (x.msort(), x.argsort(dim=0, descending=True, stable=True)), TIES, smooth=False, name="msort")
case("pick", lambda t, x: (*x.sort(), *x.topk(1), *x.median(0), *x.mode()), (), name="sort")
case("gather", lambda t, x: tuple(x.sort(1)), (2, 0), name="empty")
case("gather", lambda t, x: tuple(x.topk(3)), (100,), name="topk")
case("gather", lambda t, x: tuple(x.sort()), (600,), name="packed")
case(
    "gather",
    lambda t, x: (*x.nanmedian(1, keepdim=True), *x.median(1)),
    f([nan, 2, 1, 4], [3, nan, nan, nan], [1, 2, 0, 5]),
    smooth=False,
    name="nan",
)
case("gather", lambda t, x: tuple(t.mode(x, 1)), f([2, 1, 1, 2], [3, 1, 2, 3]), smooth=False, name="mode")
for interpolation in ("linear", "lower", "higher", "midpoint", "nearest"):
    case(
        "gather",
        lambda t, x, q, **o: x.double().quantile(q.double(), 1, **o),
        (3, 4),
        f(0.1, 0.4, 0.9),
        interpolation=interpolation,
        name="quantile",
    )
case(
    "gather",
    lambda t, x: x.double().nanquantile(0.6, keepdim=True),
    f([1, nan, 3], [2, 0, nan]),
    smooth=False,
    name="nanquantile",
)
