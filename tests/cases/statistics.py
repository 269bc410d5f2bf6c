"""Rows of products, variances, norms and distances."""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops import statistics

from .table import MANY, ODD, TIES, case, f, inf, nan, strided, transposed

ZEROS = f([2, 0, 3], [0, 1.5, 0], [-1, 2, 0.5])

case("prod", lambda t, x: t.prod(x, 0), (3,), keeps="x out")
case("prod", lambda t, x: t.prod(x), (3,), name="of all")
case("prod", lambda t, x: x.prod(), strided(2, 3))
case("prod", lambda t, x: t.prod(x), ())
case("prod", lambda t, x, dim, keepdim: t.prod(x, dim, keepdim), transposed(2, 3, 2), dim=-2, keepdim=True)
case("prod", lambda t, x, axis: x.prod(axis=axis), (2, 3), axis=0)
case("prod", lambda t, x, dim: t.prod(x, dim), (0, 3), dim=0, twice=False)
case("prod", lambda t, x: t.prod(x), (0,), twice=False)
case("prod", lambda t, x, dim: t.prod(x, dim), ZEROS, dim=1)
case("prod", lambda t, x: t.prod(x), f(2, 0, 3), name="through 0")
case("prod", lambda t, x: t.prod(x), ODD, smooth=False, twice=False)
for x, dim in ((1 + MANY / 100, 0), (1 + MANY / 100, 1), (1 + MANY.reshape(3, 401) / 100, 1)):
    case("prod", lambda t, x, dim: t.prod(x, dim), x, dim=dim, smooth=False, name="in blocks")


def deviation(which: str, op: str, keeps: str | None = None) -> None:
    """The rows of var and std, in all their forms."""
    case(op, lambda t, x: getattr(t, which)(x, 1), (2, 3), keeps=keeps, name=which)
    case(op, lambda t, x, dim, unbiased: getattr(x, which)(dim, unbiased), (2, 3), dim=-1, unbiased=False, name=which)
    case(op, lambda t, x: getattr(t, which)(x, False), transposed(2, 3), name=f"{which} by position")
    case(op, lambda t, x, **o: getattr(t, which)(x, **o), strided(2, 3, 2), dim=(0, 2), correction=2, keepdim=True, name=which)
    case(op, lambda t, x, **o: getattr(t, which)(x, **o), (2, 3), axis=0, correction=0.5, keepdims=True, name=which)
    case(op, lambda t, x: getattr(t, which)(x), (5,), name=which)
    case(op, lambda t, x: getattr(t, f"{which}_mean")(x, 0), (4, 2), name=f"{which}_mean")
    case(op, lambda t, x: getattr(t, which)(x), f(1, nan, 2), smooth=False, name=f"{which} nan")
    case(op, lambda t, x: getattr(t, which)(x), f(1, inf, 2), smooth=False, name=f"{which} inf")
    case(op, lambda t, x: getattr(t, which)(x, 0), 1000 + MANY, smooth=False, twice=False, name=which)


deviation("var", "var", keeps="x")
deviation("std", "root")

case("root", lambda t, x: statistics.root(x), f(1, 4, 9), theirs=lambda t, x: x.sqrt(), keeps="out")
case("root", lambda t, x: t.std(x, 1), f([3, 3, 3], [1, 2, 3]), smooth=False, twice=False, name="of equal numbers")
case(
    "centred", lambda t, x: statistics.centred(x, axis=(1,)), (2, 3), theirs=lambda t, x: x - x.mean(1, keepdim=True), keeps=""
)
case("centred", lambda t, x: statistics.centred(x, axis=(0,)), MANY, theirs=lambda t, x: x - x.mean(0), smooth=False)
case("centred", lambda t, x: statistics.centred(x, axis=()), (), theirs=lambda t, x: x - x)

for p in (2, 3, 1.5, 0.5, -1, 4):
    case("norm", lambda t, x, p: t.norm(x, p, 1), (2, 3), p=p, keeps="x out")
    case("norm", lambda t, x, p: x.norm(p, dim=0), f([0, 0, 3], [0, 1, -4]), p=p, smooth=False, twice=False, name="zeros")
case("norm", lambda t, x, dim: t.norm(x, 2, dim, True), transposed(2, 3, 2), dim=(0, -1))
case("norm", lambda t, x: t.norm(x, dtype=t.float64), strided(2, 3))
case("norm", lambda t, x: x.norm(), ())
case("norm", lambda t, x: x.norm(), f(1, nan, inf), smooth=False, twice=False)
case("norm", lambda t, x: t.norm(x, dim=0), (0, 2), twice=False)
case("abs", lambda t, x: t.norm(x, 1, 0), f([0, 1], [2, -3]), smooth=False, twice=False, name="norm 1")
for p in (inf, -inf):
    case("abs", lambda t, x, p: t.norm(x, p, 1, keepdim=True), TIES, p=p, smooth=False, name="norm")
case("norm", lambda t, x: t.renorm(x, 2, 0, 1.0), f([3, 4], [0.3, 0.4], [0, 0]), smooth=False, twice=False, name="renorm")
case("norm", lambda t, x, y: t.dist(x, y, 2), (2, 3), (3,), name="dist")


def distances(t: Any, x: Any, y: Any, p: float = 2.0) -> Any:
    """All distances in torch. Its own cdist has no float16 and no second derivatives."""
    return t.linalg.vector_norm(x[..., :, None, :] - y[..., None, :, :], p, -1)


case("euclidean", lambda t, x, y: t.cdist(x, y), (2, 3), (4, 3), theirs=distances, keeps=("x y out", "x y out"))
case("euclidean", lambda t, x, y: t.cdist(x, y), (2, 1, 2, 3), strided(3, 4, 3), theirs=distances)
same = f([1, 2], [3, 4])
case(
    "euclidean", lambda t, x, y: t.cdist(x, y), same, same + f(0, 1) * f([0], [1]), theirs=distances, smooth=False, twice=False
)
case("euclidean", lambda t, x, y: t.cdist(x, y), MANY[:30], MANY[:40] + 0.5, theirs=distances, smooth=False, twice=False)
case("norm", lambda t, x, y, p: t.cdist(x, y, p), (2, 3), (4, 3), theirs=distances, p=3.0, name="cdist")
case(
    "norm",
    lambda t, x, y: t.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"),
    (2, 3),
    (4, 3),
    theirs=distances,
    name="cdist without a product",
)
