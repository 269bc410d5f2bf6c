"""Rows of add, sub, mul, div, neg, abs, sign and zero."""

from __future__ import annotations

import numpy as np

from tinygrad_lite.ops import arithmetic

from .table import ODD, PAIRS, case, f, inf, positive, unary

for x, y in PAIRS:
    case("add", lambda t, x, y: x + y, x, y, keeps=("", ""))
    case("sub", lambda t, x, y: x - y, x, y, keeps=("", ""))
    case("mul", lambda t, x, y: x * y, x, y, keeps=("y", "x"))
    case("div", lambda t, x, y: x / y, x, np.abs(y) + 0.5 if isinstance(y, np.ndarray) else positive(*y), keeps=("y", "x y"))

case("add", lambda t, x: x + 2, (2, 3))
case("add", lambda t, x: 2.5 + x, ())
case("add", lambda t, x: x + x, (3,))
case("add", lambda t, x, y: t.add(x, y), (3,), np.arange(3))
case("sub", lambda t, x: 2 - x, (2, 3))
case("sub", lambda t, x: x - x, (3,))
case("mul", lambda t, x: 3 * x, (2, 3))
case("mul", lambda t, x: x * x * x, (3,))
case("mul", lambda t, x, y: x * y, (2, 3), np.arange(3))
case("mul", lambda t, x, y: x * y, (3,), np.array([True, False, True]))
case("mul", lambda t, x, y: x * y, ODD, f(1, 2, 3, inf, -inf, 0, 1), smooth=False)
case("div", lambda t, x: x / 4, (2, 3))
case("div", lambda t, x: 4 / x, positive(2, 3), name="into 4")
case("div", lambda t, x: x / x, positive(3))
case("div", lambda t, x, y: x / y, f(1, -1, 0, 2, inf), f(0, 0, 0, inf, inf), smooth=False)

unary("neg", keeps="")
unary("abs", keeps="x", odd=ODD[:-1])
unary("sign", keeps="", odd=ODD[:-1])  # sign(nan) is 0 in PyTorch, nan in NumPy
case("neg", lambda t, x: -x, (3,))
case("abs", lambda t, x: abs(x), (3,))

for size in ((2, 3), (), (0, 2)):
    case("zero", lambda t, x: arithmetic.zero(x), size, theirs=lambda t, x: x * 0, keeps="")
