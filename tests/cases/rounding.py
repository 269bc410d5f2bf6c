"""Rows of rounding, and of division into a whole quotient and a remainder."""

from __future__ import annotations

from .table import ODD, case, f, inf, transposed

HALVES = f(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)
for name in ("floor", "ceil", "trunc", "round"):
    case(name, lambda t, x, name=name: getattr(t, name)(x), f([-1.7, -0.2, 0.3], [1.6, 2.2, 9.1]), keeps="")
    case(name, lambda t, x, name=name: getattr(x, name)(), transposed(2, 3), name="method")
    case(name, lambda t, x, name=name: getattr(t, name)(x), HALVES, smooth=False)
    case(name, lambda t, x, name=name: getattr(t, name)(x), ODD, smooth=False)
case("trunc", lambda t, x: t.fix(x), (), name="fix")
for n in (0, 2, -1):
    case("round", lambda t, x, decimals: t.round(x, decimals=decimals), f(-1234.567, 2.345, 0.125), decimals=n, smooth=False)
case("frac", lambda t, x: t.frac(x), f([-1.7, -0.2, 0.3], [1.6, 2.2, 9.1]), keeps="")
case("frac", lambda t, x: x.frac(), ODD[1:-2], smooth=False)

X, Y = f([7.3, -7.3, 0.5], [-9.1, 4.2, 3.3]), f(2.0, 3.5, -1.5)
for name in ("fmod", "remainder"):
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), X, Y, keeps=("", "x y"))
    case(name, lambda t, x, name=name: getattr(x, name)(-2.5), X, name="number")
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), f(6, -6, 1, inf, 1), f(3, 3, 0, 1, -inf), smooth=False)
case("remainder", lambda t, x: x % 2, X, name="operator")
case("remainder", lambda t, y: 7.3 % y, Y, theirs=lambda t, y: t.full_like(y, 7.3) % y, name="reflected")
case("floor_divide", lambda t, x, y: t.div(x, y, rounding_mode="floor"), X, Y, keeps=("", ""))
case("floor_divide", lambda t, x: t.div(x, -2.5, rounding_mode="floor"), X)
case("floor_divide", lambda t, x, y: x.div(y, rounding_mode="floor"), f(6, -6, 1, inf, 0), f(3, 4, 0, 1, 0), smooth=False)
case("trunc_divide", lambda t, x, y: t.div(x, y, rounding_mode="trunc"), X, Y, keeps=("", ""))
case("trunc_divide", lambda t, x: x.div(-2.5, rounding_mode="trunc"), X)
