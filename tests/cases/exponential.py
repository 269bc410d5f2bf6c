"""Rows of exp, log, sqrt, tanh and the powers: `pow_scalar` is to a number, `pow` to a tensor."""

from __future__ import annotations

import numpy as np

from .table import PAIRS, case, f, inf, nan, positive, transposed, unary, unary_of_positive

unary("exp", keeps="out")
unary("tanh", keeps="out")
unary_of_positive("log", keeps="x")
unary_of_positive("sqrt", keeps="out")

for x, y in PAIRS:
    base = np.abs(x) + 0.5 if isinstance(x, np.ndarray) else positive(*x)
    case("pow", lambda t, x, y: x**y, base, y, keeps=("x y", "x y out"))
case("pow", lambda t, x, y: x**y, f(0, 0, 0, 0), f(2, 1, 0, 0.5), smooth=False, twice=False, name="zeros")
case("pow", lambda t, x, y: x**y, f(-2, -2, -2, 2), f(2, 3, 0.5, -1), smooth=False, name="signs")
case("pow", lambda t, x, y: t.pow(x, y), f(-2, 0, 3), np.array([2, 2, 3]), smooth=False)
case("pow", lambda t, y, base: base**y, (2, 3), base=2)
case("pow", lambda t, y, base: base**y, (), base=0.5)
case("pow", lambda t, y, base: base**y, f(0, 1, 2, 0.5), base=0, smooth=False, twice=False)
case("pow", lambda t, x: x**x, positive(3))

for exponent in (2, 3, 1, 0, -1, 0.5, -1.5, 2.0, True):
    case("pow_scalar", lambda t, x, y: x**y, positive(2, 3), y=exponent, keeps="x")
case("pow_scalar", lambda t, x, y: t.pow(x, y), (2, 3), y=3, name="pow")
case("pow_scalar", lambda t, x, y: x.pow(y), (), y=2)
case("pow_scalar", lambda t, x, y: x**y, (0, 2), y=2)
case("pow_scalar", lambda t, x, y: x**y, transposed(2, 3), y=2)
case("pow_scalar", lambda t, x, y: x**y, f(0, 1, -1), y=0, smooth=False)
case("pow_scalar", lambda t, x, y: x**y, f(0, -1, 4), y=0.5, smooth=False)
case("pow_scalar", lambda t, x, y: x**y, f(0, -1, 4), y=-1, smooth=False)
case("pow_scalar", lambda t, x, y: x**y, f(0, inf, nan), y=1, smooth=False)
