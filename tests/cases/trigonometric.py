"""Rows of the circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from math import pi

import numpy as np

from tinygrad_lite.ops import trigonometric

from .table import ODD, case, f, inf, nan, positive, strided, transposed

INSIDE = f([-0.9, -0.5, 0.0], [0.1, 0.5, 0.9])  # where asin, acos and atanh are smooth
ONES = f(-2, -1, 1, 2, inf, nan)  # where they have poles, or are nan

for name, x, odd in (
    ("sin", (2, 3), ODD),
    ("cos", (2, 3), ODD),
    ("tan", INSIDE, ODD),
    ("asin", INSIDE, ONES),
    ("acos", INSIDE, ONES),
    ("atan", (2, 3), ODD),
    ("sinh", (2, 3), ODD),
    ("cosh", (2, 3), ODD),
    ("asinh", (2, 3), ODD),
    ("acosh", positive(2, 3) + 1, f(0.5, 1, inf, nan)),
    ("atanh", INSIDE, ONES),
):
    keeps = "out" if name == "tan" else "x"
    case(name, lambda t, x, name=name: getattr(t, name)(x), x, keeps=keeps)
    case(name, lambda t, x, name=name: getattr(x, name)(), np.asarray(1.25 if name == "acosh" else 0.5), name="method")
    case(name, lambda t, x, name=name: getattr(t, name)(x), odd, smooth=False, twice=False, name="odd")
case("sin", lambda t, x: x.sin(), transposed(3, 2))
case("cos", lambda t, x: x.cos(), (0, 2))
case("asin", lambda t, x: t.arcsin(x) + t.arccos(x) + t.arctan(x) + t.arctanh(x) + t.arcsinh(x), INSIDE, name="aliases")

case("atan2", lambda t, x, y: t.atan2(x, y), (2, 3), (3,), keeps=("y x", "x y"))
case("atan2", lambda t, x, y: x.arctan2(y), strided(2, 3), ())
case("atan2", lambda t, x, y: t.atan2(x, y), f(0, 0, -0.0, 1, inf, 1), f(1, -1, -1, 0, inf, nan), smooth=False, twice=False)
case("sinc", lambda t, x: t.sinc(x), f([-1.5, -0.3, 0.25], [1.0, 2.0, 3.7]), keeps="x")
RATIO = f([-1.5, -0.3, 0.25], [1.0, 2.0, 3.7])
for x in (RATIO, RATIO.T, (), (0,)):
    case(
        "sinc_ratio",
        lambda t, x: trigonometric.sinc_ratio(x),
        x,
        theirs=lambda t, x: (t.cos(x * pi) - t.sinc(x)) / (x * x),
        keeps="x out",
    )
case("sinc", lambda t, x: x.sinc(), ())
case("sinc", lambda t, x: t.sinc(x), f(0.0, 1.0, inf, nan), smooth=False, twice=False)
case("gap", lambda t, x: trigonometric.gap(x), INSIDE, theirs=lambda t, x: 1 - x * x, keeps="x")
