"""Rows of running sums, products and log-sum-exps, of the recurrence behind their derivatives, and of cummax and cummin."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops import scan

from .table import MANY, ODD, TIES, at, case, f, inf, nan, strided, transposed

ZEROS = f([2, 0, 3, 4], [0, 1.5, 0, 2], [-1, 2, 0.5, 3])


def scanned(op: str, keeps: str) -> None:
    """The rows that all scans have, by the name that t has for each."""
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), (2, 3), dim=1, keeps=keeps)
    case(op, lambda t, x, dim: getattr(x, op)(dim), transposed(2, 3, 2), dim=-2)
    case(op, lambda t, x, axis: getattr(t, op)(x, axis=axis), strided(3, 2), axis=0)
    case("clone", lambda t, x, dim: getattr(t, op)(x, dim), (), dim=-1, name=op)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), (0, 3), dim=0)
    case("clone", lambda t, x, dim: getattr(t, op)(x, dim), (3, 1), dim=1, name=op, twice=op != "logcumsumexp")


scanned("cumsum", keeps="")
scanned("cumprod", keeps="x out")
scanned("logcumsumexp", keeps="x out")


def reverse(op: str, *inputs: Any, **options: Any) -> None:
    """A scan from the other end, which PyTorch has not."""
    case(
        op,
        lambda t, x, axis: getattr(scan, op)(x, axis=axis, reverse=True),
        *inputs,
        theirs=lambda t, x, axis: getattr(t, op)(x.flip(axis), axis).flip(axis),
        axis=0,
        **options,
    )


for x in (MANY, np.asfortranarray(MANY), MANY[:, 0].copy(), MANY[:80, :, None] + np.zeros(40)):
    case("cumsum", lambda t, x, dim: t.cumsum(x, dim), x, dim=0, smooth=False, name="in blocks")
    reverse("cumsum", x, smooth=False, name="in blocks from the end")
case("cumsum", lambda t, x, dim: t.cumsum(x, dim), MANY.T.copy(), dim=1, smooth=False, name="in blocks of a row")
case("cumsum", lambda t, x, dim: t.cumsum(x, dim), np.where(MANY > 3, inf, MANY), dim=0, smooth=False, name="inf")
case("cumsum", lambda t, x, dim: t.cumsum(x, dim), ODD, dim=0, smooth=False)
reverse("cumsum", (3, 2))

reverse("cumprod", ZEROS)
for dim in (0, 1):
    case("cumprod", lambda t, x, dim: t.cumprod(x, dim), ZEROS, dim=dim)
case("cumprod", lambda t, x, dim: t.cumprod(x, dim), ODD, dim=0, smooth=False, twice=False)

case("logcumsumexp", lambda t, x, dim: t.logcumsumexp(x, dim), f(800, 1, 900, -30), dim=0, smooth=False, name="far")
case("logcumsumexp", lambda t, x, dim: t.logcumsumexp(x, dim), f(1, -inf, 2), dim=0, smooth=False, twice=False)
case("logcumsumexp", lambda t, x, dim: t.logcumsumexp(x, dim), f(-inf, 1, inf, 2), dim=0, smooth=False, twice=False, name="inf")
case("logcumsumexp", lambda t, x, dim: t.logcumsumexp(x, dim), f(1, nan, 2), dim=0, smooth=False, twice=False, name="nan")


def step_by_step(t: Any, a: Any, b: Any, reverse: bool) -> Any:
    """y[i] = b[i] + a[i] y[i-1] along axis 1, or with y[i+1]."""
    y, out = 0, []
    for i in range(a.shape[1])[::-1] if reverse else range(a.shape[1]):
        y = b[:, i] + a[:, i] * y
        out.append(y)
    return t.stack(out[::-1] if reverse else out, 1)


for way in (False, True):
    case(
        "recurrence",
        lambda t, a, b, reverse: scan.recurrence(a, b, axis=1, reverse=reverse),
        ZEROS,
        (3, 4),
        theirs=step_by_step,
        reverse=way,
        keeps=("a out", "a"),
    )

    case(
        "recurrence",
        lambda t, a, b, reverse: scan.recurrence(a, b, axis=1, reverse=reverse),
        (2, 70),
        (2, 70),
        theirs=step_by_step,
        smooth=False,
        reverse=way,
        name="in blocks",
    )

for name in ("cummax", "cummin"):
    case("held", lambda t, x, which, dim: getattr(t, which)(x, dim), (2, 5), which=name, dim=1)
    case("held", lambda t, x, which, dim: getattr(x, which)(dim=dim), TIES, which=name, dim=-2, smooth=False)
    case(
        "held",
        lambda t, x, which, dim: getattr(t, which)(x, dim),
        f(1, nan, 3, inf, nan, -inf),
        which=name,
        dim=0,
        smooth=False,
    )
    case("held", lambda t, x, which, dim: getattr(t, which)(x, dim), f(-inf, 2, 2, inf, inf), which=name, dim=0, smooth=False)
    case("held", lambda t, x, which, dim: getattr(t, which)(x, dim), (), which=name, dim=0)
    case("held", lambda t, x, which, dim: getattr(t, which)(x, dim), (0, 2), which=name, dim=0)

INDEX = np.array([[0, 0, 2, 3, 3], [0, 1, 1, 1, 4]])
case(
    "held",
    lambda t, x, index: scan.held(x, index=at(x, index), axis=1),
    (2, 5),
    theirs=lambda t, x, index: x.gather(1, t.tensor(index)),
    index=INDEX,
    keeps="",
)
case(
    "run_sums",
    lambda t, x, index: scan.run_sums(x, index=at(x, index), axis=0),
    transposed(5, 2),
    theirs=lambda t, x, index: t.zeros_like(x).scatter_add(0, t.tensor(index), x),
    index=INDEX.T.copy(),
    keeps="",
)
for dim in (0, 1):
    case("held", lambda t, x, dim: t.cummax(x, dim)[0], MANY, dim=dim, smooth=False, name="many")
    case("held", lambda t, x, dim: t.cummin(x, dim)[0], MANY.reshape(3, 401).round(1), dim=dim, smooth=False, name="many")
