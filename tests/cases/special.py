"""Rows of the special functions: gamma, Bessel, entropy.

PyTorch's polygamma(1, x) has errors of 3e-9 below 20, so rows that need it have larger x, or zeta(2, x) for it.
"""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops import special

from .table import case, f, inf, nan, positive, transposed

LARGE = positive(2, 3) * 20
NEGATIVE = f(-3.4, -2.25, -0.5, -0.1)
ODD = f(-inf, -0.0, 0.0, inf, nan)


def wide(function: Any) -> Any:
    """torch's function for float16 too, which PyTorch does not have on the CPU for all of them."""
    return lambda t, *xs, **o: (
        function(t, *[x.float() for x in xs], **o).half() if xs[0].dtype == t.half else function(t, *xs, **o)
    )


def row(op: str, *inputs: Any, **options: Any) -> None:
    case(op, lambda t, *xs: getattr(t if hasattr(t.Tensor, op) else t.special, op)(*xs), *inputs, **options)


row("lgamma", LARGE, keeps="x")
row("lgamma", NEGATIVE, twice=False)
row("lgamma", positive(), twice=False)
row("lgamma", positive(0))
row("lgamma", ODD, smooth=False, twice=False)
row("digamma", LARGE, keeps="x")
row("digamma", LARGE.T)
row("digamma", positive(0))
row("digamma", ODD[1:], smooth=False, twice=False)
for x in (positive(2, 3), positive(3, 2).T, positive(), positive(0), f(100, 1e4)):
    case("trigamma", lambda t, x: special.trigamma(x), x, theirs=wide(lambda t, x: t.special.zeta(2, x)), keeps="x")
for n in (2, 3):
    case("polygamma", lambda t, x, n: t.polygamma(n, x), positive(2, 3), n=n)
case("polygamma", lambda t, x, n: x.polygamma(n), LARGE, n=2, name="method", keeps="x")
case("polygamma", lambda t, x, n: t.polygamma(n, x), NEGATIVE, n=2)
case("polygamma", lambda t, x, n: t.polygamma(n, x), LARGE, n=0)
for x in (positive(2, 3), positive(), positive(0)):
    case("zeta", lambda t, q: t.special.zeta(3.5, q), x, theirs=wide(lambda t, q: t.special.zeta(3.5, q)))
# The first input has no derivative.
ZETA = lambda t, x, q: t.special.zeta(x.detach(), q)  # noqa: E731
case("zeta", ZETA, positive(2, 3) + 1.5, positive(3), theirs=wide(ZETA), keeps=("", "x q"), smooth=False)
for op in ("igamma", "igammac"):
    case(
        op,
        lambda t, a, x, which: getattr(t, which)(a.detach(), x),
        positive(2, 3),
        positive(3),
        which=op,
        keeps=("", "a x"),
        smooth=False,
    )
    case(op, lambda t, x, which: getattr(t, which)(t.ones_like(x) * 2.5, x), positive(2, 3), which=op)
    case(op, lambda t, x, which: getattr(t, which)(t.ones_like(x), x), f(0.0, 1.0, inf), which=op, smooth=False, twice=False)
for op in ("i0", "i0e", "i1", "i1e"):
    row(op, (2, 3), keeps="x" if op == "i0" else "x out")
    row(op, transposed(3, 2) * 5)
    row(op, ())
    row(op, (0,))
    row(op, f(-0.0, 0.0, nan), smooth=False)
row("entr", positive(2, 3), keeps="x")
row("entr", positive())
row("entr", f(-1.0, 0.0, inf, nan), smooth=False)
row("xlog1py", (2, 3), positive(3), keeps=("x y", "x y"))
row("xlog1py", f(0.0, 0.0, 0.0, 1.0), f(-1.0, nan, 2.0, inf), smooth=False, twice=False)
case("xlog1py", lambda t, x: t.special.xlog1py(x, 0.5), (3,), name="number")
case("xlog1py", lambda t, y: t.special.xlog1py(2, y), positive(3), name="number_first")
