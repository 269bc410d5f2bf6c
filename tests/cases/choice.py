"""Rows of the ops that choose between numbers: where, masked, maximum, minimum, clip and the clamps by tensors."""

from __future__ import annotations

from tinygrad_lite.ops import choice

from .table import MASK, ODD, PAIRS, TIES, case, f, inf, nan, transposed

for x, y in PAIRS:
    case("maximum", lambda t, x, y: t.maximum(x, y), x, y, keeps=("x y", "x y"))
    case("minimum", lambda t, x, y: t.minimum(x, y), x, y, keeps=("x y", "x y"))
    case("where", lambda t, x, y: t.where(x > y, x, y), x, y)

case("maximum", lambda t, x, y: t.maximum(x, y), TIES, f(2, 3, 2), smooth=False, name="ties")
case("maximum", lambda t, x: t.maximum(x, x), (3,))
case("maximum", lambda t, x: t.max(x, x * 2), (3,), name="max")
case("maximum", lambda t, x, y: t.maximum(x, y), ODD, f(0, -2, 0, 0, nan, inf, 1), smooth=False)
case("minimum", lambda t, x, y: t.minimum(x, y), TIES, f(2, 3, 2), smooth=False, name="ties")
case("minimum", lambda t, x: t.min(x, x), (3,))
case("minimum", lambda t, x, y: t.minimum(x, y), ODD, f(0, -2, 0, 0, nan, inf, 1), smooth=False)

case("where", lambda t, c, x, y: t.where(c, x, y), MASK, (2, 3), (2, 3), keeps=("", "condition", "condition"))
case("where", lambda t, x, c: t.where(c, x, 0), (2, 3), MASK)
case("where", lambda t, x, c: t.where(c, 1.5, x), (3,), MASK)
case("where", lambda t, x, y, c: t.where(c, x, y), (), (2, 1), MASK)
case("where", lambda t, x, y, c: x.where(c, y), (3,), (2, 3), MASK)
case("where", lambda t, x: t.where(x > 0, x, (-x) ** 0.5), f(-1, 1, 4), smooth=False)
case("where", lambda t, x, y: t.where(x > 0, x, y), ODD, ODD[::-1].copy(), smooth=False)

case("masked", lambda t, x, keep: choice.masked(x, keep), (2, 3), MASK, theirs=lambda t, x, m: x * m, keeps=("keep", ""))
case("masked", lambda t, x: choice.masked(x, x > 0), transposed(2, 3), theirs=lambda t, x: x * (x > 0))
case("masked", lambda t, x: choice.masked(x, x > 0), (), theirs=lambda t, x: x * (x > 0))
case(
    "masked",
    lambda t, x: choice.masked(x, x == 1),
    f(1, inf, nan, -inf),
    smooth=False,
    theirs=lambda t, x: t.where(x == 1, x, 0.0),
)


for low, high in ((-0.5, 0.5), (None, 0.3), (0, None), (1, 0), (-inf, inf)):
    case("clip", lambda t, x, min, max: t.clamp(x, min, max), (3, 4), min=low, max=high, keeps="x")
    case("clip", lambda t, x, min, max: x.clamp(min=min, max=max), ODD, min=low, max=high, smooth=False)
case("clip", lambda t, x: x.clip(-1, 1), ())
case("clip", lambda t, x: t.clamp(x, 0, 1), (0, 2))
case("clip", lambda t, x: t.clamp(x, 0, 1), transposed(2, 3))
case("clip", lambda t, x: t.clamp(x, min=0), f(-1, 0, 1), smooth=False)
case("clip", lambda t, x: t.clamp(x, 0, 1), f(-1, 0, 0.5, 1, 2), smooth=False)

case("clamp", lambda t, x, y, z: t.clamp(x, y, z), (2, 3), (3,), (2, 1), keeps=("x min max", "x min max", "x min max"))
case(
    "clamp",
    lambda t, x, y, z: t.clamp(x, y, z),
    f(0, 1, 2, nan, 1, 5, 1.5, 0, 2),
    f(1, 1, 1, 1, nan, 3, 3, 1, 2),
    f(2, 2, 2, 2, 2, 1, 1, 1, 2),
    smooth=False,
)
case("clamp", lambda t, x, y, z: x.clamp(y, z), (2, 3), (), (3,))
case("clamp_max", lambda t, x, y: t.clamp(x, max=y), (2, 3), (), keeps=("x max", "x max"))
case("clamp_max", lambda t, x, y: t.clamp(x, max=y), f(0, 1, 2, nan, 1, 0), f(1, 1, 1, 1, nan, -inf), smooth=False)
case("clamp_min", lambda t, x, y: t.clamp(x, min=y), (2, 3), (3,), keeps=("x min", "x min"))
case("clamp_min", lambda t, x, y: t.clamp(x, min=y), f(0, 1, 2, nan, 1, 0), f(1, 1, 1, 1, nan, inf), smooth=False)
