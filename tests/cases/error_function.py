"""Rows of the error function and the normal distribution."""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops import error_function

from .special import wide
from .table import FAR, case, f, inf, nan, positive, transposed

ODD = f(-inf, -0.0, 0.0, inf, nan)


def row(op: str, x: Any, **options: Any) -> None:
    def function(t: Any, x: Any) -> Any:
        return getattr(t.special, op)(x)

    case(op, function, x, theirs=wide(function), **options)


for op in ("erf", "erfc", "erfcx", "ndtr", "log_ndtr"):
    for x in ((2, 3), (), (0,), transposed(3, 2)):
        row(op, x, keeps="x")
    row(op, ODD[op == "log_ndtr" :], smooth=False, twice=False)  # PyTorch's derivative of log_ndtr at -inf is nan
    if op != "log_ndtr":  # there, PyTorch's derivative is less and less exact, and wrong for numbers below -1e6
        row(op, FAR / 20, smooth=False, twice=False)
for op in ("erfinv", "ndtri"):
    for x in (positive(2, 3) / 3, positive() / 3, positive(0), positive(3, 2).T / 3):
        row(op, x, keeps="out", name="T" if x.shape == (2, 3) and not x.flags.c_contiguous else "")
    row(op, f(-1, 0, 1, 2, nan), smooth=False, twice=False)
case("erf", lambda t, x: t.erf(x), (3,), name="function")
case("erfc", lambda t, x: x.erfc(), (3,), name="method")
HAZARD = wide(lambda t, x: (2 / t.pi) ** 0.5 / t.special.erfcx(x * -(0.5**0.5)))
for x in ((2, 3), f(-30.0, -8.0, 0.0, 8.0)):
    case("hazard", lambda t, x: error_function.hazard(x), x, theirs=HAZARD, keeps="x out")
SLOPE = wide(lambda t, x: 2 * x * t.special.erfcx(x) - 2 / t.pi**0.5)
for x in ((2, 3), (), f(-2.0, 0.0, 8.0, 99.0, 101.0)):
    case("erfcx_slope", lambda t, x: error_function.erfcx_slope(x), x, theirs=SLOPE, keeps="x out")
