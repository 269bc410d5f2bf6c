"""Rows of the logarithms and exponentials to other bases, and of those that do not cancel."""

from __future__ import annotations

import numpy as np

from tinygrad_lite.ops import logarithmic

from .table import FAR, ODD, case, f, inf, nan, positive, transposed

SMALL = f(-1e-3, 1e-12, 1e-300, -0.5)
for name in ("log1p", "expm1", "exp2", "log2", "log10"):
    x = positive(2, 3)
    case(name, lambda t, x, name=name: getattr(t, name)(x), x, keeps="out" if "exp" in name else "x")
    case(name, lambda t, x, name=name: getattr(x, name)(), positive(), name="method")
    case(name, lambda t, x, name=name: getattr(t, name)(x), ODD, smooth=False, name="odd")
for name in ("log1p", "expm1"):
    case(name, lambda t, x, name=name: getattr(t, name)(x), SMALL, smooth=False, name="small")

EQUAL = f(inf, -inf, inf, -inf, nan, 800), f(inf, -inf, -inf, 1, 1, 800)
for name in ("logaddexp", "logaddexp2"):
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), (2, 3), (3,), keeps=("x y", "x y"))
    case(name, lambda t, x, y, name=name: getattr(x, name)(y), transposed(2, 3), ())
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), FAR, FAR[::-1].copy(), smooth=False, twice=False)
    case(name, lambda t, x, y, name=name: getattr(t, name)(x, y), *EQUAL, smooth=False, twice=False, name="equal")

case("xlogy", lambda t, x, y: t.xlogy(x, y), (2, 3), positive(3), keeps=("x y", "x y"))
case("xlogy", lambda t, x: t.xlogy(x, 2.5), (3,))
case("xlogy", lambda t, y: t.xlogy(2, y), positive(2, 2))
case("xlogy", lambda t, x, y: x.xlogy(y), f(0, 0, 0, 0, 0, 1, nan), f(0, -1, nan, inf, 2, 0, 1), smooth=False, twice=False)
case("xlogy", lambda t, x, y: t.xlogy(x, y), np.array([0, 2]), f(0, 2), smooth=False, twice=False)

case("logit", lambda t, x: t.logit(x), f([0.1, 0.5], [0.9, 0.7]), keeps="x")
case("logit", lambda t, x: x.logit(eps=0.2), f(0.1, 0.3, 0.9))
case("logit", lambda t, x: t.logit(x, 0.1), f(-1, 0.1, 0.9, 2, nan), smooth=False, twice=False)
case("logit", lambda t, x: t.logit(x), f(-1, 0, 1, 2, nan), smooth=False, twice=False, name="poles")
case("share", lambda t, x: logarithmic.share(x), (2, 3), theirs=lambda t, x: t.sigmoid(x), keeps="x")
case("share", lambda t, x: logarithmic.share(x), FAR, theirs=lambda t, x: t.sigmoid(x), smooth=False)
