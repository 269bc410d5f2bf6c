"""Rows of what one number has (a sign, a reciprocal, an angle), and of what lies between two."""

from __future__ import annotations

import numpy as np

from .table import MASK, ODD, case, f, inf, nan, positive, strided

for name in ("reciprocal", "rsqrt"):
    case(name, lambda t, x, name=name: getattr(t, name)(x), positive(2, 3), keeps="out")
    case(name, lambda t, x, name=name: getattr(x, name)(), positive(), name="method")
    case(name, lambda t, x, name=name: getattr(t, name)(x), ODD, smooth=False, twice=False)
case("angle", lambda t, x: t.angle(x), (2, 3), keeps="")
case("angle", lambda t, x: x.angle(), ODD, smooth=False)
case("finite", lambda t, x: t.nan_to_num(x), (2, 3), keeps="x")
case("finite", lambda t, x: t.nan_to_num(x), ODD, smooth=False)
case("finite", lambda t, x: x.nan_to_num(nan=7.0, posinf=1.0, neginf=-1.0), ODD, smooth=False, name="others")
case("copysign", lambda t, x, y: t.copysign(x, y), (2, 3), (3,), keeps=("x out", ""))
case("copysign", lambda t, x: x.copysign(-1), f(-2, 0.5), name="number")
case("copysign", lambda t, x, y: t.copysign(x, y), f(0, -0.0, 1, -1, nan), f(-1, 1, -0.0, 0.0, -1), smooth=False)
ORDER = f(1, 2, nan, 1, nan, inf), f(1, 3, 1, nan, nan, -inf)
for name in ("fmax", "fmin"):
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), (2, 3), (3,), keeps=("x y", "x y"))
    case(name, lambda t, x, y, name=name: getattr(x, name)(y), *ORDER, smooth=False)
case("hypot", lambda t, x, y: t.hypot(x, y), (2, 3), (2, 1), keeps=("x out", "y out"))
case("hypot", lambda t, x, y: x.hypot(y), f(0, 1e4, inf, 3), f(0, 1e4, nan, 4), smooth=False, twice=False)
for weight in (0, 0.3, 0.75, 1, -0.7):
    case("lerp", lambda t, x, y, weight: t.lerp(x, y, weight), (2, 3), (3,), weight=weight)
case("lerp", lambda t, x, y, w: t.lerp(x, y, w), (2, 3), (3,), positive(2, 1), keeps=("w", "w", "x y"))
case("lerp", lambda t, x, y, w: x.lerp(y, w), strided(2, 3), (), f(-1, 0, 1))
for name, keeps in (("addcmul", ("", "b", "a")), ("addcdiv", ("", "b", "a b"))):
    scaled = lambda t, x, a, b, name=name: getattr(t, name)(x, a, b, value=2.5)  # noqa: E731
    case(name, scaled, (2, 3), (3,), positive(2, 1), keeps=keeps)
    case(name, lambda t, x, a, b, name=name: getattr(x, name)(a, b), (3,), (), positive(2, 3), name="method")
case("addcmul", lambda t, x, a, b: t.addcmul(x, a, b, value=2), (3,), np.arange(3), MASK, name="mixed")
case("ldexp", lambda t, x: t.frexp(x)[0], f([1.5, -6.3, 0.2], [1e4, 1e-4, 100]), name="frexp")
case("ldexp", lambda t, x: x.frexp().mantissa, f(0, inf, nan, -inf), smooth=False, name="frexp")
EXACT = lambda t, x, n: x * 2.0 ** n.to(x.dtype)  # noqa: E731  # PyTorch's gradient for integers n is 0
case("ldexp", lambda t, x, n: t.ldexp(x, n), (2, 3), np.array([1, -3, 10]), theirs=EXACT, keeps=("exponent", ""))
case("nextafter", lambda t, x, y: t.nextafter(x, y), (2, 3), (3,), keeps=("x y", ""))
case("nextafter", lambda t, x, y: x.nextafter(y), f(0, 1, inf, nan, -1), f(1, 1, 0, 1, -inf), smooth=False, twice=False)
